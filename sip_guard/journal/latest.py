"""The latest decisions in memory: what there is to look at where no record is kept, or it cannot be read."""

from collections import deque
from typing import Final

from sip_guard.journal.file import FileStore
from sip_guard.journal.journal import Journal
from sip_guard.journal.queue import Decided, Waiting
from sip_guard.journal.row import Answer, End, Fields, Row
from sip_guard.journal.store import Store

MOST: Final = 1000
"""Decisions, and what became of calls, that are remembered: some 4 MB."""


class Latest:
    """Remembers what passes on its way to the record."""

    def __init__(self, journal: Journal | None) -> None:
        """None: no record is kept."""
        self._journal = journal
        self._entries: deque[Waiting] = deque(maxlen=MOST)

    def decided(self, call: int, at: float, fields: Fields) -> None:
        """Take a decision at `at` (seconds since the epoch), by the number `call`, which no other has."""
        self._entries.append(Decided(call, at, fields))
        if self._journal is not None:
            self._journal.decided(call, at, fields)

    def answered(self, call: int, code: int, at: float) -> None:
        """Take the final answer to a call that was let through."""
        self._entries.append(Answer.of(call, code, at))
        if self._journal is not None:
            self._journal.answered(call, code, at)

    def ended(self, call: int, duration: float) -> None:
        """Take how many seconds a call lasted from its answer on."""
        self._entries.append(End(duration, call))
        if self._journal is not None:
            self._journal.ended(call, duration)

    def to_read(self) -> Store:
        """Give them as a record that is gone when it is closed. May be asked for in another thread."""
        # One operation of the interpreter, and so whole to the other thread without a lock.
        entries = list(self._entries)
        store = FileStore.in_memory()
        store.add([Row.of(*entry) for entry in entries if isinstance(entry, Decided)])
        store.went([entry for entry in entries if not isinstance(entry, Decided)])
        return store
