"""Lists, written and compiled in a folder."""

from pathlib import Path
from typing import Any

from sip_guard.lists.compile import Job, Report, run
from sip_guard.lists.compiled import Compiled
from sip_guard.lists.reading import Columns, Reading

NOW = 1_800_000_000.0
"""In January 2027."""


class Desk:
    """A folder with one list."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "numbers.csv"
        self.target = folder / "dno.list"

    def compile(self, text: str | bytes, **reading: Any) -> Report:
        """Compile a list; `reading` is how it is written."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if "columns" in reading:
            reading["columns"] = Columns(**reading["columns"])
        return run(Job(file=str(self.file), target=str(self.target), reading=Reading(**reading)))

    def compiled(self, text: str | bytes, **reading: Any) -> Compiled:
        """Compile a list that is good."""
        report = self.compile(text, **reading)
        assert report.faults == ()
        return Compiled(self.target)

    def faults(self, text: str | bytes, **reading: Any) -> list[str]:
        """Give what is wrong with a list, each fault without the name of the file."""
        report = self.compile(text, **reading)
        assert report.faults
        assert not self.target.exists()
        assert list(self.target.parent.iterdir()) == [self.file]
        return [fault.removeprefix(f"{self.file}:") for fault in report.faults]
