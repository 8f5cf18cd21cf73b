"""The record as a file: its size, its owner, and files of others that are left alone."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from decisions import row

from sip_guard.journal import schema
from sip_guard.journal.file import FileStore, is_record
from sip_guard.journal.store import STEP, Store, Wanted
from sip_guard.journal.trouble import RefusedRecord, Unusable

LITTLE = 900_000
"""Octets: about half of what the decisions of a test take."""
PAST = float("-inf")


@contextmanager
def stored(folder: Path, max_octets: int | None = None) -> Iterator[tuple[Path, Store]]:
    path = folder / "decisions.sqlite3"
    with closing(FileStore.to_write(path, max_octets)) as store:
        yield path, store


def ids(store: Store, **wanted: Any) -> list[str]:
    return [found.fields["call_id"] for found in store.search(Wanted(**wanted))]


def test_when_there_is_too_much_the_oldest_go_in_small_steps(tmp_path: Path) -> None:
    with stored(tmp_path, LITTLE) as (path, store):
        # Their times say nothing: a clock that was set back does not make the newest the first to go.
        for begin in range(0, 4 * STEP, STEP):
            store.add([row(-at, str(at)) for at in range(begin, begin + STEP)])
        assert _pragma(path, "page_count") * _pragma(path, "page_size") > LITTLE
        assert store.trim(PAST) == STEP
        assert set(map(int, ids(store))) == set(range(STEP, 4 * STEP))
        while store.trim(PAST):
            pass
        left = sorted(map(int, ids(store)))
        assert left == list(range(4 * STEP - len(left), 4 * STEP))
        assert STEP <= len(left) <= 2 * STEP


def test_the_file_is_given_back_when_much_was_deleted(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        for begin in range(0, 8 * STEP, STEP):
            store.add([row(at, str(at)) for at in range(begin, begin + STEP)])
        pages = _pragma(path, "page_count")
        while store.trim(8 * STEP):
            pass
        for _ in range(10):
            store.trim(0)
        assert _pragma(path, "page_count") < pages / 2


def _pragma(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(1.0)])
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
        assert is_record(path)


def test_a_newer_record_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(1.0)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    for opens in (FileStore.to_read, FileStore.to_write):
        with pytest.raises(RefusedRecord, match=r"was written by a newer sip_guard \(tables of version \d, and \d is"):
            opens(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 9])
def test_a_database_of_something_else_is_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mailbox (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {version}")
    for opens in (FileStore.to_read, FileStore.to_write):
        with pytest.raises(RefusedRecord, match="is a database of something else; name another file"):
            opens(path)


def test_nothing_of_what_was_deleted_is_left_in_the_file(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, store):
        store.add([row(1.0, "gone", caller="442079460123"), row(2.0, "there")])
        store.delete(store.naming(("442079460123",)))
        octets = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        assert (b"gone" in octets, b"there" in octets) == (False, True)


def test_a_hundred_thousand_decisions_are_searched_by_an_index(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        for begin in range(0, 100_000, 1000):
            store.add([row(float(at), f"{at}@x", caller=f"4420{at:08}") for at in range(begin, begin + 1000)])
        assert ids(store, numbers=("442000031337", "nobody")) == ["31337@x"]
        assert ids(store, call_id="31337@x") == ["31337@x"]
        assert ids(store, since=99_998.0) == ["99999@x", "99998@x"]
        assert len(ids(store, limit=100, numbers=("441632960001",))) == 100
        with closing(sqlite3.connect(path)) as connection:
            several: list[tuple[dict[str, object], tuple[str, ...]]] = [
                ({}, ("1",)),
                ({"call_id": "1"}, ()),
                ({"since": 1.0}, ()),
                ({"since": 1.0}, ("1",)),
            ]
            for asked, numbers in several:
                text, values = schema.search(asked, numbers, 10)
                plan = " ".join(line[3] for line in connection.execute(f"EXPLAIN QUERY PLAN {text}", values))
                assert "SCAN decision" not in plan, plan


def test_a_search_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(float(at), str(at)) for at in range(STEP)])
    with closing(FileStore.to_read(path, 0.0)) as impatient, pytest.raises(Unusable, match="takes too long"):
        impatient.counted(Wanted(), 0.0, 1.0)
