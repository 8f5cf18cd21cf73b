"""Searches for input that breaks a reader, guided by coverage, from the tests' own messages and tokens."""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

from readers import READERS, Reader

FOLDER = Path(__file__).parents[2] / "build" / "fuzz"
SEARCH = Path(__file__).with_name("search.py")


def main() -> int:
    """Search for each reader that is named, or all; 1 if something was found."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"{', '.join(READERS)}; default: all")
    parser.add_argument("--seconds", type=int, default=600, help="for each reader; default: 600")
    given = parser.parse_args()
    unknown = set(given.readers) - set(READERS)
    if unknown:
        parser.error(f"no such reader: {', '.join(sorted(unknown))}")
    good = [_searched(READERS[name], given.seconds) for name in given.readers or READERS]
    return 0 if all(good) else 1


def _searched(reader: Reader, seconds: int) -> bool:
    """Search in a process of its own, and say in a line what came of it; True: nothing was found."""
    folder = FOLDER / reader.name
    corpus, found, log = folder / "corpus", folder / "found", folder / "log"
    for each in (corpus, found):
        each.mkdir(parents=True, exist_ok=True)
    for octets in reader.beginnings():
        (corpus / hashlib.sha256(octets).hexdigest()[:16]).write_bytes(octets)
    command = [sys.executable, str(SEARCH), reader.name, f"{seconds}", str(corpus), str(found)]
    with log.open("wb") as file:
        code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text("utf-8", "replace")
    counts = re.findall(r"^(?:#|stat::number_of_executed_units:\s+)(\d+)", text, re.MULTILINE)
    executions = max(map(int, counts), default=0)
    edges = re.findall(r" cov: (\d+)", text)
    told = "nothing found" if code == 0 else f"FOUND: see {log} and the newest file in {found}"
    sys.stdout.write(f"{reader.name:<17} {executions:>9} executions, {edges[-1] if edges else 0:>4} edges, {told}\n")
    sys.stdout.flush()
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
