"""Where decisions are read: in the record, or else in memory, and then it is said why."""

from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeVar

from sip_guard.journal.latest import MOST, Latest
from sip_guard.journal.opening import to_read
from sip_guard.journal.options import Place
from sip_guard.journal.store import Store
from sip_guard.journal.trouble import Unusable

PATIENCE: Final = 5.0
"""Seconds that searches for a page may take together."""

_T = TypeVar("_T")


class Source:
    """Asks for decisions: not on the reactor's thread."""

    def __init__(self, place: Place | None, latest: Latest) -> None:
        """None: no record is kept."""
        self._place = place
        self._latest = latest

    def ask(self, ask: Callable[[Store], _T]) -> tuple[_T, str]:
        """Give what is found, and why that is not of the record, for people; empty: it is."""
        if self._place is None:
            return self._remembered(ask), f"No record is kept: what is shown are the last {MOST} decisions in memory."
        try:
            with closing(to_read(self._place, PATIENCE)) as store:
                return ask(store), ""
        except (Unusable, OSError) as error:
            why = "it is not there yet" if isinstance(error, FileNotFoundError) else str(error)
            told = f"The record {self._place} cannot be read: {why}. "
            return self._remembered(ask), told + f"What is shown are the last {MOST} decisions in memory."

    def _remembered(self, ask: Callable[[Store], _T]) -> _T:
        with closing(self._latest.to_read()) as store:
            return ask(store)
