"""Blocks of numbers, and whose they are: the longest prefix that a number begins with says it."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Self

import msgspec

MAX_DIGITS = 15
"""Of an international number (E.164 6.1)."""
_ORDER = str.maketrans("0123456789", "123456789a")


class Block(msgspec.Struct, frozen=True):
    """What a list says of the numbers that begin alike."""

    allocated: bool
    holder: str = ""
    """Who got them first, for people: numbers are ported away. Empty: the list does not say."""


class Blocks:
    """Many blocks in little room: they become stretches of numbers that follow each other, 16 octets each."""

    def __init__(
        self, count: int, starts: "array[int]", owners: "array[int]", blocks: tuple[Block | None, ...]
    ) -> None:
        """Take what `of` made of `count` blocks: from `starts[i]` on, `blocks[owners[i]]` holds."""
        self._count = count
        self._starts = starts
        self._owners = owners
        self._blocks = blocks

    @classmethod
    def of(cls, listed: Mapping[str, Block], covered: Iterable[str] = ()) -> Self:
        """Make them of blocks by their prefix, in international digits without `+`.

        `covered`: prefixes of which the list has every block, so that what does not stand there is not allocated.
        Of any other number, nothing is said.
        """
        free = Block(allocated=False)
        every = dict.fromkeys(covered, free) | dict(listed)
        places: dict[Block | None, int] = {None: 0}
        starts, owners = array("Q", [0]), array("Q", [0])
        open_ones: list[tuple[str, int]] = []

        def mark(start: int, owner: int) -> None:
            if starts[-1] == start:
                starts.pop()
                owners.pop()
            if not owners or owners[-1] != owner:
                starts.append(start)
                owners.append(owner)

        def close() -> None:
            prefix, _ = open_ones.pop()
            mark(_start(prefix) + _size(prefix), open_ones[-1][1] if open_ones else 0)

        for prefix in sorted(every):
            while open_ones and not prefix.startswith(open_ones[-1][0]):
                close()
            owner = places.setdefault(every[prefix], len(places))
            mark(_start(prefix), owner)
            open_ones.append((prefix, owner))
        while open_ones:
            close()
        return cls(len(listed), starts, owners, tuple(places))

    def __str__(self) -> str:
        """Say how many there are, for people."""
        return f"{self._count} blocks"

    def find(self, number: str) -> Block | None:
        """Give the block of a canonical number; None: nothing is said of it, or it is no international number."""
        if not number or len(number) > MAX_DIGITS or not number.isdecimal():
            return None
        return self._blocks[self._owners[bisect_right(self._starts, _start(number)) - 1]]


def _start(digits: str) -> int:
    """Give the place of a number in the order of words: what begins with it follows it, before what does not.

    An eleventh digit, below 0, stands for the end, so that 44 comes before 440.
    """
    return int(digits.translate(_ORDER).ljust(MAX_DIGITS, "0"), 11)


def _size(prefix: str) -> int:
    """Give how many places there are for what begins with a prefix."""
    size: int = 11 ** (MAX_DIGITS - len(prefix))
    return size
