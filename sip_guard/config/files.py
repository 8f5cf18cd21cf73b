"""Files that a configuration names."""

from pathlib import Path

from sip_guard.config.fault import Faults


def read(path: Path, faults: Faults, at: str) -> bytes | None:
    """Give what is in a file; None if it cannot be read, which is then a fault."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        faults.add(at, unreadable(path, error))
        return None


def unreadable(path: Path, error: OSError | ValueError) -> str:
    """Say that a file cannot be read, and why."""
    return f"{path} cannot be read: {getattr(error, 'strerror', error)}"
