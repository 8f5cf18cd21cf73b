"""The record in PostgreSQL: several guards in one database, what is somebody else's, and a server that is gone."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from decisions import row
from postgresql import PostgreSQL

from sip_guard.journal import schema
from sip_guard.journal.connecting import RefusedValue
from sip_guard.journal.options import Server
from sip_guard.journal.server import ServerStore
from sip_guard.journal.store import STEP, Store, Wanted
from sip_guard.journal.trouble import RefusedRecord, Unusable


@pytest.fixture
def database(postgresql: PostgreSQL) -> Server:
    return postgresql.database()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def ids(store: Store, **wanted: Any) -> list[str]:
    return [found.fields["call_id"] for found in store.search(Wanted(**wanted))]


def test_guards_that_start_at_the_same_time_make_one_record(database: Server) -> None:
    faults: list[BaseException] = []

    def keeps(name: str) -> None:
        try:
            with closing(ServerStore.to_write(database)) as store:
                store.add([row(1.0, name)])
        except BaseException as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    guards = [threading.Thread(target=keeps, args=(f"{number}",)) for number in range(4)]
    for guard in guards:
        guard.start()
    for guard in guards:
        guard.join()
    assert faults == []
    with closing(ServerStore.to_read(database)) as store:
        assert sorted(ids(store)) == [*"0123"]


def test_guards_that_delete_at_the_same_time_do_not_wait_for_each_other(
    postgresql: PostgreSQL, database: Server, stack: ExitStack
) -> None:
    one, other = (stack.enter_context(closing(ServerStore.to_write(database))) for _ in range(2))
    one.add([row(float(at), str(at)) for at in range(STEP + 10)])
    lock = f"SELECT id FROM decision WHERE time < {STEP} FOR UPDATE"
    with closing(postgresql.holding(database, lock)):
        assert other.trim(float("inf")) == 10
    assert one.trim(float("inf")) == STEP


def test_a_newer_record_is_refused_and_stays_as_it_is(postgresql: PostgreSQL, database: Server) -> None:
    ServerStore.to_write(database).close()
    postgresql.asked(database, f"UPDATE record_version SET version = {schema.VERSION + 1}")
    for opens in (ServerStore.to_read, ServerStore.to_write):
        with pytest.raises(RefusedRecord, match=r"was written by a newer sip_guard .* or name another database as"):
            opens(database)
    assert postgresql.asked(database, "SELECT version FROM record_version") == [[schema.VERSION + 1]]


def test_a_database_with_tables_of_the_same_names_is_refused(postgresql: PostgreSQL, database: Server) -> None:
    postgresql.asked(database, "CREATE TABLE number (id INTEGER)")
    for opens in (ServerStore.to_read, ServerStore.to_write):
        with pytest.raises(RefusedRecord, match="is a database of something else; name another database as"):
            opens(database)


def test_a_database_that_cannot_hold_every_text_is_refused(postgresql: PostgreSQL) -> None:
    with pytest.raises(RefusedRecord, match="its encoding is not UTF8"):
        ServerStore.to_write(postgresql.database(encoding="LATIN1"))


def test_a_value_that_the_server_refuses_is_no_trouble_of_the_record(database: Server) -> None:
    with closing(ServerStore.to_write(database)) as store:
        long = "".join(map(str, range(10_000)))
        for wrong in (row(1.0, long), row(1.0, sip_code=2**40)):
            with pytest.raises(RefusedValue):
                store.add([row(1.0, "a"), wrong])
        store.add([row(3.0, "c")])
        assert ids(store) == ["c"]


def test_a_server_that_was_stopped_is_told_and_used_again(postgresql: PostgreSQL, database: Server) -> None:
    with closing(ServerStore.to_write(database)) as store:
        store.add([row(1.0, "before")])
        postgresql.stop()
        try:
            with pytest.raises(Unusable):
                store.add([row(2.0, "gone")])
            with pytest.raises(Unusable, match=r"no server has its socket there|Connection refused"):
                ServerStore.to_write(database)
            with pytest.raises(Unusable, match="Connection refused"):
                ServerStore.to_write(postgresql.over_tcp(database))
        finally:
            postgresql.start()
    with closing(ServerStore.to_write(database)) as store:
        store.add([row(3.0, "after")])
        assert ids(store) == ["after", "before"]


def test_a_server_that_hangs_does_not_hold_us_for_ever(
    postgresql: PostgreSQL, database: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sip_guard.journal.connecting.PATIENCE", 0.2)
    with closing(ServerStore.to_write(database)) as store:
        postgresql.freeze()
        try:
            with pytest.raises(Unusable, match="the server does not answer"):
                store.add([row(1.0, "a")])
            with pytest.raises(Unusable, match="the server does not answer"):
                ServerStore.to_write(postgresql.over_tcp(database))
        finally:
            postgresql.thaw()


def test_a_statement_that_has_to_wait_for_long_is_given_up_by_the_server_too(
    postgresql: PostgreSQL, database: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sip_guard.journal.connecting.PATIENCE", 1.0)
    with closing(ServerStore.to_write(database)) as store:
        with (
            closing(postgresql.holding(database, "LOCK TABLE decision")),
            pytest.raises(Unusable, match="canceling statement due to statement timeout"),
        ):
            store.add([row(1.0, "a")])
        store.add([row(2.0, "b")])
        assert ids(store) == ["b"]


def test_a_hundred_thousand_decisions_would_be_searched_by_an_index(postgresql: PostgreSQL, database: Server) -> None:
    with closing(ServerStore.to_write(database)) as store:
        store.add([row(float(at), f"{at}@x", caller=f"4420{at:08}") for at in range(1000)])
    postgresql.asked(database, "ANALYZE")
    several: list[tuple[dict[str, object], tuple[str, ...]]] = [
        ({}, ("442000000007",)),
        ({"call_id": "7@x"}, ()),
        ({"since": 990.0}, ()),
    ]
    for conditions, numbers in several:
        statement, values = schema.search(conditions, numbers, 10)
        for value in values:
            statement = statement.replace("?", f"'{value}'" if isinstance(value, str) else str(value), 1)
        plan = "\n".join(line for (line,) in postgresql.asked(database, f"EXPLAIN {statement}"))
        assert "Seq Scan on decision" not in plan, plan


def test_the_password_stands_in_no_error(postgresql: PostgreSQL, database: Server, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("a wrong secret\n")
    with pytest.raises(Unusable) as told:
        ServerStore.to_read(postgresql.over_tcp(database, password_file=str(wrong)))
    assert "wrong secret" not in "".join(map(str, (told.value, told.value.__cause__, told.value.__context__)))
