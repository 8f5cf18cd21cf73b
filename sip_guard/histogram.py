"""How often something took how long: a list of counters, cheap enough for every call."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence


class Histogram:
    """Counts values by the bounds that they do not exceed."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` in ascending order; what is beyond the last one is counted too."""
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0
        """Of all values."""

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Give each bound as Prometheus writes it, and how many values were not beyond it; `+Inf` is the last."""
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield bound, total
