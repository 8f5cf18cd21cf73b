"""By how much a call costs more, in the guard without its sockets, where there is more of everything.

Two guards, one with little and one with much, have the same calls in turn, round by round.
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import figures
from call import Guard, Size, in_turn, warm

CALLERS = 10_000
"""Numbers that call where there is a list, so that it is looked at here and there."""
MOST = 1.1
"""Times as much as with little, at most."""


def growths(protected: int) -> dict[str, tuple[Size, Size]]:
    """Give what there may be little and much of."""
    return {
        "calls in progress": (Size(in_progress=100), Size(in_progress=20_000)),
        "rules": (Size(rules=10), Size(rules=200)),
        "protected numbers": (Size(callers=CALLERS), Size(callers=CALLERS, protected=protected)),
        "signers": (Size(), Size(signers=1000)),
    }


def main() -> int:
    """Measure, print, and give 1 where a call costs more than it should."""
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--calls", type=int, default=300, help="of each guard in a round; default: 300")
    parser.add_argument("--protected", type=int, default=5_000_000, metavar="N", help="numbers; default: 5000000")
    parser.add_argument("--only", default="", metavar="TEXT", help="what has this in its name")
    figures.options(parser)
    given = parser.parse_args()
    measured = figures.Figures({"calls": given.calls, "protected": given.protected})
    for name, sizes in growths(given.protected).items():
        if given.only in name:
            with TemporaryDirectory(prefix="growth-") as folder:
                guards, number = warm(Path(folder), sizes, signed=True)
                for _ in range(given.rounds):
                    in_turn(guards, range(number, number + given.calls))
                    number += given.calls
                    little, much = map(_taken, guards)
                    subject = f"{name}: {_told(sizes, 0)} and {_told(sizes, 1)}"
                    measured.add(subject, "a call with little, us", median(little))
                    measured.add(subject, "a call with much, us", median(much))
                    # Of calls one right after the other, whatever else the machine does.
                    times = median(more / less for less, more in zip(little, much, strict=True))
                    measured.add(subject, "times as much", times, most=MOST)
    return figures.told(measured, given)


def _told(sizes: tuple[Size, Size], which: int) -> str:
    """Say how much there is of what differs."""
    (differing,) = (each[which] for each in zip(*sizes, strict=True) if each[0] != each[1])
    return f"{differing:,}"


def _taken(guard: Guard) -> list[float]:
    """Give the microseconds of each call since this was asked last: of all its messages together."""
    calls = [sum(messages) / 1000 for messages in zip(*guard.taken.values(), strict=True)]
    guard.taken.clear()
    return calls


if __name__ == "__main__":
    sys.exit(main())
