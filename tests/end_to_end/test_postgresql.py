"""The record in PostgreSQL, under calls by SIPp: the server hangs, is killed and comes back, and no call is lost."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from interconnection import CONFIG, TRUNKS, Interconnection
from postgresql import PostgreSQL
from sipp import Sipp, free_port
from test_kept_decisions import command

from sip_guard.demo.calls import BOB
from sip_guard.demo.guard import Event
from sip_guard.journal.options import Server

pytestmark = pytest.mark.end_to_end

RATE = 50
"""New calls a second."""
CALLS = 350
QUEUE = 300
"""Decisions, answers and ends that may wait: some two seconds' worth."""
FILE = "record:\n  file: {folder}/record.sqlite3\n"
RECORD = """\
record:
  queue: {queue}
  postgresql: {{{{host: {host}, port: {port}, database: {database}}}}}
"""


@pytest.fixture
def database(postgresql: PostgreSQL) -> Server:
    return postgresql.database()


@pytest.fixture
def interconnection(database: Server, tmp_path: Path) -> Iterator[Interconnection]:
    place = RECORD.format(queue=QUEUE, host=database.host, port=database.port, database=database.database)
    assert FILE in CONFIG
    with Interconnection(tmp_path, config=CONFIG.replace(FILE, place)) as interconnection:
        yield interconnection


def calling(interconnection: Interconnection, folder: Path, run: str, calls: int) -> Sipp:
    """Begin to place calls, each with a token of its own, whose Call-IDs end with `run`."""
    lines = []
    for number in range(calls):
        caller = f"1202555{number:04}"
        lines.append(f"{caller};{interconnection.identity(caller).removeprefix('Identity: ')}")
    injected = folder / "callers.csv"
    injected.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
    host = TRUNKS["carrier"]
    options = ("-inf", str(injected), "-s", BOB, "-cid_str", f"%u-{run}", "-r", f"{RATE}")
    local = (host, free_port(host))
    return Sipp("load", local, folder, *options, remote=interconnection.address, calls=calls, seconds=40)


def recorded(interconnection: Interconnection) -> list[Event]:
    """Give what `sip-guard calls` finds."""
    lines = command("calls", "--config", str(interconnection.config), "--json", "--limit", "1000000").splitlines()
    return [json.loads(line) for line in lines]


def test_a_server_that_hangs_and_one_that_is_killed_cost_no_call_and_what_is_dropped_is_counted(
    interconnection: Interconnection, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    guard, run = interconnection.guard, f"{uuid4()}"
    with calling(interconnection, tmp_path, run, CALLS) as sipp:
        assert guard.decision(f"{RATE // 2}-{run}")
        postgresql.freeze()
        time.sleep(1.0)
        postgresql.thaw()
        time.sleep(1.0)
        assert [each["event"] for each in guard.events if each["event"].startswith("record")] == []
        postgresql.stop()
        try:
            assert guard.wait(lambda each: each["event"] == "record_not_written")
            lost = guard.wait(lambda each: each["event"] == "record_incomplete")
        finally:
            postgresql.start()
        resumed = guard.wait(lambda each: each["event"] == "record_resumed")
        sipp.wait()
    interconnection.guard.close()
    assert lost is not None
    assert resumed is not None
    kept = recorded(interconnection)
    decided = {each["call_id"] for each in guard.decisions()}
    assert (len(guard.decisions()), len(decided)) == (CALLS, CALLS)
    assert {each["rule"] for each in guard.decisions()} == {"attested"}
    assert len({each["call_id"] for each in kept}) == len(kept)
    assert {each["call_id"] for each in kept} <= decided
    # What is missing was dropped and counted; the answer and the end of a call without its decision may be either.
    gone = CALLS - len(kept)
    halves = sum(name not in each for each in kept for name in ("answer", "duration"))
    assert gone > 0
    assert gone + halves <= resumed["dropped"] <= 3 * gone + halves
    assert [each for each in guard.events if each["event"] == "mistake"] == []


def test_a_guard_that_is_told_to_stop_does_not_wait_for_a_server_that_hangs(
    interconnection: Interconnection, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    guard, run, calls = interconnection.guard, f"{uuid4()}", RATE
    postgresql.freeze()
    try:
        with calling(interconnection, tmp_path, run, calls) as sipp:
            sipp.wait()
        began = time.monotonic()
        guard.close()
        assert time.monotonic() - began < 8.0
    finally:
        postgresql.thaw()
    told = [each for each in guard.events if each["event"] == "record_incomplete"][-1]
    assert told["reason"] == "what waited could not be written at the end"
    assert (told["dropped"], guard.events[-1]["event"]) == (3 * calls, "stopped")
