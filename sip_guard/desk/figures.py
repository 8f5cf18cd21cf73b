"""Figures of what a rule in shadow would have done: they say whether it would hit honest calls."""

import math
from collections import Counter
from typing import Final

import msgspec

LONG: Final = 60.0
"""Seconds beyond which hardly anybody talks to somebody whom he did not want to hear."""
DAY: Final = 86_400


class Figures(msgspec.Struct):
    """Calls that a rule would have acted on, and how they went on. It does not grow with their number."""

    calls: int = 0
    refused: int = 0
    """Those that another rule has refused or redirected all the same."""
    answered: int = 0
    long: int = 0
    """Those that lasted for more than a minute."""
    seconds: Counter[int] = msgspec.field(default_factory=Counter)
    """How many lasted so long, of those whose end is known."""

    def went(self, *, answered: bool, duration: float | None) -> None:
        """Count how a call went on; `duration`: None: it was not answered, or its end is not known."""
        self.answered += answered
        if answered and duration is not None:
            self.seconds[min(round(duration), DAY)] += 1
            self.long += duration > LONG

    def merge(self, more: "Figures") -> None:
        """Add what was counted of other calls."""
        self.calls += more.calls
        self.refused += more.refused
        self.answered += more.answered
        self.long += more.long
        self.seconds.update(more.seconds)

    @property
    def ended(self) -> int:
        """How many answered calls there are whose end is known."""
        return self.seconds.total()

    def within(self, share: float) -> int | None:
        """Give the seconds that this share of them did not last longer than; None: there are none."""
        left = math.ceil(share * self.ended)
        for seconds in sorted(self.seconds):
            left -= self.seconds[seconds]
            if left <= 0:
                return seconds
        return None

    def told(self) -> dict[str, object]:
        """Give them for programs."""
        return {
            "calls": self.calls,
            "refused": self.refused,
            "answered": self.answered,
            "ended": self.ended,
            "median_seconds": self.within(0.5),
            "p90_seconds": self.within(0.9),
            "over_a_minute": self.long,
        }
