"""How a list is written: its columns, and what holds for rows that do not say it themselves."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the header row calls each column; None: the option's own name, if there is such a column."""

    number: str | None = None
    """A number, or a prefix with a `*` at its end."""
    prefix: str | None = None
    """A prefix, with or without the `*`."""
    owner: str | None = None
    source: str | None = None
    expires: str | None = None
    """The last day, `YYYY-MM-DD` in UTC."""
    scope: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what a file means."""

    columns: Columns = Columns()
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    country: str | None = None
    """ISO 3166-1 country whose national numbers are in it; None: all are international."""
    owner: str = ""
    source: str = ""
    scope: str = "nobody"
    trunks: tuple[str, ...] | None = None
    """Trunks that a scope may name; None: any."""
