import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred, maybeDeferred

from sip_guard.repository import disk as module
from sip_guard.repository.answer import NO_VALIDATORS
from sip_guard.repository.disk import BATCH, MAX_PENDING, Disk
from sip_guard.repository.document import Document, file_name, read, write

T = TypeVar("T")
PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def a_document(name: str = "a", pem: bytes = PEM) -> Document:
    return Document(f"https://certs.example.com/{name}.pem", NO_VALIDATORS, 1_700_000_000, pem)


class Computer:
    """A disk whose work is done when the test says so, or at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting: list[tuple[Deferred[Any], Callable[[], Any]]] | None = None
        self.told: list[dict[str, str]] = []
        self.mistakes: list[BaseException | None] = []
        self.disk = self.restarted()

    def restarted(self) -> Disk:
        return Disk(
            self.folder,
            self._in_thread,
            lambda event, **more: self.told.append({"event": event, **more}),
            max_octets=1000,
            mistake=lambda _, error: self.mistakes.append(error),
        )

    def _in_thread(self, work: Callable[[], T], /) -> Deferred[T]:
        if self.waiting is None:
            return maybeDeferred(work)
        deferred: Deferred[T] = Deferred()
        self.waiting.append((deferred, work))
        return deferred

    def works(self) -> None:
        """Do what is to be done beside the reactor."""
        assert self.waiting is not None
        for deferred, work in [self.waiting.pop(0) for _ in self.waiting.copy()]:
            deferred.callback(work())

    def loads(self, most: int = 100, wanted: Callable[[Document], bool] = lambda _: True) -> list[Document]:
        found: list[Document] = []

        def offered(document: Document) -> bool:
            found.append(document)
            return wanted(document)

        counts: list[int] = []
        self.restarted().load(most, offered, counts.append)
        if self.waiting is None:
            assert counts == [sum(map(wanted, found))]
        return found

    def path(self, name: str = "a") -> Path:
        return self.folder / file_name(a_document(name).url)

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    computer = Computer(tmp_path / "certificates")
    computer.loads()
    return computer


def test_what_is_kept_is_there_after_a_restart(computer: Computer) -> None:
    computer.disk.keep(a_document())
    computer.disk.keep(a_document("b"))
    assert sorted(computer.loads()) == [a_document(), a_document("b")]
    assert computer.told == []


def test_only_the_guards_user_may_read_it(computer: Computer) -> None:
    computer.disk.keep(a_document())
    assert stat.S_IMODE(computer.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(computer.path().stat().st_mode) == 0o600


def test_what_is_dropped_is_there_no_more(computer: Computer) -> None:
    computer.disk.keep(a_document())
    computer.disk.drop(a_document().url)
    computer.disk.drop(a_document("never there").url)
    assert computer.loads() == []
    assert computer.told == []


def test_the_reactor_never_touches_the_disk(tmp_path: Path) -> None:
    computer = Computer(tmp_path / "certificates")
    computer.waiting = []
    computer.loads()
    computer.disk.keep(a_document())
    assert not computer.folder.exists()
    computer.works()
    assert computer.path().exists()


def test_the_last_change_of_a_url_counts(computer: Computer) -> None:
    computer.waiting = []
    computer.disk.keep(a_document("x"))
    for document in (a_document(), a_document(pem=PEM * 2)):
        computer.disk.keep(document)
    computer.disk.keep(a_document("b"))
    computer.disk.drop(a_document("b").url)
    computer.works()
    computer.works()
    assert read(computer.path().read_bytes()) == a_document(pem=PEM * 2)
    assert not computer.path("b").exists()


def test_a_disk_that_hangs_costs_no_more_than_so_much_memory(computer: Computer) -> None:
    computer.waiting = []
    for i in range(MAX_PENDING + 100):
        computer.disk.keep(a_document(str(i)))
    assert len(computer.disk._pending) == MAX_PENDING
    assert len(computer.waiting) == 1


def test_a_full_disk_costs_a_line_in_the_log_and_nothing_else(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.disk.keep(a_document())
    before = computer.path().read_bytes()

    def full(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        for _ in range(3):
            computer.disk.keep(a_document(pem=PEM * 2))
    line = {"event": "certificates_not_kept", "folder": str(computer.folder), "reason": "No space left on device"}
    assert computer.told == [line]
    assert computer.path().read_bytes() == before
    assert computer.names() == {computer.path().name}, "and nothing unfinished is left"
    computer.disk.keep(a_document(pem=PEM * 3))
    assert computer.loads() == [a_document(pem=PEM * 3)]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        computer.disk.keep(a_document())
    assert computer.told == [line, line], "told again, as it worked in between"
    assert computer.mistakes == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    computer = Computer(tmp_path / "file" / "certificates")
    assert computer.loads() == []
    assert [line["reason"] for line in computer.told] == ["Not a directory"]


@pytest.mark.parametrize(
    "octets",
    [b"", b"garbage", PEM, write(a_document())[:-80], write(a_document("b")), write(a_document(pem=PEM * 1000))],
    ids=["empty", "garbage", "PEM alone", "cut", "of another URL", "too large"],
)
def test_a_damaged_or_foreign_file_is_ignored_and_removed(computer: Computer, octets: bytes) -> None:
    computer.disk.keep(a_document("good"))
    computer.path().write_bytes(octets)
    assert computer.loads() == [a_document("good")]
    assert computer.names() == {computer.path("good").name}


def test_what_is_no_file_is_not_waited_for(computer: Computer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(write(a_document("link")))
    computer.path("link").symlink_to(tmp_path / "secret")
    os.mkfifo(computer.path("pipe"))
    computer.path("folder").mkdir()
    assert computer.loads() == []
    assert computer.names() == {computer.path("folder").name}
    assert (tmp_path / "secret").exists()


def test_what_a_crash_has_left_unfinished_is_removed(computer: Computer) -> None:
    (computer.folder / "unfinished-abc_1").write_bytes(b"half")
    computer.loads()
    assert computer.names() == set()


def test_files_whose_names_are_not_ours_are_left_alone(computer: Computer) -> None:
    (computer.folder / "key.pem").write_bytes(b"of somebody else")
    assert computer.loads() == []
    assert computer.names() == {"key.pem"}


def test_the_newest_are_loaded_and_the_others_removed(computer: Computer) -> None:
    for i in range(BATCH * 2 + 10):
        computer.disk.keep(a_document(str(i)))
        os.utime(computer.path(str(i)), (i, i))
    found = computer.loads(most=BATCH + 5)
    assert found == [a_document(str(i)) for i in range(BATCH * 2 + 9, BATCH + 4, -1)]
    assert len(computer.names()) == BATCH + 5


def test_what_is_not_wanted_is_removed(computer: Computer) -> None:
    computer.disk.keep(a_document("a"))
    computer.disk.keep(a_document("b"))
    computer.loads(wanted=lambda document: document == a_document("a"))
    assert computer.loads() == [a_document("a")]


def test_a_mistake_of_our_own_is_told_and_the_next_certificate_kept(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ValueError("ours")

    def wrong(_: object) -> bytes:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, "write", wrong)
        computer.disk.keep(a_document())
    assert computer.mistakes == [error]
    computer.disk.keep(a_document())
    assert computer.loads() == [a_document()]
