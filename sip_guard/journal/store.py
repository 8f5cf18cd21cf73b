"""A record, whatever it is kept in: decisions are added and found, and the oldest go."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import msgspec

from sip_guard.journal import schema
from sip_guard.journal.row import Answer, End, Row

STEP = 500
"""Rows in one transaction: others can write in between, and none takes long."""
SEARCHING = 120.0
"""Seconds that a search may take, if nothing else is said."""
_TELLING = 7
"""Characters of what is a number wherever it stands: 403 may be an answer, and 1 anything."""

Rows = Iterable[Sequence[Any]]


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
    answer: int | None = None
    """The final answer to a call that was let through; None: not known, or not yet."""
    answered: float | None = None
    """When that was, in seconds since the epoch, if it is a 2xx."""
    duration: float | None = None
    """Seconds from then to the end of the call; None: not known, or not yet."""


class Shadowed(NamedTuple):
    """What a rule in shadow would have done with a call, and how that went on."""

    rule: str
    action: str
    refused: int | None
    """The answer that it was refused with all the same; None: it was let through."""
    answered: float | None
    duration: float | None


class Counted(NamedTuple):
    """How many decisions are alike."""

    step: int
    """Of time; from 0."""
    trunk: str
    rule: str
    action: str
    calls: int


class Would(NamedTuple):
    """What a rule in shadow would have done with so many calls, and how they went on."""

    rule: str
    action: str
    calls: int
    refused: int
    """So many were refused or redirected all the same."""
    answered: int
    seconds: float | None
    """That those lasted together, as far as is known; None: of none it is."""


class Store(ABC):
    """One connection to the record. All of it may raise Unusable, and has then changed nothing."""

    _dialect: ClassVar[schema.Dialect]

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None:
        """Keep decisions: all of them or none. One whose number is there already is kept as it is."""

    @abstractmethod
    def went(self, entries: Sequence[Answer | End]) -> None:
        """Keep how calls went on. Done twice it is the same, and it is no fault if a decision is not there."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection, whatever happens. What was committed stays."""

    @abstractmethod
    def _rows(self, statement: str, values: Sequence[object]) -> Rows:
        """Ask for rows."""

    @abstractmethod
    def _change(self, statement: str, values: Sequence[object]) -> int:
        """Change rows in a transaction of its own; tell how many."""

    @contextmanager
    def or_closed(self) -> Iterator[None]:
        """Close the connection if what is done here fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def trim(self, before: float) -> int:
        """Delete some of the decisions from before then, the oldest first; tell how many."""
        return self._change(self._said(schema.DELETE_OLDER), (before, STEP))

    def any_between(self, since: float, until: float) -> bool:
        """Tell whether there is a decision from then on and before then."""
        return any(True for _ in self._rows(schema.BETWEEN, (since, until)))

    def delete(self, decisions: Sequence[int]) -> int:
        """Delete decisions; tell how many there were."""
        deleted = 0
        for begin in range(0, len(decisions), STEP):
            step = decisions[begin : begin + STEP]
            deleted += self._change(schema.delete(len(step)), step)
        return deleted

    def search(self, wanted: Wanted) -> Iterator[Found]:
        """Give decisions, the newest first."""
        for time, record, *went in self._rows(*schema.search(_asked(wanted), wanted.numbers, wanted.limit)):
            yield Found(time, msgspec.json.decode(record), *went)

    def shadows(self, wanted: Wanted) -> Iterator[Shadowed]:
        """Give what rules in shadow would have done with calls of a trunk and a time; no other condition is asked."""
        asked = {name: value for name, value in _asked(wanted).items() if name in ("trunk", "since", "until")}
        yield from map(Shadowed._make, self._rows(*schema.shadows(asked)))

    def counted(self, wanted: Wanted, begin: float, step: float) -> list[Counted]:
        """Count what a search would find, by time in steps of so many seconds from `begin` on, and all else."""
        what = schema.counted(self._dialect, _asked(wanted), wanted.numbers, wanted.limit, (begin, step))
        return [*map(Counted._make, self._rows(*what))]

    def presented(self, wanted: Wanted, most: int) -> list[tuple[str, int]]:
        """Give the numbers that most of what a search would find present, and how many; empty: it is no number."""
        what = schema.presented(self._dialect, _asked(wanted), wanted.numbers, wanted.limit, most)
        return [(number, count) for number, count in self._rows(*what)]

    def would(self, wanted: Wanted) -> list[Would]:
        """Count what rules in shadow would have done with what a search would find."""
        return [*map(Would._make, self._rows(*schema.would(_asked(wanted), wanted.numbers, wanted.limit)))]

    def naming(self, forms: tuple[str, ...]) -> list[int]:
        """Give decisions that name a number in one of its forms: in findings and Call-IDs, too, if it is a long one.

        It looks at the whole record.
        """
        found: set[int] = set()
        for form in forms:
            found.update(decision for (decision,) in self._rows(schema.OF_NUMBER, (form,)))
            if len(form) < _TELLING:
                continue
            whole = re.compile(rf"(?<![0-9*]){re.escape(form)}(?![0-9])")
            rows = self._rows(self._said(schema.NAMING), (form,))
            found.update(decision for decision, record in rows if whole.search(record))
        return sorted(found)

    def _said(self, statement: str) -> str:
        """Give a statement in the words of this kind of record."""
        return statement.format(**self._dialect._asdict())


def _asked(wanted: Wanted) -> dict[str, object]:
    return {name: value for name in schema.CONDITIONS if (value := getattr(wanted, name)) is not None}
