"""The record in a database of a PostgreSQL server, which several guards may share."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final, Self

import msgspec

from sip_guard.journal import connecting, schema
from sip_guard.journal.connecting import connect, disconnect, telling
from sip_guard.journal.options import Server
from sip_guard.journal.row import Answer, End, Row
from sip_guard.journal.store import SEARCHING, Rows, Store
from sip_guard.journal.trouble import RefusedRecord
from sip_guard.journal.version import missing, older

_MIGRATING: Final = 3600.0
"""Seconds that a new version of the tables may take, with all that is in them."""
_LOCK: Final = 0x7369705F67756172
"""What guards lock that would change the tables; any number that is nobody else's."""
_OTHER: Final = "name another database as `record.postgresql.database`"

_TABLES: Final = "SELECT to_regclass('decision') IS NOT NULL OR to_regclass('number') IS NOT NULL"
_VERSIONS: Final = "SELECT to_regclass('record_version') IS NOT NULL"
_VERSION: Final = "SELECT version FROM record_version"

_COLUMNS: Final = ", ".join(schema.COLUMNS)
_ADD: Final = f"""
    WITH given AS (
        SELECT * FROM json_to_recordset(?) AS decision (
            call BIGINT, time DOUBLE PRECISION, call_id TEXT, trunk TEXT, result TEXT, action TEXT, rule TEXT,
            reason TEXT, sip_code INTEGER, record TEXT, numbers TEXT[], rules TEXT[], actions TEXT[])
    ), kept AS (
        INSERT INTO decision ({_COLUMNS}) SELECT {_COLUMNS} FROM given {schema.ONCE} RETURNING id, call
    ), shadowed AS (
        INSERT INTO shadow (rule, action, decision)
        SELECT unnest(rules), unnest(actions), id FROM given JOIN kept USING (call)
    )
    INSERT INTO number (number, decision) SELECT unnest(numbers), id FROM given JOIN kept USING (call)"""  # noqa: S608 - names of ours

_ANSWERED: Final = """
    UPDATE decision SET answer = given.code, answered = given.answered
    FROM json_to_recordset(?) AS given (code INTEGER, answered DOUBLE PRECISION, call BIGINT)
    WHERE decision.call = given.call"""
_ENDED: Final = """
    UPDATE decision SET duration = given.duration
    FROM json_to_recordset(?) AS given (duration DOUBLE PRECISION, call BIGINT)
    WHERE decision.call = given.call"""


class ServerStore(Store):
    """One connection to the database."""

    _dialect = schema.POSTGRESQL

    def __init__(self, server: Server, patience: float) -> None:
        """Connect, and wait so many seconds for each answer."""
        self._server = server
        self._connection = connect(server, patience)

    @classmethod
    def to_write(cls, server: Server) -> Self:
        """Open the database, and bring its tables to our version. Raises Unusable."""
        made = cls(server, connecting.PATIENCE)
        with made.or_closed():
            if made._missing():
                with closing(cls(server, _MIGRATING)) as migrating:
                    migrating.migrate()
        return made

    @classmethod
    def to_read(cls, server: Server, patience: float = SEARCHING) -> Self:
        """Open the database beside a guard that writes it, for searches of so many seconds. Raises Unusable."""
        made = cls(server, patience)
        with made.or_closed():
            if made._missing():
                raise RefusedRecord(older(server))
        return made

    def add(self, rows: Sequence[Row]) -> None:
        """Keep decisions that are not there yet: all of them or none. Raises RefusedValue too."""
        self._change(_ADD, (msgspec.json.encode([_named(row) for row in rows]).decode(),))

    def went(self, entries: Sequence[Answer | End]) -> None:
        """Keep how calls went on. Raises RefusedValue too."""
        for statement, kind in ((_ANSWERED, Answer), (_ENDED, End)):
            given = [entry._asdict() for entry in entries if isinstance(entry, kind)]
            if given:
                self._change(statement, (msgspec.json.encode(given).decode(),))

    def close(self) -> None:
        """Close the connection, whatever happens. What was committed stays."""
        disconnect(self._connection)

    def _rows(self, statement: str, values: Sequence[object] = ()) -> Rows:
        with telling():
            cursor = self._connection.cursor()
            cursor.execute(statement, values)
            rows: Rows = cursor.fetchall()
        return rows

    def _change(self, statement: str, values: Sequence[object]) -> int:
        with telling():
            cursor = self._connection.cursor()
            cursor.execute(statement, values)
            return int(cursor.rowcount)

    def _missing(self) -> list[str]:
        """Give what the tables lack. Raises RefusedRecord."""
        if self._value("SHOW server_encoding") != "UTF8":
            raise RefusedRecord(f"{self._server} cannot hold every text: its encoding is not UTF8; {_OTHER}")
        version = None if self._value(_TABLES) else 0
        if self._value(_VERSIONS):
            version = self._value(_VERSION)
        return missing(version, self._server, _OTHER)

    def migrate(self) -> None:
        """Bring the tables to our version, once, however many guards would."""
        with telling():
            self._connection.autocommit = False
            cursor = self._connection.cursor()
            cursor.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            for statement in self._missing():
                cursor.execute(self._said(statement))
            cursor.execute("CREATE TABLE IF NOT EXISTS record_version (version INTEGER NOT NULL)")
            cursor.execute("DELETE FROM record_version")
            cursor.execute("INSERT INTO record_version VALUES (?)", (schema.VERSION,))
            self._connection.commit()

    def _value(self, statement: str) -> Any:
        """Give the one value of the first row; None without one."""
        return next((value for (value,) in self._rows(statement)), None)


def _named(row: Row) -> dict[str, object]:
    """Give a row by the names of its columns. A text of PostgreSQL holds no NUL."""
    values = (value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row.values)
    return dict(zip(schema.COLUMNS, values, strict=True)) | {
        "numbers": sorted({number.replace("\0", "\ufffd") for number in row.numbers}),
        "rules": [rule for rule, _ in row.shadows],
        "actions": [action for _, action in row.shadows],
    }
