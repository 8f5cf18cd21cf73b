"""What a record lacks of the tables that are known here."""

from itertools import chain

from sip_guard.journal import schema
from sip_guard.journal.options import Place
from sip_guard.journal.trouble import RefusedRecord


def missing(version: int | None, place: Place, other: str) -> list[str]:
    """Give the statements that lead from the version of a record to ours; none if it has it.

    A version of 0 is that of no tables, None that of tables of something else. `other` says how to name another
    place. Raises RefusedRecord.
    """
    if version is None:
        raise RefusedRecord(f"{place} is a database of something else; {other}")
    if version > schema.VERSION:
        versions = f"tables of version {version}, and {schema.VERSION} is known here"
        raise RefusedRecord(f"{place} was written by a newer sip_guard ({versions}); upgrade, or {other}")
    return [*chain.from_iterable(schema.MIGRATIONS[version:])]


def older(place: Place) -> str:
    """Say that a record lacks something, to somebody who would only read it."""
    return f"{place} is an older record, or a new one; a guard of this version makes it ready"
