"""Finds decisions in the record."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sip_guard.journal import schema
from sip_guard.journal.file import to_read

_TELLING = 7
"""Characters of what is a number wherever it stands: 403 may be an answer, and 1 anything."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions are looked for. What is None is not asked."""

    numbers: tuple[str, ...] = ()
    """Forms of one number, any of which the call may show, assert or call, or that diverted it; none: any."""
    call_id: str | None = None
    trunk: str | None = None
    rule: str | None = None
    result: str | None = None
    action: str | None = None
    """`reject` is every rejection, `reject 403` those with this code."""
    since: float | None = None
    """Seconds since the epoch."""
    until: float | None = None
    limit: int = 2**62


class Found(NamedTuple):
    """A decision in the record."""

    time: float
    """Seconds since the epoch."""
    fields: dict[str, Any]
    """In the form of `sip_guard.record`."""


def search(path: Path, wanted: Wanted) -> Iterator[Found]:
    """Give the decisions, the newest first. Raises OSError, sqlite3.Error and RefusedRecord."""
    asked = {name: value for name in schema.CONDITIONS if (value := getattr(wanted, name)) is not None}
    with closing(to_read(path)) as connection:
        for time, record in connection.execute(*schema.search(asked, wanted.numbers, wanted.limit)):
            yield Found(time, msgspec.json.decode(record))


def naming(path: Path, forms: tuple[str, ...]) -> list[int]:
    """Give the decisions that name a number in one of its forms: in findings and Call-IDs, too, if it is a long one.

    It looks at the whole record. Raises as `search` does.
    """
    found: set[int] = set()
    with closing(to_read(path)) as connection:
        for form in forms:
            found.update(decision for (decision,) in connection.execute(schema.OF_NUMBER, (form,)))
            if len(form) < _TELLING:
                continue
            whole = re.compile(rf"(?<![0-9*]){re.escape(form)}(?![0-9])")
            rows = connection.execute(schema.NAMING, (form,))
            found.update(decision for decision, record in rows if whole.search(record))
    return sorted(found)
