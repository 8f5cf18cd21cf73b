"""A compiled list: a hash table of numbers and prefixes in a file that is mapped, not read.

An entry takes 26 octets, whatever it says, because what rows have in common is kept once. A look-up touches a few of
them, the same for ten entries and for ten million, and no Python object is made for an entry. Most numbers are on no
list: for them one octet of a filter (Bloom, CACM 13/7) is touched, of which there is one a slot.
"""

import mmap
import struct
from array import array
from collections.abc import Sequence
from math import gcd
from pathlib import Path
from typing import BinaryIO

import msgspec

from sip_guard.lists.listing import Listing
from sip_guard.number import MAX_USER

MAX_DIGITS = 15
"""Of a number or prefix (E.164 6)."""
CELL_DIGITS = 5
"""For each start of so many digits the file says how long the prefixes there are: mostly there is none."""
MARKS = 8
"""Bits of the filter for each slot. An entry marks one of them at its slot, where it is looked for first."""
MAX_DECODED = 4096
"""Listings that are kept as objects, of those that calls had."""

_FORMAT = 0x5349504C49535402
"""Says what the file is, and by its order of octets on what kind of machine it was made."""
_TENS = tuple(int(f"1{'0' * zeros}") for zeros in range(MAX_USER + 1))
_HEAD = struct.Struct("=Q32sQQQQQ")


def key(digits: str, *, prefix: bool = False) -> int:
    """Give what an entry is found by: its digits, negative for a prefix.

    E.164 numbers do not begin with 0, so the number says how many digits it has.
    """
    return -int(digits) if prefix else int(digits)


class Compiler:
    """The table while it is filled."""

    def __init__(self, most: int) -> None:
        """Make room for at most so many entries."""
        self._size = most + most // 2 + 1
        self._step = _step(MARKS * self._size)
        self._table = array("q", bytes(16)) * self._size
        self._marks = array("B", bytes(1)) * self._size
        self._cells = array("H", bytes(2)) * 10**CELL_DIGITS
        self._entries = 0
        self.prefixes = 0

    def add(self, keys: Sequence[int], places: Sequence[int]) -> list[int]:
        """Put entries in, each a key and the place of its Listing. Give the index of those whose key is there already.

        What is there stays as it is, until `move` changes it.
        """
        table, marks, size, step, there_already = self._table, self._marks, self._size, self._step, []
        hashes = [key * step % (MARKS * size) for key in keys]
        for index, (hashed, key, place) in enumerate(zip(hashes, keys, places, strict=True)):
            slot = hashed // MARKS
            marks[slot] |= 1 << hashed % MARKS
            while (there := table[2 * slot]) != 0:
                if there == key:
                    there_already.append(index)
                    break
                slot = slot + 1 if slot + 1 < size else 0
            else:
                table[2 * slot] = key
                table[2 * slot + 1] = place
                if key < 0:
                    self._cover(-key)
        self._entries += len(keys) - len(there_already)
        return there_already

    @property
    def numbers(self) -> int:
        """Tell how many entries are numbers."""
        return self._entries - self.prefixes

    def _cover(self, start: int) -> None:
        """Take note of a prefix in the cells of the numbers that it covers."""
        self.prefixes += 1
        length = len(str(start))
        first = _cell(start, length)
        for cell in range(first, first + 10 ** max(CELL_DIGITS - length, 0)):
            self._cells[cell] |= 1 << length

    def place(self, key: int) -> int:
        """Give the place of the Listing that an entry has."""
        return self._table[2 * self._slot(key) + 1]

    def move(self, key: int, place: int) -> None:
        """Give an entry that is there another Listing."""
        self._table[2 * self._slot(key) + 1] = place

    def _slot(self, key: int) -> int:
        return _slot(self._table, self._marks, self._size, self._step, key)

    def write(self, file: BinaryIO, made_of: bytes, listings: Sequence[Listing]) -> None:
        """Write all of it. `made_of`: 32 octets that say what it was compiled of."""
        texts = [msgspec.msgpack.encode(listing) for listing in listings]
        ends = array("Q", [0])
        for text in texts:
            ends.append(ends[-1] + len(text))
        head = (self._size, self.numbers, self.prefixes, len(texts), ends[-1])
        file.write(_HEAD.pack(_FORMAT, made_of, *head))
        self._table.tofile(file)
        ends.tofile(file)
        self._cells.tofile(file)
        self._marks.tofile(file)
        file.writelines(texts)


class Compiled:
    """A list that is looked up. Its memory is the system's cache of the file, given back with the last reference."""

    def __init__(self, path: Path) -> None:
        """Map a file that `Compiler` wrote. Raises OSError, and ValueError where it is none."""
        with path.open("rb") as file:
            octets = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(octets) < _HEAD.size:
            raise ValueError(f"{path} is no compiled list")
        form, self.made_of, size, self.numbers, self.prefixes, count, length = _HEAD.unpack_from(octets)
        whole = memoryview(octets)
        parts = (16 * size, 8 * (count + 1), 2 * 10**CELL_DIGITS, size, length)
        if form != _FORMAT or size == 0 or _HEAD.size + sum(parts) != len(whole):
            raise ValueError(f"{path} is no compiled list, or only a part of one")
        ends = [_HEAD.size]
        for part in parts:
            ends.append(ends[-1] + part)
        self._size, self._hashes, self._step = size, MARKS * size, _step(MARKS * size)
        self._table = whole[ends[0] : ends[1]].cast("q")
        self._ends = whole[ends[1] : ends[2]].cast("Q")
        self._cells = whole[ends[2] : ends[3]].cast("H")
        self._marks = whole[ends[3] : ends[4]]
        self._texts = whole[ends[4] : ends[5]]
        self._decoded: dict[int, Listing] = {}

    def find(self, digits: str, now: float) -> tuple[Listing, int] | None:
        """Give what is said of a canonical number at a moment in seconds since the epoch, and by how many digits.

        The entry of the number itself counts; without one the longest prefix. What has expired does not count.
        """
        length = len(digits)
        # `int` would read `1_2` and `-12`, too.
        if length > MAX_USER or not (digits.isdecimal() and digits.isascii()):
            return None
        number = int(digits)
        # As in `_slot`: every call comes by here, mostly in vain, and a call of a function costs as much as the look.
        hashed = number * self._step % self._hashes
        slot = hashed // MARKS
        if self._marks[slot] >> hashed % MARKS & 1 and digits[0] != "0":
            table = self._table
            while (there := table[2 * slot]) != number and there:
                slot = slot + 1 if slot + 1 < self._size else 0
            if there:
                place = table[2 * slot + 1]
                listing = self._decoded.get(place) or self._listing(place)
                if not listing.expires or now < listing.expires:
                    return listing, length
        first = number // _TENS[length - CELL_DIGITS] if length > CELL_DIGITS else _cell(number, length)
        lengths = self._cells[first]
        while lengths:
            longest = lengths.bit_length() - 1
            lengths ^= 1 << longest
            if longest <= length:
                slot = _slot(self._table, self._marks, self._size, self._step, -(number // _TENS[length - longest]))
                if slot >= 0:
                    listing = self._listing(self._table[2 * slot + 1])
                    if listing.counts(now):
                        return listing, longest
        return None

    def _listing(self, place: int) -> Listing:
        listing = self._decoded.get(place)
        if listing is None:
            if len(self._decoded) >= MAX_DECODED:
                self._decoded.clear()
            listing = msgspec.msgpack.decode(self._texts[self._ends[place] : self._ends[place + 1]], type=Listing)
            self._decoded[place] = listing
        return listing


def _cell(number: int, length: int) -> int:
    """Give the cell of a number by its first digits."""
    if length > CELL_DIGITS:
        return number // _TENS[length - CELL_DIGITS]
    return number * _TENS[CELL_DIGITS - length]


def _step(size: int) -> int:
    """Give what keys are multiplied by, modulo `size`, to be spread over it.

    It is near the golden ratio, which takes numbers in a row far from each other (Knuth, TAOCP 3, 6.4).
    """
    step = int(size * 0.6180339887498949)
    while gcd(step, size) != 1:
        step += 1
    return step


def _slot(
    table: "memoryview[int] | array[int]", marks: "memoryview[int] | array[int]", size: int, step: int, key: int
) -> int:
    """Give the slot of an entry; -1: there is none."""
    hashed = key * step % (MARKS * size)
    slot = hashed // MARKS
    if not marks[slot] >> hashed % MARKS & 1:
        return -1
    while there := table[2 * slot]:
        if there == key:
            return slot
        slot = slot + 1 if slot + 1 < size else 0
    return -1
