"""Opens a record, whatever it is kept in."""

from pathlib import Path

from sip_guard.journal.file import FileStore
from sip_guard.journal.options import Options, Place, Server
from sip_guard.journal.store import SEARCHING, Store

# The driver of PostgreSQL is imported where it is used: who keeps a file need not have it.


def to_keep(options: Options) -> Store:
    """Open the record of a guard at work, or make it. Raises Unusable."""
    if isinstance(options.place, Path):
        return FileStore.to_write(options.place, options.max_octets)
    return _writing(options.place)


def to_write(place: Place) -> Store:
    """Open a record beside a guard, to delete from it. Raises Unusable."""
    return FileStore.to_write(place) if isinstance(place, Path) else _writing(place)


def to_read(place: Place, patience: float = SEARCHING) -> Store:
    """Open a record beside a guard, for searches of so many seconds.

    Raises Unusable, and FileNotFoundError where there is no file.
    """
    if isinstance(place, Path):
        return FileStore.to_read(place, patience)
    from sip_guard.journal.server import ServerStore  # noqa: PLC0415

    return ServerStore.to_read(place, patience)


def _writing(server: Server) -> Store:
    from sip_guard.journal.server import ServerStore  # noqa: PLC0415

    return ServerStore.to_write(server)
