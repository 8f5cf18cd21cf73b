"""Decisions on their way from the reactor to the file."""

from collections import deque

from sip_guard.journal.row import Fields


class Queue:
    """What waits to be written: one thread adds, one takes, and neither ever waits for the other."""

    def __init__(self, room: int) -> None:
        """`room` is how many decisions may wait."""
        self._room = room
        self._waiting: deque[tuple[float, Fields]] = deque()
        self.dropped = 0
        """Decisions that were not kept, for there was no room."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, at: float, fields: Fields) -> bool:
        """Add a decision taken at `at` (seconds since the epoch); False: there is no room, and it is dropped."""
        if len(self._waiting) >= self._room:
            self.dropped += 1
            return False
        # One operation of the interpreter, and so whole to the other thread without a lock.
        self._waiting.append((at, fields))
        return True

    def take(self) -> tuple[float, Fields]:
        """Take the oldest decision. Raises IndexError if there is none."""
        return self._waiting.popleft()
