"""Load and fault cases: SIPp, the real command and faults made on purpose, each case in a network of its own."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Protocol

import failover
import loss
import network
import overload
import slow_peers
import unanswered
from report import Report
from world import World


class Case(Protocol):
    """Runs in a world of its own and writes down what it finds."""

    def __call__(self, world: World, report: Report, *, short: bool) -> None: ...


CASES: dict[str, Case] = {
    "loss": loss.run,
    "failover": failover.run,
    "overload": overload.run,
    "streams": slow_peers.run,
    "memory": unanswered.run,
}


def main() -> int:
    """Run the cases that are named, or all; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="scripts/bench load", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}; default: all")
    parser.add_argument("--short", action="store_true", help="seconds instead of minutes each")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if given.here:
        return _run(given.cases[0], short=given.short)
    failed = 0
    for name in given.cases or CASES:
        options = ["--here", *(["--short"] if given.short else [])]
        failed |= subprocess.run(
            network.alone([sys.executable, __file__, name, *options]), stdin=subprocess.DEVNULL, check=False
        ).returncode
    return 1 if failed else 0


def _run(name: str, *, short: bool) -> int:
    """Run a case in the network that this process has to itself."""
    network.bring_up()
    report = Report(name)
    with tempfile.TemporaryDirectory(prefix=f"load-{name}-") as folder, World(Path(folder)) as world:
        CASES[name](world, report, short=short)
        report.faults += world.faults()
    sys.stdout.write(report.text() + "\n")
    sys.stdout.flush()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
