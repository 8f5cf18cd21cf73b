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
LATE: Final = 3.5
"""After this a request other than INVITE gets a 100, for Timer E has come to T2 (RFC 4320 4.1)."""

Entry = tuple[float, int]
"""When to look at something, and a number of its own."""


class Timed(Protocol):
    """What has timers: at most one for sending again, and one for the end of its state."""

    resend_at: float | None
    expire_at: float | None
    entry: Entry | None
    """Its place in the heap; for `Timers` alone."""


T = TypeVar("T", bound=Timed)


class Timers(Generic[T]):
    """When something is due. It has one live entry each."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._live: dict[int, T] = {}
        self._serial = 0

    def watch(self, timed: T) -> None:
        """Take note of the timers of `timed` after they were set.

        A timer that was put off, or stopped, keeps its early entry: looking in vain costs less than one more entry.
        """
        resend, expire, entry = timed.resend_at, timed.expire_at, timed.entry
        due = expire if resend is None or (expire is not None and expire < resend) else resend
        if due is None or (entry is not None and entry[0] <= due):
            return
        if entry is not None:
            del self._live[entry[1]]
        self._serial += 1
        timed.entry = due, self._serial
        self._live[self._serial] = timed
        heapq.heappush(self._heap, timed.entry)

    def forget(self, timed: T) -> None:
        """Let go of what has no timer any more."""
        if timed.entry is not None:
            del self._live[timed.entry[1]]
            timed.entry = None

    def next(self) -> float | None:
        """Give the time at which something may be due."""
        while self._heap and self._heap[0][1] not in self._live:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[T]:
        """Take out what has a timer at or before `now`. What is done with it ends with another `watch`."""
        found: list[T] = []
        while self._heap and self._heap[0][0] <= now:
            timed = self._live.pop(heapq.heappop(self._heap)[1], None)
            if timed is None:
                continue
            timed.entry = None
            resend, expire = timed.resend_at, timed.expire_at
            if (resend is not None and resend <= now) or (expire is not None and expire <= now):
                found.append(timed)
            else:
                self.watch(timed)
        return found
