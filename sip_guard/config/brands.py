"""Names that are protected, from the file to what names of callers are compared with."""

from sip_guard.checks.display_name import Brand
from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.config.numbers import beginning
from sip_guard.lookalike import MAX_TEXT, words

_SHORTEST = 3
"""Letters of a name that says anything."""


def read(given: tuple[options.Brand, ...], faults: Faults) -> tuple[Brand, ...]:
    """Give the brands, the first that fits counts."""
    faults.distinct("brands", [item.name for item in given])
    return tuple(_read(item, faults, f"brands[{i}]") for i, item in enumerate(given))


def _read(item: options.Brand, faults: Faults, at: str) -> Brand:
    also = (item.also,) if isinstance(item.also, str) else item.also
    places = ["also"] if isinstance(item.also, str) else [f"also[{i}]" for i in range(len(also))]
    for name, where in zip((item.name, *also), ("name", *places), strict=True):
        if len("".join(words(name))) < _SHORTEST or len(name) > MAX_TEXT:
            faults.add(f"{at}.{where}", f"`{name[:MAX_TEXT]}` is no name of {_SHORTEST} to {MAX_TEXT} letters")
    numbers = (item.numbers,) if isinstance(item.numbers, str) else item.numbers
    digits = tuple(
        beginning(number, faults, f"{at}.numbers" if isinstance(item.numbers, str) else f"{at}.numbers[{i}]")
        for i, number in enumerate(numbers)
    )
    return Brand.of((item.name, *also), digits, item.match)
