"""The thread's side of the record, on a clock that only the test moves: full, locked and damaged disks included."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from decisions import NUMBERS, fields
from postgresql import PostgreSQL

from sip_guard.journal.opening import to_read
from sip_guard.journal.options import DAY, Options, Place
from sip_guard.journal.queue import Decided, Queue
from sip_guard.journal.row import Answer, End
from sip_guard.journal.store import STEP, Found, Wanted
from sip_guard.journal.writing import AGAIN, Writing

NOW = 1_700_000_000.0


class Desk:
    """A queue, what writes it, and what it tells."""

    def __init__(self, place: Place, **options: Any) -> None:
        self.place = place
        self.queue = Queue(options.pop("room", 10_000))
        self.told: list[dict[str, Any]] = []
        self.mistakes: list[tuple[str, BaseException]] = []
        self.writing = Writing(
            Options(place, **options),
            self.queue,
            lambda event, **more: self.told.append({"event": event, **more}),
            lambda where, error: self.mistakes.append((where, error)),
        )
        self.now = 0.0
        self.wall = NOW

    def decides(self, *call_ids: str) -> None:
        for call_id in call_ids:
            self.queue.add(Decided(next(NUMBERS), self.wall, fields(call_id)))

    def writes(self, after: float = 0.5) -> bool:
        self.now += after
        self.wall += after
        return self.writing.write(self.now, self.wall)

    def kept(self) -> list[str]:
        """Give what is in the record, the oldest first."""
        return [found.fields["call_id"] for found in self.found()][::-1]

    def found(self) -> list[Found]:
        with closing(to_read(self.place)) as store:
            return list(store.search(Wanted()))

    @property
    def file(self) -> Path:
        """Where it is, if that is a file."""
        assert isinstance(self.place, Path)
        return self.place

    def events(self) -> list[str]:
        return [each["event"] for each in self.told]


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    """Give one for a record of either kind."""
    made = Desk(place)
    yield made
    made.writing.close()


@pytest.fixture
def on_file(tmp_path: Path) -> Iterator[Desk]:
    """Give one for a file."""
    made = Desk(tmp_path / "decisions.sqlite3")
    yield made
    made.writing.close()


def test_what_waits_is_written_in_its_order_and_only_once(desk: Desk) -> None:
    desk.decides(*map(str, range(2 * STEP + 1)))
    assert desk.writes()
    desk.decides("last")
    assert desk.writes()
    assert desk.kept() == [*map(str, range(2 * STEP + 1)), "last"]
    assert (desk.told, desk.writing.waiting) == ([], 0)


def test_the_whole_form_of_a_decision_is_kept(desk: Desk) -> None:
    desk.decides("a")
    desk.writes()
    (found,) = desk.found()
    assert (found.time, found.fields) == (NOW, fields("a"))


def test_how_a_call_went_on_stands_beside_its_decision(desk: Desk) -> None:
    for call, name in enumerate(["refused", "answered", "in progress", "decided"]):
        desk.queue.add(Decided(call, NOW, fields(name)))
    desk.queue.add(Answer(486, None, 0))
    desk.queue.add(Answer(200, NOW + 5, 1))
    desk.writes()
    desk.queue.add(End(61.5, 1))
    desk.queue.add(Answer(200, NOW + 6, 2))
    assert desk.writes()
    went = {found.fields["call_id"]: found[2:] for found in desk.found()}
    assert went == {
        "refused": (486, None, None),
        "answered": (200, NOW + 5, 61.5),
        "in progress": (200, NOW + 6, None),
        "decided": (None, None, None),
    }


def test_an_answer_that_could_not_be_written_is_written_later(on_file: Desk) -> None:
    on_file.queue.add(Decided(7, NOW, fields("a")))
    on_file.writes()
    on_file.writing.close()
    aside = on_file.file.rename(on_file.file.with_name("aside"))
    on_file.file.mkdir()
    on_file.queue.add(Answer(200, NOW + 5, 7))
    assert not on_file.writes()
    assert on_file.writing.waiting == 1
    on_file.file.rmdir()
    aside.rename(on_file.file)
    assert on_file.writes()
    assert [found.answer for found in on_file.found()] == [200]


def test_old_decisions_go_as_time_passes(desk: Desk) -> None:
    desk.decides("old")
    desk.writes()
    desk.writes(after=45 * DAY)
    desk.decides("new")
    desk.writes()
    assert desk.kept() == ["old", "new"]
    desk.writes(after=46 * DAY)
    assert desk.kept() == ["new"]


def test_a_clock_that_is_set_back_breaks_nothing(desk: Desk) -> None:
    desk.decides("a")
    desk.writes()
    desk.wall -= 200 * DAY
    desk.decides("b")
    assert desk.writes()
    assert desk.kept() == ["b", "a"]


def test_a_record_that_another_process_has_locked_is_written_later(
    on_file: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sip_guard.journal.file._BUSY", 0.0)
    on_file.writes()
    on_file.writing.close()
    with closing(sqlite3.connect(on_file.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        on_file.decides("a")
        assert not on_file.writes()
        on_file.decides("b")
        assert not on_file.writes()
        assert on_file.writing.waiting == 2
        other.execute("COMMIT")
    assert on_file.writes()
    assert on_file.kept() == ["a", "b"]
    assert on_file.told == [
        {
            "event": "record_not_written",
            "record": str(on_file.file),
            "reason": "database is locked",
            "waiting": 1,
            "dropped": 0,
        },
        {"event": "record_resumed", "record": str(on_file.file), "dropped": 0},
    ]


def test_a_folder_that_is_gone_is_told_once_a_minute_and_writing_resumes(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    desk = Desk(folder / "decisions.sqlite3", room=2)
    desk.decides("a", "b", "c")
    for _ in range(10):
        assert not desk.writes(AGAIN / 8)
    assert [(each["reason"], each["waiting"], each["dropped"]) for each in desk.told] == [
        ("No such file or directory", 2, 1)
    ] * 2
    folder.mkdir()
    assert desk.writes()
    assert desk.kept() == ["a", "b"]
    assert desk.told[-1] == {"event": "record_resumed", "record": str(desk.file), "dropped": 1}
    desk.writing.close()


@pytest.mark.parametrize(
    "damage", [b"this is no database, but long enough to be looked at" * 100, b"SQLite format 3\0"]
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(on_file: Desk, damage: bytes) -> None:
    damage = damage.ljust(4096, b"x")
    on_file.file.write_bytes(damage)
    Path(f"{on_file.file}-wal").write_bytes(b"of the damaged one")
    on_file.decides("a")
    assert not on_file.writes()
    assert on_file.writes()
    assert on_file.kept() == ["a"]
    (told,) = on_file.told
    assert told["event"] == "record_damaged"
    assert Path(told["moved_to"]).name == "decisions.sqlite3.damaged-20231114T221320Z"
    assert Path(told["moved_to"]).read_bytes() == damage


def test_damage_that_is_met_while_writing_is_no_end(on_file: Desk) -> None:
    on_file.decides(*map(str, range(200)))
    on_file.writes()
    on_file.writing.close()
    whole = on_file.file.read_bytes()
    # The first page stays, so that the file still opens.
    on_file.file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    on_file.decides("new")
    on_file.writes()
    assert on_file.writes()
    assert on_file.kept() == ["new"]
    assert on_file.events() == ["record_damaged"]


def test_a_newer_record_is_left_alone_and_calls_go_on(on_file: Desk) -> None:
    on_file.writes()
    on_file.writing.close()
    with closing(sqlite3.connect(on_file.file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = on_file.file.read_bytes()
    on_file.decides("a")
    assert not on_file.writes()
    assert on_file.writing.waiting == 1
    assert "was written by a newer sip_guard" in on_file.told[0]["reason"]
    assert on_file.file.read_bytes() == before


def test_a_decision_that_cannot_be_written_down_is_a_mistake_and_costs_no_other(desk: Desk) -> None:
    desk.decides("a")
    desk.queue.add(Decided(next(NUMBERS), NOW, fields("\udc80")))
    desk.decides("b")
    assert desk.writes()
    assert desk.kept() == ["a", "b"]
    ((where, error),) = desk.mistakes
    assert (where, type(error)) == ("record", UnicodeEncodeError)


def test_what_finds_no_room_is_dropped_and_counted() -> None:
    queue = Queue(2)
    assert [queue.add(Decided(next(NUMBERS), NOW, fields(each))) for each in "abcd"] == [True, True, False, False]
    assert (len(queue), queue.dropped) == (2, 2)
    taken = queue.take()
    assert isinstance(taken, Decided)
    assert taken.fields["call_id"] == "a"
    assert queue.add(Decided(next(NUMBERS), NOW, fields("e")))
    assert queue.dropped == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_loses_nothing_that_has_room_to_wait(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this root may not mount")
    desk = Desk(disk / "decisions.sqlite3")
    try:
        desk.decides("first")
        assert desk.writes()
        (disk / "ballast").write_bytes(b"x" * 400_000)
        for _ in range(4):
            desk.decides(*map(str, range(STEP)))
            desk.writes()
        waiting = desk.writing.waiting
        assert waiting >= STEP
        assert desk.events() == ["record_not_written"]
        assert "full" in desk.told[0]["reason"] or "disk" in desk.told[0]["reason"], desk.told
        assert desk.kept()[0] == "first"
        (disk / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert desk.writes()
        assert len(desk.kept()) == 1 + 4 * STEP
        assert desk.events() == ["record_not_written", "record_resumed"]
    finally:
        desk.writing.close()
        subprocess.run(["umount", str(disk)], check=True)


def test_a_server_that_is_gone_is_told_once_a_minute_and_writing_resumes(postgresql: PostgreSQL) -> None:
    database = postgresql.database()
    desk = Desk(database, room=2)
    desk.decides("before")
    assert desk.writes()
    postgresql.stop()
    try:
        desk.decides("a", "b", "c")
        for _ in range(10):
            assert not desk.writes(AGAIN / 8)
    finally:
        postgresql.start()
    assert [(each["event"], each["record"], each["waiting"], each["dropped"]) for each in desk.told] == [
        ("record_not_written", str(database), 2, 1)
    ] * 2
    assert desk.writes()
    assert desk.kept() == ["before", "a", "b"]
    assert desk.told[-1] == {"event": "record_resumed", "record": str(database), "dropped": 1}
    desk.writing.close()


def test_a_decision_that_a_server_refuses_is_a_mistake_and_costs_no_other(postgresql: PostgreSQL) -> None:
    desk = Desk(postgresql.database())
    desk.decides("a")
    desk.queue.add(Decided(next(NUMBERS), NOW, fields("too long for an index: " + "".join(map(str, range(10_000))))))
    desk.decides("b")
    assert desk.writes()
    assert desk.kept() == ["a", "b"]
    ((where, error),) = desk.mistakes
    assert (where, type(error).__name__, "index" in str(error)) == ("record", "RefusedValue", True)
    desk.writing.close()
