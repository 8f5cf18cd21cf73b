"""Regulators' lists of number blocks, as CSV: from rows to blocks.

How sure the layouts are: the column names of `ofcom` and `arcep` agree in several programs that read those files, and
the files themselves were not at hand; those of `nanpa` and `nanpa-blocks` are from memory. A file that has other names
is refused with the names it has, and `columns` in the configuration sets them.
"""

import csv
import re
from io import StringIO

import msgspec

from sip_guard.plans import fr
from sip_guard.plans.blocks import MAX_DIGITS, Block

_SEPARATORS = re.compile(r"[\s\-]")
_DIGITS = re.compile(r"[0-9]+")


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list has what."""

    number: tuple[str, ...]
    """Columns that make up, one after the other, how the numbers of the block begin."""
    holder: str = ""
    """Column that names who got the block; empty: none."""
    status: str = ""
    """Column that says what the block is; empty: every block that is listed is allocated."""
    allocated: frozenset[str] = frozenset()
    """What stands there where the block is allocated, in lower case."""
    free: frozenset[str] = frozenset()
    """What stands there where it is not. Anything else is a fault: a new word must not stop calls."""
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    country_code: str = ""
    """What stands before a national number; empty: the numbers are international, with or without `+`."""
    trunk_prefix: str = ""
    """What national numbers begin with in the list, and not in international form. A block without it has numbers that
    cannot be reached from abroad, and is left out."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """National prefixes that have another country code, and that code."""
    covers: int = 0
    """The list has every block of the numbers whose first so many national digits stand in it anywhere; 0: of none."""


LAYOUTS = {
    # Ofcom, "Numbering data": S1.csv, S2.csv, S3.csv, S5.csv, S7.csv, S8.csv, S9.csv. S10 has short codes.
    "ofcom": Layout(
        number=("NMS Number Block: Number Block",),
        holder="CP Name",
        status="Block Status",
        allocated=frozenset({"allocated", "allocated(closed range)"}),
        free=frozenset(
            {
                "free",
                "free for allocation",
                "free for national dialling only",
                "designated",
                "protected",
                "quarantined",
                "reserved",
                "unavailable",
                "withdrawn",
            }
        ),
        country_code="44",
        covers=1,
    ),
    # NANPA, "Central Office Code Assignment Records", utilized codes.
    "nanpa": Layout(
        number=("NPA-NXX",),
        holder="Company",
        status="Use",
        allocated=frozenset({"as"}),
        free=frozenset({"ua", "av", "vc", "rv", "pr"}),
        delimiter="\t",
        country_code="1",
        covers=3,
    ),
    # Pooling administration, thousand blocks. They stand within the codes of `nanpa`, and say more.
    "nanpa-blocks": Layout(
        number=("NPA", "NXX", "X"),
        holder="Company",
        status="Status",
        allocated=frozenset({"as"}),
        free=frozenset({"av", "rt", "rv", "ua"}),
        country_code="1",
    ),
    # ARCEP, MAJNUM.csv: allocated blocks alone.
    "arcep": Layout(
        number=("EZABPQM",),
        holder="Mnémo",
        delimiter=";",
        encoding="cp1252",
        country_code="33",
        trunk_prefix="0",
        elsewhere=tuple(fr.OVERSEAS.items()),
        covers=1,
    ),
    # Any other list, made into this form.
    "international": Layout(number=("number",), holder="holder"),
}
"""The lists that are known, by name."""


def read(data: bytes, layout: Layout) -> tuple[dict[str, Block], frozenset[str]]:
    """Give the blocks of a list by prefix, and the prefixes of which it has every block (`Blocks.of` takes both).

    Raises ValueError with the line and what is wrong there: of a list that is wrong anywhere, nothing is used.
    """
    try:
        text = data.decode(layout.encoding)
    except ValueError as error:
        raise ValueError(f"it is not text in {layout.encoding}: {error}") from None
    rows = csv.reader(StringIO(text, newline=""), delimiter=layout.delimiter, strict=True)
    reader: _Reader | None = None
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if reader is None:
                reader = _Reader(row, layout)
            else:
                reader.take(row, rows.line_num)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"line {rows.line_num}: {error}") from None
    if reader is None or not reader.blocks:
        raise ValueError("there is no block in it")
    return reader.blocks, frozenset(reader.covered)


class _Reader:
    """Reads rows by the names in the first one."""

    def __init__(self, header: list[str], layout: Layout) -> None:
        names = [name.strip() for name in header]
        self.blocks: dict[str, Block] = {}
        self.covered: set[str] = set()
        self._lines: dict[str, int] = {}
        self._layout = layout
        self._number = [_column(names, name) for name in layout.number]
        self._holder = _column(names, layout.holder) if layout.holder else None
        self._status = _column(names, layout.status) if layout.status else None
        self._least = 1 + max((*self._number, self._holder or 0, self._status or 0))

    def take(self, row: list[str], line: int) -> None:
        """Read a row. Raises ValueError, also for a block that stood there before and was another's."""
        if len(row) < self._least:
            raise ValueError(f"{len(row)} columns, at least {self._least} are needed")
        prefix, covered = self._prefix("".join(row[i] for i in self._number))
        allocated = self._status is None or self._allocated(row[self._status])
        holder = row[self._holder].strip() if self._holder is not None else ""
        block = Block(allocated, holder if allocated else "")
        if not prefix:
            return
        if self.blocks.setdefault(prefix, block) != block:
            raise ValueError(f"+{prefix} stands on line {self._lines[prefix]} already, and otherwise")
        self._lines.setdefault(prefix, line)
        if covered:
            self.covered.add(covered)

    def _prefix(self, text: str) -> tuple[str, str]:
        """Give the prefix in international digits, empty if it is left out, and what is covered by it."""
        layout = self._layout
        digits = _SEPARATORS.sub("", text)
        if not layout.country_code:
            digits = digits.removeprefix("+")
        if not _DIGITS.fullmatch(digits):
            raise ValueError(f"`{text}` is no beginning of numbers")
        if not digits.startswith(layout.trunk_prefix):
            return "", ""
        digits = digits.removeprefix(layout.trunk_prefix)
        code = next((code for begin, code in layout.elsewhere if digits.startswith(begin)), layout.country_code)
        if len(code + digits) > MAX_DIGITS or not digits:
            raise ValueError(f"`{text}` is no beginning of numbers: it has {len(digits)} digits")
        covers = code + digits[: layout.covers] if layout.covers and code == layout.country_code else ""
        return code + digits, covers if len(digits) >= layout.covers else ""

    def _allocated(self, text: str) -> bool:
        status = " ".join(text.lower().split())
        if status in self._layout.allocated:
            return True
        if status in self._layout.free:
            return False
        known = ", ".join(sorted(self._layout.allocated | self._layout.free))
        raise ValueError(f"status `{text}` is not known as allocated or free; those known are: {known}")


def _column(names: list[str], name: str) -> int:
    if name not in names:
        raise ValueError(f"there is no column `{name}`; the columns are: {', '.join(names)}")
    return names.index(name)
