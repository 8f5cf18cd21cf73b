"""The section `brands`: names that are protected, and what can be wrong with them."""

import pytest
from wrong import GOOD, Folder, changed

from sip_guard.checks.display_name import Brand


def brands(more: str) -> str:
    """Give a configuration with one brand, on line 3."""
    return changed("trunks:", f"brands: [{more}]\ntrunks:", GOOD)


def test_a_brand_has_names_and_numbers(folder: Folder) -> None:
    text = 'brands: [{name: Example Bank, also: EB Cards, numbers: ["+4420", "+44800"], match: word}]'
    config = folder.load(changed("trunks:", f"{text}\ntrunks:", GOOD))
    assert config.brands == (Brand.of(["Example Bank", "EB Cards"], ("4420", "44800"), "word"),)
    assert folder.load(GOOD).brands == ()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("{name: x}", "3: brands[0].name: `x` is no name of 3 to 256 letters"),
        ("{name: '...'}", "3: brands[0].name: `...` is no name of 3 to 256 letters"),
        ("{name: Example, also: [EX, '']}", "3: brands[0].also[0]: `EX` is no name of 3 to 256 letters"),
        ("{name: Example, also: E}", "3: brands[0].also: `E` is no name of 3 to 256 letters"),
        (
            '{name: Example, numbers: ["020"]}',
            '3: brands[0].numbers[0]: `020` is no beginning of international numbers, such as "+448979"',
        ),
        ("{name: Example}, {name: Example}", "3: brands[1]: the name `Example` is taken by an entry above"),
    ],
)
def test_what_is_wrong_is_told(folder: Folder, given: str, fault: str) -> None:
    assert folder.faults(brands(given))[0] == fault
