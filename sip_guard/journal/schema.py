"""The tables of the record, and every statement that is asked of them."""

from typing import Final

MIGRATIONS: Final = (
    (
        """CREATE TABLE decision (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            call_id TEXT NOT NULL,
            trunk TEXT NOT NULL,
            result TEXT NOT NULL,
            action TEXT NOT NULL,
            rule TEXT NOT NULL,
            reason TEXT,
            sip_code INTEGER,
            record TEXT NOT NULL
        )""",
        "CREATE INDEX decision_time ON decision (time)",
        "CREATE INDEX decision_call_id ON decision (call_id)",
        """CREATE TABLE number (
            number TEXT NOT NULL,
            decision INTEGER NOT NULL REFERENCES decision (id) ON DELETE CASCADE,
            PRIMARY KEY (number, decision)
        ) WITHOUT ROWID""",
        "CREATE INDEX number_decision ON number (decision)",
    ),
)
"""What leads from each version to the next one. Those that were released are never changed."""

VERSION: Final = len(MIGRATIONS)
"""Of these tables; a file has its own in `user_version`."""

ADD: Final = """INSERT INTO decision (time, call_id, trunk, result, action, rule, reason, sip_code, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
ADD_NUMBER: Final = "INSERT INTO number (number, decision) VALUES (?, ?)"

DELETE_OLDER: Final = """DELETE FROM decision WHERE id IN
    (SELECT id FROM decision WHERE time < ? ORDER BY time LIMIT ?)"""
DELETE_OLDEST: Final = "DELETE FROM decision WHERE id IN (SELECT id FROM decision ORDER BY id LIMIT ?)"
DELETE: Final = "DELETE FROM decision WHERE id = ?"

OF_NUMBER: Final = "SELECT decision FROM number WHERE number = ?"
NAMING: Final = "SELECT id, record FROM decision WHERE instr(record, ?) > 0"
"""Decisions in which a text stands anywhere."""


def search(conditions: dict[str, object], numbers: tuple[str, ...], limit: int) -> tuple[str, list[object]]:
    """Give the statement, and what goes into it, for the newest decisions that meet all conditions.

    `conditions` are of `CONDITIONS`. With `numbers`, one of them must be a number of the call.
    """
    where = [CONDITIONS[name] for name in conditions]
    values = list(conditions.values())
    if numbers:
        where.append(f"id IN (SELECT decision FROM number WHERE number IN ({', '.join('?' * len(numbers))}))")  # noqa: S608 - marks alone
        values += numbers
    text = f" WHERE {' AND '.join(where)}" if where else ""
    return f"SELECT time, record FROM decision{text} ORDER BY time DESC, id DESC LIMIT ?", [*values, limit]  # noqa: S608 - texts of ours


CONDITIONS: Final = {
    "call_id": "call_id = ?",
    "trunk": "trunk = ?",
    "rule": "rule = ?",
    "result": "result = ?",
    # `reject` is every rejection, `reject 403` those with this code.
    "action": "action || ' ' LIKE ? || ' %'",
    "since": "time >= ?",
    "until": "time < ?",
}
"""What may be asked of a decision, each with one value."""
