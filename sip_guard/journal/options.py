"""Where the record is, and how much of it is kept."""

from pathlib import Path

import msgspec

DAY = 86_400.0
FILE = "decisions.sqlite3"
"""Its name in the state directory."""


class Options(msgspec.Struct, frozen=True):
    """The record of a guard."""

    file: Path
    days: float = 90.0
    """What is older is deleted."""
    max_octets: int = 2**30
    """Of the file; beyond it the oldest decisions are deleted."""
    queue: int = 10_000
    """Decisions that may wait while nothing can be written; beyond it they are not kept, and counted."""
