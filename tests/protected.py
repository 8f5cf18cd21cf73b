"""A list of protected numbers, of any length, for benches."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sip_guard.lists.compile import Job, Report
from sip_guard.lists.keeper import ListSource


def number(chance: random.Random) -> str:
    """Make one of twelve digits, which is neither British nor American as those of callers are."""
    return str(chance.randrange(5 * 10**11, 10**12))


def rows(count: int) -> Iterator[str]:
    """Make a list: scattered numbers of 2000 owners, and prefixes of four lengths."""
    yield "# Do not originate\nnumber,owner,source,expires,scope\n"
    chance = random.Random(count)
    for i in range(count):
        digits = f"{number(chance)[: 4 + i // 1000 % 4]}*" if i % 1000 == 0 else number(chance)
        yield f"+{digits},Bank {i % 2000},regulator,2027-12-31,nobody\n"


def compiled(source: ListSource, folder: Path) -> None:
    """Compile it for the keeper of a folder, in another process as the guard does. Raises ValueError if it is bad."""
    job = Job(file=source.file, reading=source.reading, target=str(folder / f"{source.name}.list"))
    command = [sys.executable, "-m", "sip_guard.lists.compile"]
    done = subprocess.run(command, input=msgspec.json.encode(job), capture_output=True, check=True)
    report = msgspec.json.decode(done.stdout, type=Report)
    if report.faults:
        raise ValueError("\n".join(report.faults))
