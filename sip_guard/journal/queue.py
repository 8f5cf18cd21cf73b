"""Decisions, and how calls went on, on their way from the reactor to the file."""

from collections import deque
from typing import NamedTuple

from sip_guard.journal.row import Answer, End, Fields


class Decided(NamedTuple):
    """A decision that is not a row yet."""

    call: int
    """Its number, which no other has."""
    at: float
    """When it was taken, in seconds since the epoch."""
    fields: Fields


Waiting = Decided | Answer | End
"""What the queue holds: of a call in the order in which it happened."""


class Queue:
    """What waits to be written: one thread adds, one takes, and neither ever waits for the other."""

    def __init__(self, room: int) -> None:
        """`room` is how many entries may wait."""
        self._room = room
        self._waiting: deque[Waiting] = deque()
        self.dropped = 0
        """Entries that were not kept, for there was no room."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, entry: Waiting) -> bool:
        """Add an entry; False: there is no room, and it is dropped."""
        if len(self._waiting) >= self._room:
            self.dropped += 1
            return False
        # One operation of the interpreter, and so whole to the other thread without a lock.
        self._waiting.append(entry)
        return True

    def take(self) -> Waiting:
        """Take the oldest entry. Raises IndexError if there is none."""
        return self._waiting.popleft()
