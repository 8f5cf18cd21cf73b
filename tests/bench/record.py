"""What the record costs: the reactor a decision, the disk a decision, and a search among many."""

import argparse
import sys
import time
import timeit
from collections import deque
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from decisions import fields, row

from sip_guard.journal.queue import Queue
from sip_guard.journal.search import Wanted, naming, search
from sip_guard.journal.store import STEP, Store

BEGIN = 1_700_000_000.0


def filled(path: Path, count: int) -> float:
    """Keep so many decisions of 9,000 callers; give the seconds of processor time that it took."""
    store, seconds = Store(path), 0.0
    for begin in range(0, count, STEP):
        rows = [
            row(BEGIN + at, f"{at:08}-5f2c9a1e@203.0.113.7", caller=f"4420{at % 9000:08}")
            for at in range(begin, min(begin + STEP, count))
        ]
        began = time.thread_time()
        store.add(rows)
        seconds += time.thread_time() - began
    store.close()
    return seconds


def _all(path: Path, wanted: Wanted) -> None:
    deque(search(path, wanted), 0)


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(prog="scripts/bench record", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100_000, metavar="DECISIONS")
    count = parser.parse_args().count
    waiting = [fields(str(at)) for at in range(1000)]
    best = min(timeit.repeat(lambda: deque(map(partial(Queue(1000).add, BEGIN), waiting), 0), number=1, repeat=20))
    sys.stdout.write(f"the reactor, a decision: {best * 1000:.2f} us\n")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.sqlite3"
        seconds = filled(path, count)
        sys.stdout.write(f"the writing thread, a decision: {seconds / count * 1e6:.0f} us\n")
        sys.stdout.write(f"the file, a decision: {path.stat().st_size / count:.0f} octets\n")
        searches = {
            "a caller": Wanted(numbers=("442000001337",), limit=101),
            "a number in every call": Wanted(numbers=("441632960001",), limit=101),
            "a Call-ID": Wanted(call_id="00001337-5f2c9a1e@203.0.113.7"),
            "a rule that never spoke": Wanted(rule="nobody's"),
            "the newest 101": Wanted(limit=101),
        }
        for name, wanted in searches.items():
            took = timeit.timeit(partial(_all, path, wanted), number=1)
            sys.stdout.write(f"a search among {count} for {name}: {took * 1000:.1f} ms\n")
        took = timeit.timeit(lambda: naming(path, ("442000001337",)), number=1)
        sys.stdout.write(f"all that names a number among {count}: {took * 1000:.1f} ms\n")


if __name__ == "__main__":
    main()
