"""Which numbers the calls of a trunk may show: from `may_present` to a table."""

from pathlib import Path

from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.config.numbers import beginning, listed
from sip_guard.plans.blocks import Block, Blocks
from sip_guard.plans.code_list import LAYOUTS


def read(trunks: tuple[options.Trunk, ...], folder: Path, faults: Faults) -> dict[str, Blocks]:
    """Give what trunks may present, by their name; one that may present any number is not in it."""
    read = {item.name: _permitted(item, folder, faults, f"trunks[{i}]") for i, item in enumerate(trunks)}
    return {name: blocks for name, blocks in read.items() if blocks is not None}


def _permitted(item: options.Trunk, folder: Path, faults: Faults, at: str) -> Blocks | None:
    owned = [beginning(text, faults, f"{at}.owned_numbers[{i}]") for i, text in enumerate(item.owned_numbers)]
    own = dict.fromkeys(owned, Block(allocated=True))
    if item.may_present == "any":
        if owned:
            faults.add(f"{at}.owned_numbers", "would have no effect; say `may_present: owned`, or a list")
        return None
    if item.may_present == "owned":
        if not owned:
            faults.add(f"{at}.may_present", "`owned` needs `owned_numbers`: without one no call could show any number")
        return Blocks.of(own)
    named = listed(folder / item.may_present.list, LAYOUTS["international"], faults, f"{at}.may_present.list")
    return Blocks.of(own | (named[0] if named is not None else {}))
