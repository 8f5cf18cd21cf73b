"""What metrics cost: a call its counters, and the reactor a scrape."""

import argparse
import sys
import timeit
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from at_work import AtWork
from incoming import DEFAULT, call, decide, passed
from pki import NOW
from prometheus_client import generate_latest

from sip_guard.call import Code, Finding
from sip_guard.policy.decision import TagOptions
from sip_guard.status.registry import registry

CALLS = 2_000


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(prog="scripts/bench metrics", description=__doc__)
    parser.add_argument("series", nargs="?", type=int, default=1000, metavar="SERIES")
    series = parser.parse_args().series
    with TemporaryDirectory() as folder:
        guard = AtWork(Path(folder))
        traffic, made = guard.runtime.traffic, call()
        for name, findings in {
            "unsigned": [Finding(Code.NO_IDENTITY)],
            "signed, with two notes about its numbers": [
                Finding(Code.NUMBERS_DIFFER),
                Finding(Code.FOREIGN_MOBILE),
                passed(),
            ],
        }.items():
            decision = decide(made, findings, DEFAULT, TagOptions())
            took = min(timeit.repeat(partial(traffic.decided, made, decision, 0.001), number=CALLS, repeat=20))
            sys.stdout.write(f"a decision, {name}: {took / CALLS * 1e6:.2f} us\n")
        for number in range(series):
            traffic.decisions["carrier", "tag", f"rule-{number}", "shadow"] = number
        collected = registry(guard.parts, guard.clock.seconds, lambda: NOW)
        took = min(timeit.repeat(lambda: generate_latest(collected), number=1, repeat=10))
        lines = sum(not line.startswith(b"#") for line in generate_latest(collected).splitlines())
        sys.stdout.write(f"a scrape of {lines} series: {took * 1000:.1f} ms\n")


if __name__ == "__main__":
    main()
