"""The file: what is added is found, the oldest goes, and files of others are left alone."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from decisions import row
from hypothesis import given, settings
from hypothesis import strategies as st

from sip_guard.journal import schema
from sip_guard.journal.file import RefusedRecord, is_record, to_read, to_write
from sip_guard.journal.search import Wanted, naming, search
from sip_guard.journal.store import STEP, Store

ALL = 2**40
NUMBERS = ("", "alice", "441632960001", "442079460123", "12155550100")
DECISIONS = st.lists(
    st.fixed_dictionaries(
        {
            "time": st.integers(0, 20).map(float),
            "call_id": st.sampled_from("abc"),
            "trunk": st.sampled_from(("one", "two")),
            "rule": st.sampled_from(("unsigned", "attested")),
            "result": st.sampled_from(("absent", "passed", "failed")),
            "action": st.sampled_from(("allow", "tag", "reject 403", "reject 438")),
            "caller": st.sampled_from(NUMBERS),
            "target": st.sampled_from(NUMBERS),
        }
    ),
    max_size=40,
)
WANTED = st.builds(
    Wanted,
    numbers=st.lists(st.sampled_from(NUMBERS[1:]), max_size=2, unique=True).map(tuple),
    call_id=st.none() | st.sampled_from("abc"),
    trunk=st.none() | st.just("one"),
    rule=st.none() | st.just("attested"),
    result=st.none() | st.just("passed"),
    action=st.none() | st.sampled_from(("tag", "reject", "reject 403")),
    since=st.none() | st.integers(0, 20).map(float),
    until=st.none() | st.integers(0, 20).map(float),
    limit=st.integers(1, 50),
)


@contextmanager
def stored(folder: Path) -> Iterator[tuple[Path, Store]]:
    path = folder / "decisions.sqlite3"
    with closing(Store(path)) as store:
        yield path, store


def ids(path: Path, **wanted: Any) -> list[str]:
    return [found.fields["call_id"] for found in search(path, Wanted(**wanted))]


def is_wanted(decision: dict[str, Any], wanted: Wanted) -> bool:
    """Say in other words what a search means."""
    return (
        (not wanted.numbers or bool(set(wanted.numbers) & {decision["caller"], decision["target"], "441632960001"}))
        and all(getattr(wanted, name) in (None, decision[name]) for name in ("call_id", "trunk", "rule", "result"))
        and (wanted.action is None or f"{decision['action']} ".startswith(f"{wanted.action} "))
        and (wanted.since is None or decision["time"] >= wanted.since)
        and (wanted.until is None or decision["time"] < wanted.until)
    )


@settings(deadline=None, max_examples=30)
@given(DECISIONS, st.lists(WANTED, min_size=1, max_size=5))
def test_a_search_gives_just_what_meets_all_conditions_the_newest_first(
    decisions: list[dict[str, Any]], asked: list[Wanted]
) -> None:
    with TemporaryDirectory() as folder, stored(Path(folder)) as (path, store):
        store.add([row(generation=at, **decision) for at, decision in enumerate(decisions)])
        for wanted in asked:
            there = [(each["time"], at) for at, each in enumerate(decisions) if is_wanted(each, wanted)]
            found = [(each.time, each.fields["generation"]) for each in search(path, wanted)]
            assert found == sorted(there, reverse=True)[: wanted.limit]


@settings(deadline=None, max_examples=30)
@given(DECISIONS, st.integers(0, 21).map(float))
def test_what_is_too_old_goes_and_nothing_else(decisions: list[dict[str, Any]], before: float) -> None:
    with TemporaryDirectory() as folder, stored(Path(folder)) as (path, store):
        store.add([row(generation=at, **decision) for at, decision in enumerate(decisions)])
        left = {at for at, each in enumerate(decisions) if each["time"] >= before}
        assert store.trim(before, ALL) == len(decisions) - len(left)
        assert store.trim(before, ALL) == 0
        assert {each.fields["generation"] for each in search(path, Wanted())} == left
        for number in NUMBERS[1:]:
            of_it = {at for at in left if number in ("441632960001", decisions[at]["caller"], decisions[at]["target"])}
            assert {each.fields["generation"] for each in search(path, Wanted(numbers=(number,)))} == of_it


def test_when_there_is_too_much_the_oldest_go_in_small_steps(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        # Their times say nothing: a clock that was set back does not make the newest the first to go.
        for begin in range(0, 4 * STEP, STEP):
            store.add([row(-at, str(at)) for at in range(begin, begin + STEP)])
        octets = _pragma(path, "page_count") * _pragma(path, "page_size")
        assert store.trim(float("-inf"), 10 * octets) == 0
        assert store.trim(float("-inf"), octets // 2) == STEP
        assert set(map(int, ids(path))) == set(range(STEP, 4 * STEP))
        while store.trim(float("-inf"), octets // 2):
            pass
        left = sorted(map(int, ids(path)))
        assert left == list(range(4 * STEP - len(left), 4 * STEP))
        assert STEP <= len(left) <= 2 * STEP


def test_the_file_is_given_back_when_much_was_deleted(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        for begin in range(0, 8 * STEP, STEP):
            store.add([row(at, str(at)) for at in range(begin, begin + STEP)])
        pages = _pragma(path, "page_count")
        while store.trim(8 * STEP, ALL):
            pass
        for _ in range(10):
            store.trim(0, ALL)
        assert _pragma(path, "page_count") < pages / 2


def _pragma(path: Path, name: str) -> int:
    with closing(to_read(path)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def test_all_of_a_batch_is_kept_or_nothing(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        wrong = row(2.0, "b")._replace(values=("only one",))
        with pytest.raises(sqlite3.Error):
            store.add([row(1.0, "a"), wrong])
        assert ids(path) == []
        store.add([row(1.0, "a")])
        assert ids(path) == ["a"]


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(1.0)])
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
        assert is_record(path)


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(float(at), str(at)) for at in range(10)])
        reading = search(path, Wanted())
        assert next(reading).fields["call_id"] == "9"
        store.add([row(10.0, "10")])
        store.trim(5.0, ALL)
        assert [each.fields["call_id"] for each in reading] == [*"876543210"]
        assert ids(path) == ["10", *"98765"]


def test_a_newer_record_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(1.0)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    for opens in (to_read, to_write):
        with pytest.raises(RefusedRecord, match=r"was written by a newer sip_guard \(tables of version 2, and 1 is"):
            opens(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 9])
def test_a_database_of_something_else_is_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mailbox (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {version}")
    for opens in (to_read, to_write):
        with pytest.raises(RefusedRecord, match="is a database of something else; name another file"):
            opens(path)


def test_each_version_leads_to_the_next_one_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.sqlite3"
    with stored(tmp_path) as (_, store):
        store.add([row(1.0, "kept")])
    good = "ALTER TABLE decision ADD COLUMN hour INTEGER"
    monkeypatch.setattr("sip_guard.journal.file.VERSION", 2)
    monkeypatch.setattr("sip_guard.journal.file.MIGRATIONS", (*schema.MIGRATIONS, (good, "ALTER TABLE nowhere")))
    with pytest.raises(sqlite3.Error):
        to_write(path)
    with pytest.raises(RefusedRecord, match="is an older record, or a new one"):
        to_read(path)
    monkeypatch.setattr("sip_guard.journal.file.MIGRATIONS", (*schema.MIGRATIONS, (good,)))
    to_write(path).close()
    with closing(to_read(path)) as connection:
        assert connection.execute("SELECT call_id, hour FROM decision").fetchall() == [("kept", None)]


def test_what_names_a_number_is_deleted_for_good(tmp_path: Path) -> None:
    number = "442079460123"
    found = {"code": "mismatch", "detail": f"orig is {number}", "token": 1, "weighs": True, "orig": number}
    others = [
        row(4.0, "longer", caller=f"{number}4"),
        row(5.0, "shorter", caller=number[:-1]),
        row(6.0, f"9{number}@192.0.2.1", caller="12155550100"),
    ]
    theirs = [
        row(1.0, "from", caller=number),
        row(2.0, "finding", caller="12155550100", findings=[found]),
        row(3.0, f"{number}@192.0.2.1", caller="12155550100"),
    ]
    with stored(tmp_path) as (path, store):
        store.add([*theirs, *others])
        decisions = naming(path, (number,))
        assert store.delete(decisions) == len(theirs)
        assert naming(path, (number,)) == []
        assert len(ids(path)) == len(others)
        store.delete(naming(path, (number[:-1],)))
        assert b"shorter" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())


def test_a_short_number_is_no_other_figure(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        store.add([row(1.0, "a", target="403"), row(2.0, "403", sip_code=403, action="reject 403")])
        store.delete(naming(path, ("403",)))
        assert ids(path) == ["403"]


def test_a_hundred_thousand_decisions_are_searched_by_an_index(tmp_path: Path) -> None:
    with stored(tmp_path) as (path, store):
        for begin in range(0, 100_000, 1000):
            store.add([row(float(at), f"{at}@x", caller=f"4420{at:08}") for at in range(begin, begin + 1000)])
        assert ids(path, numbers=("442000031337", "nobody")) == ["31337@x"]
        assert ids(path, call_id="31337@x") == ["31337@x"]
        assert ids(path, since=99_998.0) == ["99999@x", "99998@x"]
        assert len(ids(path, limit=100, numbers=("441632960001",))) == 100
        with closing(to_read(path)) as connection:
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
