"""Makes the campaign of 2022 again: writes a day of it into a folder, or says what the guard does about one."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import setting
from day import SPOOFED_ONE_IN, day
from kinds import SPOOFED
from outcome import Desk
from signers import Signers
from table import counted, table, wrong
from written import Writer

CALLS = SPOOFED_ONE_IN * len(SPOOFED)
"""By default: one spoofed call of each kind."""
START = 1_800_000_000.0
"""By default: 15 January 2027, 08:00 UTC."""
WHERE = "https://certificates.example"


def screened(calls: int = CALLS, seed: int = 1, start: float = START) -> tuple[str, list[str]]:
    """Give the table for a day, and what is wrong in it."""
    signers = Signers.of(seed, start, WHERE)
    with TemporaryDirectory(prefix="campaign-") as folder:
        counts = counted(Desk(setting.write(Path(folder), signers)), day(calls, seed, start, signers))
    return table(counts), wrong(counts)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/campaign", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where the day and the guard's configuration are written")
    parser.add_argument("--calls", type=int, default=CALLS, help="in the day; a million takes no more memory")
    parser.add_argument("--seed", type=int, default=1, help="the same one gives the same calls")
    parser.add_argument("--start", type=float, default=START, help="when the day begins, in seconds since the epoch")
    parser.add_argument("--where", default=WHERE, help="URL of the folder with the signers' certificates")
    parser.add_argument("--table", action="store_true", help="screen the day, and print what comes of each kind")
    asked = parser.parse_args()
    if asked.calls < 1 or (asked.folder is None) != asked.table:
        parser.error("name either a folder or --table, and at least one call")
    if asked.table:
        text, faults = screened(asked.calls, asked.seed, asked.start)
        print(text, end="")  # noqa: T201 - that is what it is for
        print("\n".join(faults), file=sys.stderr)  # noqa: T201
        return 1 if faults else 0
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    signers = Signers.of(asked.seed, asked.start, asked.where)
    setting.write(folder, signers)
    with Writer(folder) as writer:
        count = writer.write(day(asked.calls, asked.seed, asked.start, signers))
    print(f"{folder}: {count:,} calls")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
