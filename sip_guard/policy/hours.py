"""Times of the day."""

import re
from collections.abc import Iterable
from typing import Self

import msgspec

_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_DAY = 24 * 60

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday`."""


class Hours(msgspec.Struct, frozen=True):
    """One or several windows of the day."""

    windows: tuple[tuple[int, int], ...]
    """From one minute of the day to another, which is not in it any more; over midnight where the second is smaller."""

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read windows such as `22:00-06:00`. Raises ValueError."""
        return cls(tuple(map(_window, texts)))

    def __str__(self) -> str:
        """Give it as it is written in a rule."""
        return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in self.windows)

    def include(self, minute: int) -> bool:
        """Tell whether a minute of the day is in one of the windows."""
        return any(a <= minute < b if a < b else minute >= a or minute < b for a, b in self.windows)

    def covers(self, other: "Hours") -> bool:
        """Tell whether it includes all that `other` includes."""
        return all(self.include(minute) for minute in range(_DAY) if other.include(minute))


def _window(text: str) -> tuple[int, int]:
    found = _WINDOW.fullmatch(text)
    hour, minute, until, past = map(int, found.groups()) if found else (0, 0, 0, 0)
    start, end = hour * 60 + minute, until * 60 + past
    if start == end or end > _DAY:
        raise ValueError(f'`{text}` is no window of the day, such as "22:00-06:00" or "08:30-24:00"')
    return start, end
