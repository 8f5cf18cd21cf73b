"""The guard's own secret: kept in the state directory, so that what depends on it outlives a restart."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

FILE: Final = "dialog_secret"
"""In the state directory: what signs Record-Route, so that calls in progress outlive a restart."""
OCTETS: Final = 32


def read(folder: Path | None) -> bytes | None:
    """Give the secret that is kept in a state directory; None where there is none. Raises OSError."""
    if folder is None:
        return None
    with suppress(FileNotFoundError):
        kept = (folder / FILE).read_bytes()
        if len(kept) == OCTETS:
            return kept
    return None


def have(folder: Path | None) -> bytes:
    """Give the secret, made in the state directory at the first start, and without one at each. Raises OSError."""
    made = secrets.token_bytes(OCTETS)
    if folder is None:
        return made
    path = folder / FILE
    try:
        kept = read(folder)
        if kept is not None:
            return kept
        descriptor, fresh = mkstemp(prefix=FILE, dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
        Path(fresh).replace(path)
    except OSError as error:
        raise OSError(error.errno, f"{path} cannot be kept: {error.strerror}; see `state_directory`") from None
    return made
