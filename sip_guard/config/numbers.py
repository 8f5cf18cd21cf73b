"""What is found out about numbers: from names of lists to tables."""

import re
from pathlib import Path

import msgspec

from sip_guard.config import options
from sip_guard.config.fault import Faults, unknown
from sip_guard.config.files import read
from sip_guard.number import is_country
from sip_guard.peer import Trunk
from sip_guard.plans import DOMESTIC, code_list
from sip_guard.plans.blocks import Block, Blocks
from sip_guard.plans.code_list import LAYOUTS, Layout

Listed = tuple[dict[str, Block], frozenset[str]]
"""Blocks by their prefix, and the prefixes of which they are all."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of numbers, each part ready to be handed to one."""

    home: frozenset[str]
    permitted: Blocks | None
    allocations: Blocks | None


class Reader:
    """Reads `numbers`."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults

    def numbers(self, item: options.Numbers | None, trunks: tuple[Trunk, ...]) -> Numbers | None:
        """Give what the checks need; None: they are not wanted."""
        for i, trunk in enumerate(trunks):
            if trunk.origin in ("international_gateway", "roaming_verified") and not (item and item.home):
                self._faults.add(
                    f"trunks[{i}].origin",
                    "add `numbers.home`, the countries whose numbers are domestic, or it would have no effect",
                )
        if item is None:
            return None
        return Numbers(
            home=self._home(item.home),
            permitted=self._permitted(item.permitted),
            allocations=self._allocations(item.allocations),
        )

    def _home(self, given: options.Names) -> frozenset[str]:
        names = (given,) if isinstance(given, str) else given
        for i, name in enumerate(names):
            at = "numbers.home" if isinstance(given, str) else f"numbers.home[{i}]"
            if not is_country(name):
                self._faults.add(at, f"`{name}` is no ISO 3166-1 country code, such as GB")
            elif name not in DOMESTIC:
                self._faults.add(at, unknown("numbering plan known of", name, DOMESTIC))
        return frozenset().union(*(DOMESTIC.get(name, ()) for name in names))

    def _permitted(self, name: str | None) -> Blocks | None:
        if name is None:
            return None
        found = listed(self._folder / name, LAYOUTS["international"], self._faults, "numbers.permitted")
        return Blocks.of(found[0]) if found is not None else None

    def _allocations(self, given: tuple[options.CodeList, ...]) -> Blocks | None:
        blocks: dict[str, Block] = {}
        covered: set[str] = set()
        for i, item in enumerate(given):
            at = f"numbers.allocations[{i}]"
            found = listed(self._folder / item.file, self._layout(item, at), self._faults, f"{at}.file")
            if found is None:
                continue
            for prefix, block in found[0].items():
                if blocks.setdefault(prefix, block) != block:
                    self._faults.add(
                        f"{at}.file", f"+{prefix} stands in a list above too, and otherwise; leave out one"
                    )
                    break
            covered |= found[1]
        return Blocks.of(blocks, covered) if given else None

    def _layout(self, item: options.CodeList, at: str) -> Layout:
        given = {name: value for name, value in msgspec.structs.asdict(item.columns).items() if value is not None}
        if isinstance(given.get("number"), str):
            given["number"] = (given["number"],)
        for name in ("allocated", "free"):
            if name in given:
                given[name] = frozenset(" ".join(word.lower().split()) for word in given[name])
        layout = msgspec.structs.replace(LAYOUTS[item.layout], **given)
        if len(layout.delimiter) != 1 or layout.delimiter in ' "\r\n':
            self._faults.add(f"{at}.columns.delimiter", 'expected one character, such as ";" or "\\t"')
            layout = msgspec.structs.replace(layout, delimiter=",")
        if not _is_encoding(layout.encoding):
            self._faults.add(f"{at}.columns.encoding", f"`{layout.encoding}` is no encoding of text, such as utf-8")
            layout = msgspec.structs.replace(layout, encoding="latin-1")
        if layout.allocated & layout.free:
            both = min(layout.allocated & layout.free)
            self._faults.add(f"{at}.columns", f"`{both}` is both `allocated` and `free`")
        return layout


def listed(path: Path, layout: Layout, faults: Faults, at: str) -> Listed | None:
    """Read a list of numbers, or of how they begin; None if anything is wrong with it."""
    data = read(path, faults, at)
    if data is None:
        return None
    return faults.attempt(lambda octets: code_list.read(octets, layout), data, at, f"{path}: ")


def beginning(text: str, faults: Faults, at: str) -> str:
    """Give the digits that international numbers begin with, written with `+`."""
    if not re.fullmatch(r"\+[1-9][0-9]{2,14}", text):
        faults.add(at, f'`{text}` is no beginning of international numbers, such as "+448979"')
    return text.removeprefix("+")


def _is_encoding(name: str) -> bool:
    try:
        b"1,2".decode(name, "replace")
    except (LookupError, ValueError):
        return False
    return True
