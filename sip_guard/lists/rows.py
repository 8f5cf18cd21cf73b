"""Reads the rows of a list from CSV (RFC 4180, with comments)."""

import csv
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec

from sip_guard.lists.compiled import key
from sip_guard.lists.listing import MAX_TEXT, Listing, Scope, expiry
from sip_guard.lists.reading import Columns, Reading
from sip_guard.number import DialPlan, international, internationals, leading

MAX_FAULTS = 10
"""That are looked for; the first is enough to refuse a list."""
BATCH = 4096
"""Lines that are read at a time."""
FEW = 8
"""Lines that are not worth to be read at once."""
MAX_FIELD = 4096
"""Characters of a field."""
MAX_LISTINGS = 250_000
"""Different combinations of owner, source, expiry and scope."""

_COMMON = ("owner", "source", "expires", "scope")


class Batch(NamedTuple):
    """Some rows: what the table takes of each, and the line that it stands on."""

    keys: list[int]
    places: list[int]
    """Of what they say, in the listings."""
    lines: Sequence[int]


class Rows:
    """The rows of one file. What is wrong is collected in `faults`, and then nothing of the file counts."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path = path
        self._reading = reading
        self._plan = DialPlan(reading.country)
        self._columns: dict[str, int] = {}
        self._width = 0
        self._pick: Callable[[list[str]], object] = tuple
        self._places: dict[object, int] = {}
        self._known: dict[Listing, int] = {}
        self.listings: list[Listing] = []
        self.faults: list[str] = []
        self.unread: tuple[str, ...] = ()
        """Names of columns that mean nothing here."""

    def fault(self, line: int, problem: str) -> None:
        """Take note of a fault."""
        shown = "".join(c if c.isprintable() else "?" for c in problem[:500])
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(f"{self._path}:{line}: {shown}")

    def batches(self) -> Iterator[Batch]:
        """Give all rows, until there are enough faults."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._batches(file)
        except UnicodeDecodeError:
            self.fault(_not_utf8(self._path), "is no UTF-8; save the file as CSV UTF-8")
        except OSError as error:
            self.faults.append(f"{self._path} cannot be read: {error.strerror}")

    def _batches(self, file: TextIO) -> Iterator[Batch]:
        csv.field_size_limit(MAX_FIELD)
        line = 0
        for line, text in enumerate(file, 1):
            header = self._row(text, line)
            if header:
                self._header(header, line)
                break
        else:
            self.fault(1, "is empty: the first row has to name the columns")
        line += 1
        # A header that is wrong makes all rows wrong.
        while self._columns and len(self.faults) < MAX_FAULTS and (texts := list(islice(file, BATCH))):
            yield self._batch(texts, line)
            line += len(texts)

    def _batch(self, texts: list[str], first: int) -> Batch:
        """Read some lines: all at once where there is nothing about them that asks for a closer look."""
        lines: Sequence[int] = range(first, first + len(texts))
        rows = self._regular(texts)
        if rows is None:
            each = [(line, row) for line, text in zip(lines, texts, strict=True) if (row := self._row(text, line))]
            whole = [(line, row) for line, row in each if self._is_whole(row, line)]
            lines, rows = [line for line, _ in whole], [row for _, row in whole]
        keys = self._keys(rows, lines)
        places = [self._places.get(common, -1) for common in map(self._pick, rows)]
        if -1 in places:
            places = list(map(self._place, rows, lines))
        return Batch([], [], []) if self.faults else Batch(keys, places, lines)

    def _regular(self, texts: list[str]) -> list[list[str]] | None:
        """Read lines as CSV, if each of them is a row like the others."""
        if any(text[0] == "#" for text in texts):
            return None
        joined = "".join(texts)
        if '"' in joined:
            try:
                rows = list(csv.reader(texts, delimiter=self._reading.delimiter, strict=True))
            except csv.Error:
                return None
        else:
            # Without quotes there is nothing to CSV, and this takes a third of the time.
            lines = joined.splitlines()
            rows = [] if "" in lines else [line.split(self._reading.delimiter) for line in lines]
        return rows if len(rows) == len(texts) and set(map(len, rows)) == {self._width} else None

    def _is_whole(self, row: list[str], line: int) -> bool:
        if len(row) != self._width:
            self.fault(line, f"has {len(row)} fields, and the header has {self._width}; check the quotes")
        return len(row) == self._width

    def _keys(self, rows: list[list[str]], lines: Sequence[int]) -> list[int]:
        """Give the keys of rows: as many at once as are plain numbers, the others one by one."""
        plain = self._plain(rows)
        if plain is not None:
            return plain
        if len(rows) <= FEW:
            return list(map(self._key, rows, lines))
        half = len(rows) // 2
        return self._keys(rows[:half], lines[:half]) + self._keys(rows[half:], lines[half:])

    def _plain(self, rows: list[list[str]]) -> list[int] | None:
        """Read the numbers of rows, if none is a prefix and all are plainly written."""
        number, prefix = self._columns.get("number", -1), self._columns.get("prefix", -1)
        if number < 0 or (prefix >= 0 and any(map(itemgetter(prefix), rows))):
            return None
        return internationals(list(map(itemgetter(number), rows)), self._plan)

    def _row(self, text: str, line: int) -> list[str]:
        """Give the fields of a line, none of an empty one, a comment and one that cannot be read, which is a fault."""
        if text[0] == "#":
            return []
        try:
            return next(csv.reader([text], delimiter=self._reading.delimiter, strict=True), [])
        except csv.Error as error:
            self.fault(line, f"cannot be read as CSV: {error}")
            return []

    def _header(self, header: list[str], line: int) -> None:
        """Find the columns."""
        names = [name.strip().lower() for name in header]
        shown = ", ".join(names)[:200]
        for option in msgspec.structs.fields(Columns):
            wanted = getattr(self._reading.columns, option.name)
            name = (wanted or option.name).strip().lower()
            if names.count(name) > 1:
                self.fault(line, f"two columns are called `{name}`; name one of them otherwise")
            elif name in names:
                self._columns[option.name] = names.index(name)
            elif wanted:
                near = get_close_matches(name, names, 1)
                meant = f"did you mean `{near[0]}`?" if near else f"there are: {shown}"
                self.fault(line, f"there is no column `{wanted}`, which `columns.{option.name}` names; {meant}")
        if not self.faults and not {"number", "prefix"} & set(self._columns):
            self.fault(line, f"no column is called `number` or `prefix`; set `columns` (there are: {shown})")
        if self.faults:
            self._columns = {}
        self.unread = tuple(name for i, name in enumerate(names) if i not in self._columns.values())[:64]
        self._width = len(header)
        common = [self._columns[name] for name in _COMMON if name in self._columns]
        if common:
            self._pick = itemgetter(*common)
        else:
            self._pick = lambda _: ()

    def _key(self, row: list[str], line: int) -> int:
        """Give the key of a row; 0 if there is none, which is a fault."""
        column, start_column = self._columns.get("number", -1), self._columns.get("prefix", -1)
        text = row[column].strip() if column >= 0 else ""
        start = row[start_column].strip() if start_column >= 0 else ""
        if bool(text) == bool(start):
            self.fault(line, "has a number and a prefix; keep one of them" if text else "has no number")
            return 0
        is_prefix = not text or text[-1] == "*"
        if is_prefix:
            digits = leading((text or start).removesuffix("*"), self._plan)
        else:
            digits = international(text, self._plan)
        if digits is None:
            country = self._plan.country
            national = f" or as a number of {country}" if country else "; for national numbers set `country`"
            kind, example = ("prefix", "+4420*") if is_prefix else ("number", "+442079460000")
            shown = f"`{(text or start)[:MAX_TEXT]}` is no telephone {kind}"
            self.fault(line, f"{shown}; write it as {example}{national}")
            return 0
        return key(digits, prefix=is_prefix)

    def _place(self, row: list[str], line: int) -> int:
        """Give the place of what a row says besides its number; -1 if it is wrong."""
        common = self._pick(row)
        known = self._places.get(common)
        if known is not None:
            return known
        listing = self._listing({name: row[i].strip() for name, i in self._columns.items()}, line)
        if listing is None:
            return -1
        if len(self._places) >= MAX_LISTINGS:
            self.fault(line, f"there are more than {MAX_LISTINGS} combinations of owner, source, expiry and scope")
            return -1
        place = self._places[common] = self._known.setdefault(listing, len(self.listings))
        if place == len(self.listings):
            self.listings.append(listing)
        return place

    def _listing(self, said: dict[str, str], line: int) -> Listing | None:
        reading = self._reading
        owner, source = said.get("owner") or reading.owner, said.get("source") or reading.source
        for name, text in (("owner", owner), ("source", source)):
            if len(text) > MAX_TEXT or not text.isprintable():
                self.fault(line, f"the {name} is longer than {MAX_TEXT} characters, or cannot be printed")
                return None
        try:
            scope = Scope.parse(said.get("scope") or reading.scope)
            listing = Listing(owner, source, expiry(said.get("expires", "")), scope)
        except ValueError as error:
            self.fault(line, str(error))
            return None
        strangers = set(scope.names) - set(reading.trunks or ()) if scope.kind == "trunks" else set()
        if reading.trunks is not None and strangers:
            self.fault(
                line, f"there is no trunk `{min(strangers)}`, expected one of: {', '.join(sorted(reading.trunks))}"
            )
            return None
        return listing


def _not_utf8(path: Path) -> int:
    """Find the first line that is no UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
