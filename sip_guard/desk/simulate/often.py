"""Which numbers come most often, in memory that does not grow with how many there are.

Misra and Gries, "Finding repeated elements" (1982), in the form that can be merged (Agarwal and others, "Mergeable
summaries", 2012): when there are too many, as much is taken from each as leaves few enough, and those that have nothing
left are forgotten. So no number that comes often is lost, whenever it comes.
"""

from typing import Final

import msgspec

MOST: Final = 1000
"""Numbers that are left when some are forgotten; twice as many are kept until then."""


class Often(msgspec.Struct):
    """Words, and how often they came at least."""

    counts: dict[str, int] = {}
    missed: int = 0
    """What any word, one that is not here included, may have come more often at most. It is below 1/`MOST` of all."""

    def add(self, word: str) -> None:
        """Count a word."""
        self.counts[word] = self.counts.get(word, 0) + 1
        self._forget()

    def merge(self, later: "Often") -> None:
        """Add what came later."""
        counts = self.counts
        for word, count in later.counts.items():
            counts[word] = counts.get(word, 0) + count
        self.missed += later.missed
        self._forget()

    def most_common(self, most: int) -> list[tuple[str, int]]:
        """Give so many words at most, the one that came most often first."""
        return sorted(self.counts.items(), key=lambda item: -item[1])[:most]

    def _forget(self) -> None:
        if len(self.counts) > 2 * MOST:
            less = sorted(self.counts.values(), reverse=True)[MOST]
            self.counts = {word: count - less for word, count in self.counts.items() if count > less}
            self.missed += less
