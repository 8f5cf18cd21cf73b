"""Says which decisions are too old, by a clock that may be wrong."""

from sip_guard.journal.options import DAY
from sip_guard.journal.store import Store


class Ageing:
    """Believes a clock that has gone on for a day without a jump, or that the record itself bears out.

    A clock that is set far forward would have all decisions be too old at once, and they cannot be had back. What
    bears it out is a decision that is between one and two days old by it. Where decisions are kept for a few days or
    less, a quarter of that time does for a day.
    """

    def __init__(self, days: float) -> None:
        """Decisions are kept for so many days."""
        self._kept = days * DAY
        self._while = min(DAY, self._kept / 4)
        self._ahead: float | None = None
        """Of the clock that never goes back, when it last was told; seconds."""
        self._since = 0.0

    def before(self, store: Store, now: float, wall: float) -> float:
        """Give the time (seconds since the epoch) before which decisions are too old; without end in the past: none.

        `now` is seconds of a clock that never goes back, `wall` those since the epoch. Raises Unusable.
        """
        ahead = wall - now
        if self._ahead is None or abs(ahead - self._ahead) > self._while:
            self._ahead, self._since = ahead, now
        good = now - self._since >= self._while or store.any_between(wall - 2 * self._while, wall - self._while)
        return wall - self._kept if good else float("-inf")
