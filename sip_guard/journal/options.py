"""Where the record is, and how much of it is kept."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sip_guard.sip.flow import bracketed

DAY = 86_400.0
FILE = "decisions.sqlite3"
"""Its name in the state directory."""
OCTETS = 2**30
"""Of a file, if nothing else is said."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A database of a PostgreSQL server."""

    host: Annotated[str, Meta(min_length=1)] = "/run/postgresql"
    """A name or an address, or the folder of its Unix socket."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 5432
    database: Annotated[str, Meta(min_length=1, max_length=63)] = "sip_guard"
    user: Annotated[str, Meta(min_length=1, max_length=63)] = "sip_guard"
    password_file: str | None = None
    """The password is its first line, read anew for each connection; None: PGPASSWORD of the environment, or none."""
    tls: bool = True
    """Whether a server that is not reached by a Unix socket has to show a certificate for `host`."""
    ca: str | None = None
    """PEM file of the authorities that the certificate may come from; None: those of the system."""

    @property
    def local(self) -> bool:
        """Whether it is reached by a Unix socket."""
        return self.host.startswith("/")

    def __str__(self) -> str:
        """Give it as it is named to people: as a URL, without the password."""
        if self.local:
            return f"postgresql://{self.user}@/{self.database}?host={self.host}&port={self.port}"
        return f"postgresql://{self.user}@{bracketed(self.host)}:{self.port}/{self.database}"


Place = Path | Server
"""A file of SQLite, or a database of a PostgreSQL server."""


class Options(msgspec.Struct, frozen=True):
    """The record of a guard."""

    place: Place
    days: float = 90.0
    """What is older is deleted."""
    max_octets: int | None = OCTETS
    """Of a file; beyond it the oldest decisions are deleted."""
    queue: int = 10_000
    """Decisions, answers and ends of calls that may wait while nothing can be written; beyond it they are not kept, and
    counted."""
