"""What a numbering plan says about one number, and the table it is looked up in."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal[
    "geographic",
    "mobile",
    "non-geographic",
    "personal",
    "pager",
    "freephone",
    "shared-cost",
    "premium",
    "service",
    "inserted",
    "unknown",
]
"""`inserted`: put by carriers where there is no network number. `non-geographic`: costs no more than geographic."""
Originates = Literal["yes", "doubtful", "never"]
"""Whether calls come from such numbers: `never` by an official text (confidence H), `doubtful` by practice (M, L)."""


class Reading(msgspec.Struct, frozen=True):
    """What a plan says about one number."""

    kind: Kind
    countries: frozenset[str]
    """ISO 3166-1 countries that it may belong to: several where they share a range, none where that is not known."""
    originates: Originates = "yes"
    why: str = ""
    """Why no calls come from it, for people."""
    fault: str = ""
    """Why there can be no such number, for people; empty: there can."""

    @property
    def country(self) -> str:
        """The country that it belongs to; empty where there are several or it is not known."""
        return next(iter(self.countries)) if len(self.countries) == 1 else ""

    @property
    def is_inserted(self) -> bool:
        """Whether carriers put it where there is no network number, so that it is nobody's to show."""
        return self.kind == "inserted"


class Range(msgspec.Struct, frozen=True):
    """Numbers that begin alike, and what a plan says about them."""

    reading: Reading
    lengths: tuple[int, ...]
    """How many digits the national (significant) number has; none: nothing is in use there."""


class Ranges:
    """The numbers of one country code, by the longest prefix."""

    def __init__(self, code: str, ranges: Mapping[str, Range], others: Range) -> None:
        """`code`: the country code. `ranges`: by how the national number begins; `others`: all that begin otherwise."""
        self._code = code
        self._others = others
        self._ranges = {code + prefix: entry for prefix, entry in ranges.items()}
        self._head = len(code) + 2
        heads = [f"{code}{first}{second}" for first in "0123456789" for second in "0123456789"]
        self._ends = {head: self._lengths(head) for head in heads}
        """By the first two national digits: which lengths of prefix there are, the longest first."""

    def _lengths(self, head: str) -> tuple[int, ...]:
        found = {len(prefix) for prefix in self._ranges if prefix.startswith(head) or head.startswith(prefix)}
        return tuple(sorted(found, reverse=True))

    def read(self, number: str) -> Reading:
        """Say what the plan does about a number in international digits, which begin with the country code."""
        found, prefix = self._others, self._code
        for end in self._ends.get(number[: self._head], ()):
            entry = self._ranges.get(number[:end])
            if entry is not None:
                found, prefix = entry, number[:end]
                break
        digits = len(number) - len(self._code)
        if digits in found.lengths:
            return found.reading
        expected = " or ".join(map(str, found.lengths))
        fault = f"{digits} digits after +{self._code}, not {expected}" if expected else f"+{prefix} is not in use"
        return msgspec.structs.replace(found.reading, fault=fault)
