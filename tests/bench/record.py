"""What the record costs: the reactor a decision, the thread a decision, and a search among many; in either place."""

import argparse
import sys
import time
import timeit
from collections import deque
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from decisions import fields, row
from postgresql import PostgreSQL

from sip_guard.journal.opening import to_write
from sip_guard.journal.queue import Decided, Queue
from sip_guard.journal.row import Answer, End
from sip_guard.journal.store import STEP, Store, Wanted

BEGIN = 1_700_000_000.0


def filled(store: Store, count: int) -> tuple[float, float]:
    """Keep so many decisions of 9,000 callers; give the seconds, and those of our own processor time, that it took."""
    seconds, own = 0.0, 0.0
    for begin in range(0, count, STEP):
        rows = [
            row(BEGIN + at, f"{at:08}-5f2c9a1e@203.0.113.7", call=at, caller=f"4420{at % 9000:08}")
            for at in range(begin, min(begin + STEP, count))
        ]
        began, own_began = time.monotonic(), time.thread_time()
        store.add(rows)
        seconds += time.monotonic() - began
        own += time.thread_time() - own_began
    return seconds, own


def answered(store: Store, count: int) -> float:
    """Keep that each of them was answered and ended; give the seconds of our own processor time that it took."""
    own = 0.0
    for begin in range(0, count, STEP):
        calls = range(begin, min(begin + STEP, count))
        entries = [each for at in calls for each in (Answer(200, BEGIN + at, at), End(60.0, at))]
        began = time.thread_time()
        store.went(entries)
        own += time.thread_time() - began
    return own


def measure(name: str, store: Store, count: int) -> None:
    """Print a line for each figure of a place."""
    seconds, own = filled(store, count)
    sys.stdout.write(f"{name}, written in a second: {count / seconds:.0f} decisions\n")
    sys.stdout.write(f"{name}, our thread, a decision: {own / count * 1e6:.0f} us\n")
    own = answered(store, count)
    sys.stdout.write(f"{name}, our thread, an answer and an end: {own / count * 1e6:.0f} us\n")
    searches = {
        "a caller": Wanted(numbers=("442000001337",), limit=101),
        "a number in every call": Wanted(numbers=("441632960001",), limit=101),
        "a Call-ID": Wanted(call_id="00001337-5f2c9a1e@203.0.113.7"),
        "a rule that never spoke": Wanted(rule="nobody's"),
        "the newest 101": Wanted(limit=101),
    }
    for what, wanted in searches.items():
        took = timeit.timeit(partial(_all, store, wanted), number=1)
        sys.stdout.write(f"{name}, a search among {count} for {what}: {took * 1000:.1f} ms\n")
    took = timeit.timeit(lambda: store.naming(("442000001337",)), number=1)
    sys.stdout.write(f"{name}, all that names a number among {count}: {took * 1000:.1f} ms\n")
    took = timeit.timeit(lambda: deque(store.shadows(Wanted()), 0), number=1)
    sys.stdout.write(f"{name}, what a rule in shadow would have done with {count}: {took * 1000:.1f} ms\n")


def _all(store: Store, wanted: Wanted) -> None:
    deque(store.search(wanted), 0)


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(prog="scripts/bench record", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100_000, metavar="DECISIONS")
    count = parser.parse_args().count
    waiting = [Decided(at, BEGIN, fields(str(at))) for at in range(1000)]
    best = min(timeit.repeat(lambda: deque(map(Queue(1000).add, waiting), 0), number=1, repeat=20))
    sys.stdout.write(f"the reactor, a decision: {best * 1000:.2f} us\n")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.sqlite3"
        with closing(to_write(path)) as store:
            measure("a file", store, count)
        sys.stdout.write(f"a file, a decision: {path.stat().st_size / count:.0f} octets\n")
    with closing(PostgreSQL(safe=True)) as server:
        database = server.database()
        with closing(to_write(database)) as store:
            measure("PostgreSQL", store, count)
        for when in ("", " that vacuum has been at"):
            size = server.asked(database, "SELECT pg_database_size(current_database())")[0][0]
            sys.stdout.write(f"PostgreSQL, a decision{when}: {size / count:.0f} octets\n")
            server.asked(database, "VACUUM FULL")


if __name__ == "__main__":
    main()
