"""The record as a file of SQLite."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from urllib.parse import quote

from sip_guard.journal import schema
from sip_guard.journal.row import Answer, End, Row
from sip_guard.journal.store import SEARCHING, STEP, Rows, Store
from sip_guard.journal.trouble import DamagedRecord, RefusedRecord, Unusable
from sip_guard.journal.version import missing, older

_BUSY = 1.0
"""Seconds that one statement waits for another process."""
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_MAGIC = b"SQLite format 3\x00"
_OTHER = "name another file as `record.file`"
_LOOK = 1000
"""Instructions of SQLite from one look at the time to the next."""
_SPARE = 256
"""Free pages that are kept for what comes next."""


class FileStore(Store):
    """One connection to the file."""

    _dialect = schema.SQLITE

    def __init__(self, connection: sqlite3.Connection, max_octets: int | None = None) -> None:
        """Beyond `max_octets` of the file, the oldest decisions go as well."""
        self._connection = connection
        self._max_octets = max_octets

    @classmethod
    def to_write(cls, path: Path, max_octets: int | None = None) -> Self:
        """Open the file, and bring its tables to our version. Raises Unusable.

        A new one is readable by its owner alone: there are telephone numbers in it.
        """
        with _told():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            made = cls(sqlite3.connect(path, timeout=_BUSY, isolation_level=None), max_octets)
            with made.or_closed():
                made._prepare(path)
        return made

    @classmethod
    def to_read(cls, path: Path, patience: float = SEARCHING) -> Self:
        """Open the file beside a guard that writes it, for searches of so many seconds in all.

        Raises Unusable, and FileNotFoundError.
        """
        try:
            path.open("rb").close()
        except PermissionError as error:
            raise Unusable(f"{error.strerror}; run it as the guard's user") from None
        except IsADirectoryError as error:
            raise Unusable(f"{error.strerror}; name the file in it") from None
        with _told():
            name = f"file:{quote(str(path))}?mode=ro"
            made = cls(sqlite3.connect(name, timeout=min(10, patience), uri=True, isolation_level=None))
            end = time.monotonic() + patience
            made._connection.set_progress_handler(lambda: time.monotonic() > end, _LOOK)
            with made.or_closed():
                if missing(made._version(), path, _OTHER):
                    raise RefusedRecord(older(path))
        return made

    @classmethod
    def in_memory(cls) -> Self:
        """Make one that is gone when it is closed."""
        made = cls(sqlite3.connect(":memory:", isolation_level=None))
        made._prepare(Path(":memory:"))
        return made

    def add(self, rows: Sequence[Row]) -> None:
        """Keep decisions that are not there yet: all of them or none."""
        with _told(), self._transaction() as cursor:
            for row in rows:
                if not cursor.execute(schema.ADD, row.values).rowcount:
                    continue
                decision = cursor.lastrowid
                cursor.executemany(schema.ADD_NUMBER, [(number, decision) for number in row.numbers])
                if row.shadows:
                    cursor.executemany(schema.ADD_SHADOW, [(*shadow, decision) for shadow in row.shadows])

    def went(self, entries: Sequence[Answer | End]) -> None:
        """Keep how calls went on: all of it or nothing."""
        with _told(), self._transaction() as cursor:
            for entry in entries:
                cursor.execute(schema.ANSWERED if isinstance(entry, Answer) else schema.ENDED, entry)

    def trim(self, before: float) -> int:
        """Delete some of the decisions from before then, and some of the oldest if there is too much; tell how many."""
        deleted = super().trim(before)
        with _told():
            if self._max_octets is not None and self._octets() > self._max_octets:
                deleted += self._change(schema.DELETE_OLDEST, (STEP,))
            if self._pragma("freelist_count") > _SPARE:
                # `execute` would give back one page and take the statement for done.
                self._connection.executescript("PRAGMA incremental_vacuum(256)")
        return deleted

    def delete(self, decisions: Sequence[int]) -> int:
        """Delete decisions so that nothing of them is left in the file; tell how many there were."""
        with _told():
            self._connection.execute("PRAGMA secure_delete = ON")
            deleted = super().delete(decisions)
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return deleted

    def close(self) -> None:
        """Close the file. What was committed is in it, whatever happens here."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _rows(self, statement: str, values: Sequence[object]) -> Rows:
        with _told():
            yield from self._connection.execute(statement, values)

    def _change(self, statement: str, values: Sequence[object]) -> int:
        with _told(), self._transaction() as cursor:
            return cursor.execute(statement, values).rowcount

    def _prepare(self, path: Path) -> None:
        version = self._version()
        steps = missing(version, path, _OTHER)
        if version == 0:
            self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # With WAL, only a failure of the system itself can lose what was committed, and the file stays whole.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute(f"PRAGMA journal_size_limit = {2**26}")
        if steps:
            with self._transaction() as cursor:
                for statement in steps:
                    cursor.execute(self._said(statement))
                cursor.execute(f"PRAGMA user_version = {schema.VERSION}")

    def _version(self) -> int | None:
        """Give the version of the tables, 0 if there are none; None: they are of something else."""
        version = self._pragma("user_version")
        of_tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in self._connection.execute(of_tables)}
        return None if ("decision" in tables) != bool(version) or (tables and not version) else version

    def _octets(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            # A full disk has ended it already.
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise


def is_record(path: Path) -> bool:
    """Tell whether this is a file of SQLite. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def set_aside(path: Path, wall: float) -> Path:
    """Move a damaged file, and what belongs to it, out of the way; tell where. Raises OSError."""
    mark = f".damaged-{datetime.fromtimestamp(wall, UTC):%Y%m%dT%H%M%SZ}"
    for suffix in ("-wal", "-shm"):
        # Beside a new file they would be taken for its own.
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{path}{mark}{suffix}")
    return path.rename(f"{path}{mark}")


@contextmanager
def _told() -> Iterator[None]:
    """Say of an error what it means. Raises Unusable."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise Unusable("the search takes too long; ask for less") from None
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
        raise (DamagedRecord if damaged else Unusable)(str(error)) from error
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from error
