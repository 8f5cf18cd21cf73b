"""Opens the file of the record, to be written or only read."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sip_guard.journal.schema import MIGRATIONS, VERSION

_BUSY = 1.0
"""Seconds that one statement waits for another process."""
_MAGIC = b"SQLite format 3\x00"


class RefusedRecord(Exception):  # noqa: N818 - what it is
    """The file is no record that can be used; says why and what to do."""


def is_record(path: Path) -> bool:
    """Tell whether this is a file of SQLite. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def to_write(path: Path) -> sqlite3.Connection:
    """Open the record, and bring its tables to our version. Raises OSError, sqlite3.Error or RefusedRecord.

    A new file is readable by its owner alone: there are telephone numbers in it.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    try:
        version = _version(connection, path)
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # With WAL, only a failure of the system itself can lose what was committed, and the file stays whole.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_size_limit = {2**26}")
        _migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def to_read(path: Path) -> sqlite3.Connection:
    """Open the record beside a guard that writes it. Raises OSError, sqlite3.Error or RefusedRecord."""
    with path.open("rb"):
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", timeout=10, uri=True, isolation_level=None)
    try:
        version = _version(connection, path)
    except BaseException:
        connection.close()
        raise
    if version < VERSION:
        connection.close()
        raise RefusedRecord(f"{path} is an older record, or a new one; a guard of this version makes it ready")
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of the tables; 0: there are none."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if ("decision" in tables) != bool(version) or (tables and not version):
        raise RefusedRecord(f"{path} is a database of something else; name another file as `record.file`")
    if version > VERSION:
        raise RefusedRecord(
            f"{path} was written by a newer sip_guard (tables of version {version}, and {VERSION} is known here); "
            "upgrade, or name another file as `record.file`"
        )
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    if version == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
