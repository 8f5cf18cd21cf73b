"""The timers of RFC 3261 17 and RFC 6026, all in one heap."""

import heapq
from typing import Final, Generic, Protocol, TypeVar

T1: Final = 0.5
"""Estimate of the round-trip time, in seconds (RFC 3261 17.1.1.1)."""
T2: Final = 4.0
"""Longest interval between two sendings of a non-INVITE request or of an INVITE's answer."""
T4: Final = 5.0
"""How long a message stays in the network."""
TRANSACTION: Final = 64 * T1
"""Timers B, D, F, H, J, L and M."""
TIMER_C: Final = 185.0
"""How long a callee may ring without a further provisional answer: over three minutes (RFC 3261 16.6 step 11)."""


class Timed(Protocol):
    """What has timers: at most one for sending again, and one for the end of its state."""

    resend_at: float | None
    expire_at: float | None


T = TypeVar("T", bound=Timed)


class Timers(Generic[T]):
    """When something is due. Setting a timer again, or to None, makes the earlier entry void."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._serial = 0

    def watch(self, timed: T) -> None:
        """Take note of the timers of `timed` after they were set."""
        for due in (timed.resend_at, timed.expire_at):
            if due is not None:
                self._serial += 1
                heapq.heappush(self._heap, (due, self._serial, timed))

    def next(self) -> float | None:
        """Give the time at which something may be due."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[T]:
        """Take out what has a timer at or before `now`, each once."""
        found: dict[int, T] = {}
        while self._heap and self._heap[0][0] <= now:
            _, _, timed = heapq.heappop(self._heap)
            if _is_due(timed.resend_at, now) or _is_due(timed.expire_at, now):
                found.setdefault(id(timed), timed)
        return list(found.values())


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
