"""What the operator has configured by URL or as a file stays fresh, what was good stays until something is newer."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from sip_guard.log import logger
from sip_guard.repository.answer import Answer, Validators
from sip_guard.repository.endpoint import Forbidden, Unavailable
from sip_guard.repository.published import RETRY, Means, Published, Source

URL = "http://lists.example.com/crl"
NOW = 1_700_000_000.0
REFRESH = 600.0
TAGGED = Validators(etag='"1"')


class Page(NamedTuple):
    """What the octets `text until` mean."""

    text: str
    until: float


def accepted(octets: bytes, current: Page | None) -> Page:
    text, _, until = octets.decode().partition(" ")
    if text == "bad" or (current is not None and text < current.text):
        raise ValueError(f"{text} is not good")
    return Page(text, float(until or "inf"))


class House:
    """Something published, whose web, clock and luck belong to the test."""

    def __init__(self, folder: Path, source: Source | None = None, *, keeps: bool = True) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.asked: list[tuple[str, Validators]] = []
        self.open: Deferred[Answer] | None = None
        self.renewed: list[Page] = []
        self.failed: list[tuple[str, Page | None]] = []
        self.mistakes: list[BaseException | None] = []
        self.log = BytesIO()
        self.luck = 0.0
        self.folder = folder / "lists"
        self.source = source or Source(URL, False, REFRESH)  # noqa: FBT003
        self.published = self.another(keeps=keeps)

    def another(self, *, keeps: bool = True) -> Published[Page]:
        """Give it as it is after a restart."""
        means = Means(
            self._fetch,
            self.clock,
            self.clock.seconds,
            lambda: self.luck,
            maybeDeferred,
            logger(self.log),
            lambda _where, error: self.mistakes.append(error),
            self.folder if keeps else None,
        )
        return Published(
            self.source,
            means,
            accept=accepted,
            renewed=self.renewed.append,
            failed=lambda reason, current: self.failed.append((reason, current)),
            max_octets=100,
            long=True,
        )

    def _fetch(self, url: str, validators: Validators) -> Deferred[Answer]:
        assert self.open is None, "one fetch at a time"
        self.asked.append((url, validators))
        self.open = Deferred()
        return self.open

    def answers(self, body: bytes | None, validators: Validators = TAGGED) -> None:
        assert self.open is not None
        waiting, self.open = self.open, None
        waiting.callback(Answer(body, validators, None))

    def fails(self, error: Exception) -> None:
        assert self.open is not None
        waiting, self.open = self.open, None
        waiting.errback(error)

    def is_asked_after(self, seconds: float) -> None:
        """See that it is looked at again after just so many seconds."""
        before = len(self.asked)
        self.clock.advance(seconds - 0.5)
        assert len(self.asked) == before
        self.clock.advance(0.5)
        assert len(self.asked) == before + 1


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_what_is_good_is_handed_over_and_looked_at_again(house: House) -> None:
    house.published.start()
    assert house.renewed == []
    house.answers(b"a")
    assert house.renewed == [Page("a", float("inf"))]
    house.is_asked_after(REFRESH)
    house.answers(b"b")
    assert house.published.current == Page("b", float("inf"))
    assert house.failed == []


def test_it_is_asked_conditionally_once_it_is_there(house: House) -> None:
    house.published.start()
    house.answers(b"a")
    house.is_asked_after(REFRESH)
    house.answers(None)
    house.is_asked_after(REFRESH)
    assert [validators for _, validators in house.asked] == [Validators(), TAGGED, TAGGED]
    assert len(house.renewed) == 1


def test_the_same_octets_again_are_no_news(house: House) -> None:
    house.published.start()
    house.answers(b"a")
    house.is_asked_after(REFRESH)
    house.answers(b"a")
    assert len(house.renewed) == 1


@pytest.mark.parametrize("luck", [0.0, 0.5, 0.99])
def test_guards_that_start_together_do_not_ask_together(house: House, luck: float) -> None:
    house.luck = luck
    house.published.start()
    house.answers(b"a")
    house.is_asked_after(REFRESH * (1 - luck / 10))


BAD: list[Callable[[House], None]] = [
    lambda house: house.fails(Unavailable("no answer")),
    lambda house: house.fails(Forbidden("no")),
    lambda house: house.answers(b"bad"),
    lambda house: house.answers(b"A"),
]


@pytest.mark.parametrize("goes_wrong", BAD)
def test_what_was_good_stays_and_why_is_told(house: House, goes_wrong: Callable[[House], None]) -> None:
    house.published.start()
    house.answers(b"a")
    house.is_asked_after(REFRESH)
    goes_wrong(house)
    good = Page("a", float("inf"))
    assert house.published.current == good
    assert [current for _, current in house.failed] == [good]
    house.is_asked_after(RETRY)
    assert house.asked[-1] == (URL, TAGGED), "what was refused does not count as known"


def test_pauses_grow_with_each_failure_and_not_beyond_the_interval(house: House) -> None:
    house.published.start()
    for pause in (10, 20, 40, 80, 160, 320, 600, 600):
        house.fails(Unavailable("no answer"))
        house.is_asked_after(pause)
    house.answers(b"a")
    house.is_asked_after(REFRESH)
    house.fails(Unavailable("no answer"))
    house.is_asked_after(RETRY)


def test_what_ends_soon_is_looked_at_sooner(house: House) -> None:
    house.published.start()
    house.answers(b"a %d" % (NOW + 200))
    house.is_asked_after(100)
    house.answers(None)
    house.is_asked_after(50)


def test_what_comes_out_of_date_is_taken_and_told(house: House) -> None:
    """It may say more than what is there, such as who was revoked; and a newer one is looked for soon."""
    house.published.start()
    house.answers(b"a %d" % (NOW - 5))
    old = Page("a", NOW - 5)
    assert house.published.current == old
    assert house.failed == [("there is none that is not out of date", old)]
    house.is_asked_after(RETRY)
    house.answers(None)
    assert len(house.failed) == 2


def test_a_mistake_of_our_own_is_told_and_it_goes_on(house: House) -> None:
    house.published.start()
    house.fails(ZeroDivisionError("a mistake"))
    assert [type(error) for error in house.mistakes] == [ZeroDivisionError]
    house.is_asked_after(RETRY)
    house.answers(b"a")
    assert house.renewed == [Page("a", float("inf"))]


def test_nothing_is_looked_at_once_it_is_stopped(house: House) -> None:
    house.published.start()
    house.published.stop()
    assert house.clock.getDelayedCalls() == []
    assert house.mistakes == []
    again = House(house.folder.parent)
    again.published.start()
    again.answers(b"a")
    again.published.stop()
    assert again.clock.getDelayedCalls() == []


# After a restart.


def test_the_last_good_octets_are_there_at_once_after_a_restart(house: House) -> None:
    house.published.start()
    house.answers(b"a")
    house.published.stop()
    (copy,) = house.folder.iterdir()
    assert (copy.read_bytes(), copy.stat().st_mode & 0o077) == (b"a", 0)
    restarted = house.another()
    restarted.start()
    assert restarted.current == Page("a", float("inf"))
    assert house.asked[-1] == (URL, Validators())
    house.answers(b"A")
    assert house.failed == [("A is not good", Page("a", float("inf")))]
    assert copy.read_bytes() == b"a"


def test_what_is_wrong_on_disk_is_as_if_it_was_not_there(house: House) -> None:
    house.published.start()
    house.answers(b"a")
    house.published.stop()
    (copy,) = house.folder.iterdir()
    for octets in (b"bad", b"\xff", b"x" * 101):
        copy.write_bytes(octets)
        restarted = house.another()
        restarted.start()
        assert restarted.current is None
        restarted.stop()
        house.open = None


def test_without_a_state_directory_nothing_is_kept(tmp_path: Path) -> None:
    house = House(tmp_path, keeps=False)
    house.published.start()
    house.answers(b"a")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_costs_a_line_in_the_log(house: House) -> None:
    house.folder.write_bytes(b"not a folder")
    house.published.start()
    house.answers(b"a")
    assert house.published.current == Page("a", float("inf"))
    (line,) = house.log.getvalue().splitlines()
    said = msgspec.json.decode(line)
    assert (said["event"], said["source"]) == ("list_not_kept", URL)
    assert house.failed == []


# Files.


class Folder(House):
    """The same for a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "list"
        super().__init__(folder, Source(str(self.file), True, REFRESH))  # noqa: FBT003

    def writes(self, octets: bytes, mtime: float) -> None:
        self.file.write_bytes(octets)
        os.utime(self.file, (mtime, mtime))


@pytest.fixture
def files(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_file_is_there_at_once_and_read_again_when_it_changes(files: Folder) -> None:
    files.writes(b"a", 1000)
    files.published.start()
    assert files.renewed == [Page("a", float("inf"))]
    files.writes(b"b", 1000)
    os.utime(files.file, (1001, 1001))
    files.clock.advance(REFRESH)
    assert files.renewed[1:] == [Page("b", float("inf"))]
    files.clock.advance(REFRESH)
    assert len(files.renewed) == 2
    assert files.failed == []
    assert files.asked == []
    assert not files.folder.exists()


def test_a_file_that_is_not_there_is_told_and_looked_for(files: Folder) -> None:
    files.published.start()
    assert files.failed == [(f"{files.file} cannot be read: No such file or directory", None)]
    files.writes(b"a", 1000)
    files.clock.advance(RETRY)
    assert files.published.current == Page("a", float("inf"))


@pytest.mark.parametrize(("octets", "why"), [(b"bad", "bad is not good"), (b"x" * 101, "101 octets where 100")])
def test_a_file_that_is_not_good_is_told_each_time(files: Folder, octets: bytes, why: str) -> None:
    files.writes(octets, 1000)
    files.published.start()
    files.clock.advance(RETRY)
    assert [why in reason for reason, _ in files.failed] == [True, True]
