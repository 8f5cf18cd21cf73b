"""What is remembered of callers, within bounds of time and memory."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Lately:
    """Different numbers of the last seconds: the newest, and of them no more than tell that there are enough."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[int, float] = {}
        """When each came last, the oldest first."""

    def __len__(self) -> int:
        """Give how many there are, as of the last that was added."""
        return len(self._last)

    def add(self, number: int, at: float, window: float, most: int) -> None:
        """Take note of a number at a time that is not before the last one. What is older than `window` goes."""
        last = self._last
        last.pop(number, None)
        last[number] = at
        while True:
            oldest = next(iter(last))
            if at - last[oldest] <= window and len(last) <= most:
                return
            del last[oldest]

    def around(self, number: int) -> int:
        """Count the numbers in a row, one greater than the other, that this one is among."""
        last = self._last
        low = high = number
        while low - 1 in last:
            low -= 1
        while high + 1 in last:
            high += 1
        return high - low + 1

    def over(self, at: float, window: float) -> bool:
        """Tell whether nothing of it counts any more."""
        return at - next(reversed(self._last.values())) > window


class Lengths:
    """Answered calls of the last seconds: whether each was short, and no more of them than tell that most were."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: deque[tuple[float, bool]] = deque()
        """When each ended, the oldest first, and whether it was short."""

    def __len__(self) -> int:
        """Give how many there are, as of the last that was added."""
        return len(self._ends)

    def add(self, at: float, window: float, most: int, *, short: bool) -> None:
        """Take note of a call that ended, not before the last one did. What is older than `window` goes."""
        ends = self._ends
        ends.append((at, short))
        while at - ends[0][0] > window or len(ends) > most:
            ends.popleft()

    def short(self, at: float, window: float) -> int:
        """Count the short ones that count at a time."""
        return sum(short for end, short in self._ends if at - end <= window)

    def over(self, at: float, window: float) -> bool:
        """Tell whether nothing of it counts any more."""
        return at - self._ends[-1][0] > window


class Kept(Protocol):
    """What is remembered of one caller; never empty."""

    def __len__(self) -> int:
        """Give how much it is."""

    def over(self, at: float, window: float) -> bool:
        """Tell whether nothing of it counts any more."""


K = TypeVar("K", bound=Kept)


class Callers(Generic[K]):
    """What is remembered of all callers: when it is too much, the ones that were silent longest are forgotten."""

    def __init__(self, new: Callable[[], K]) -> None:
        """Begin with nobody. `new` makes what is remembered of a caller who is new."""
        self._new = new
        self._kept: OrderedDict[int, K] = OrderedDict()
        """The one that was silent longest first."""
        self._size = 0

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self._kept)

    def get(self, caller: int) -> K | None:
        """Give what is remembered of a caller, to be looked at."""
        return self._kept.get(caller)

    def take(self, caller: int) -> K:
        """Give what is remembered of a caller, to be added to and then kept."""
        kept = self._kept.pop(caller, None)
        if kept is None:
            return self._new()
        self._size -= len(kept)
        return kept

    def keep(self, caller: int, kept: K, at: float, window: float, most: int) -> None:
        """Remember a caller, and let go of those who are over or too many: a few at a time, so that no call pays."""
        self._kept[caller] = kept
        self._size += len(kept)
        for _ in range(4):
            oldest, remembered = next(iter(self._kept.items()))
            if self._size <= most and not remembered.over(at, window):
                return
            del self._kept[oldest]
            self._size -= len(remembered)
            if not self._kept:
                return
