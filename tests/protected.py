"""A list of protected numbers, of any length, for benches."""

import random
from collections.abc import Iterator


def number(chance: random.Random) -> str:
    """Make one of twelve digits, which is neither British nor American as those of callers are."""
    return str(chance.randrange(5 * 10**11, 10**12))


def rows(count: int) -> Iterator[str]:
    """Make a list: scattered numbers of 2000 owners, and prefixes of four lengths."""
    yield "# Do not originate\nnumber,owner,source,expires,scope\n"
    chance = random.Random(count)
    for i in range(count):
        digits = f"{number(chance)[: 4 + i // 1000 % 4]}*" if i % 1000 == 0 else number(chance)
        yield f"+{digits},Bank {i % 2000},regulator,2027-12-31,nobody\n"
