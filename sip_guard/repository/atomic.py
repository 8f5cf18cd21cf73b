"""Files that are whole, whatever happens while they are written."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

UNFINISHED: Final = "unfinished-"
"""What the names of files begin with that were not written to their end."""


def replace(path: Path, octets: bytes) -> None:
    """Put a file of these octets in the place of another, readable by the guard's user alone. Raises OSError."""
    descriptor, fresh = mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        Path(fresh).replace(path)
    except OSError:
        with suppress(OSError):
            Path(fresh).unlink()
        raise
