"""The record while it is written: decisions are added, and the oldest go."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sip_guard.journal import schema
from sip_guard.journal.file import to_write
from sip_guard.journal.row import Row

STEP = 500
"""Rows in one transaction: others can write in between, and none takes long."""
_SPARE = 256
"""Free pages that are kept for what comes next."""


class Store:
    """One connection to the file. All of it may raise sqlite3.Error, and has then changed nothing."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises OSError and RefusedRecord as well."""
        self._connection = to_write(path)

    def add(self, rows: Sequence[Row]) -> None:
        """Keep decisions: all of them or none."""
        with self._transaction() as cursor:
            for row in rows:
                cursor.execute(schema.ADD, row.values)
                decision = cursor.lastrowid
                cursor.executemany(schema.ADD_NUMBER, [(number, decision) for number in row.numbers])

    def trim(self, before: float, max_octets: int) -> int:
        """Delete some of the decisions from before then, and some of the oldest if there is too much; tell how many."""
        with self._transaction() as cursor:
            deleted = cursor.execute(schema.DELETE_OLDER, (before, STEP)).rowcount
            if self._octets() > max_octets:
                deleted += cursor.execute(schema.DELETE_OLDEST, (STEP,)).rowcount
        if self._pragma("freelist_count") > _SPARE:
            # `execute` would give back one page and take the statement for done.
            self._connection.executescript("PRAGMA incremental_vacuum(256)")
        return deleted

    def delete(self, decisions: Sequence[int]) -> int:
        """Delete decisions so that nothing of them is left in the file; tell how many there were."""
        self._connection.execute("PRAGMA secure_delete = ON")
        deleted = 0
        for begin in range(0, len(decisions), STEP):
            with self._transaction() as cursor:
                step = [(each,) for each in decisions[begin : begin + STEP]]
                deleted += cursor.executemany(schema.DELETE, step).rowcount
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return deleted

    def close(self) -> None:
        """Close the file. What was committed is in it, whatever happens here."""
        with suppress(sqlite3.Error):
            self._connection.close()

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
