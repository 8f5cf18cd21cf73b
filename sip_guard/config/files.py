"""Files that a configuration names."""

import errno
from pathlib import Path

from sip_guard.config.fault import Faults

_TO_DO = {
    errno.ENOENT: "is the path right?",
    errno.EACCES: "run this as the guard's user, or let that user read it",
    errno.EPERM: "run this as the guard's user, or let that user read it",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "what stands before the last `/` must be a folder",
}


def read(path: Path, faults: Faults, at: str) -> bytes | None:
    """Give what is in a file; None if it cannot be read, which is then a fault."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        faults.add(at, unreadable(path, error))
        return None


def unreadable(path: Path, error: OSError | ValueError) -> str:
    """Say that a file cannot be read, why, and what to do."""
    return f"{path} cannot be read: {why(error)}"


def why(error: OSError | ValueError) -> str:
    """Say what the system has against a file, and what to do."""
    if not isinstance(error, OSError):
        return str(error)
    to_do = _TO_DO.get(error.errno or 0)
    return f"{error.strerror}; {to_do}" if to_do else str(error.strerror)
