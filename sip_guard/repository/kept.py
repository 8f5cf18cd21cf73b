"""What was used last, within bounds."""

from collections import OrderedDict
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Kept(Generic[_T]):
    """The most recently used values by name: so many, and of so many octets in all."""

    def __init__(self, entries: int, octets: int = 0) -> None:
        """Keep at most this many `entries`, and `octets` of those whose size is told."""
        self._octets = 0
        self._entries: OrderedDict[str, tuple[_T, int]] = OrderedDict()
        self.bound(entries, octets)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str) -> _T | None:
        """Give a value, which is then the one used last."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        self._entries.move_to_end(name)
        return entry[0]

    def put(self, name: str, value: _T, octets: int = 0) -> list[str]:
        """Keep a value. Gives the names of those that had to make room for it."""
        self.drop(name)
        self._entries[name] = value, octets
        self._octets += octets
        return self._make_room()

    def bound(self, entries: int, octets: int = 0) -> list[str]:
        """Keep at most so many from now on. Gives the names of those that had to go."""
        self._most = entries
        self._most_octets = octets
        return self._make_room()

    def _make_room(self) -> list[str]:
        gone = []
        while len(self._entries) > self._most or self._octets > self._most_octets:
            oldest = next(iter(self._entries))
            self.drop(oldest)
            gone.append(oldest)
        return gone

    def offer(self, name: str, value: _T, octets: int = 0) -> bool:
        """Keep a value as the one used longest ago, if there is room and none of that name; tell whether there was."""
        full = len(self._entries) >= self._most or self._octets + octets > self._most_octets
        if full or name in self._entries:
            return False
        self._entries[name] = value, octets
        self._entries.move_to_end(name, last=False)
        self._octets += octets
        return True

    def drop(self, name: str) -> None:
        """Keep it no longer, if it is there."""
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._octets -= entry[1]

    def clear(self) -> None:
        """Keep nothing of it."""
        self._entries.clear()
        self._octets = 0
