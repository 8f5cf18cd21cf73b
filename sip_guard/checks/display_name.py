"""Whether a display name is that of a brand whose number the caller does not show.

Most telephones show the name larger than the number, or alone, and no token of the common kind signs it.
"""

from collections.abc import Sequence
from typing import Literal, Self

import msgspec

from sip_guard.call import Call, Code, Finding, Party
from sip_guard.lookalike import words

Match = Literal["whole", "word"]

BESIDE = frozenset(
    word
    for line in (
        "account accounts alert alerts and bank banking building business call calls card cards care centre center",
        "club co customer customers department dept desk direct from fraud group help helpdesk helpline limited",
        "ltd mobile of office online payments personal plc prevention protection secure security service services",
        "society support team telephone the uk verification verified",
    )
    for word in words(line)
)
"""Words beside a brand's name that make it no other name: `Example Bank Fraud Team` claims to be Example Bank."""


class Brand(msgspec.Struct, frozen=True):
    """A name that is protected, ready to be compared."""

    name: str
    """As the operator wrote it; it names the brand in findings."""
    spellings: tuple[tuple[str, ...], ...]
    """Its names, each the words that it looks like."""
    numbers: tuple[str, ...]
    """Digits that its numbers begin with; none: nobody who comes in from outside may have its name."""
    match: Match = "whole"

    @classmethod
    def of(cls, names: Sequence[str], numbers: tuple[str, ...], match: Match = "whole") -> Self:
        """Make one of its names, the first of which it is called by."""
        return cls(names[0], tuple(dict.fromkeys(words(name) for name in names)), numbers, match)

    def owns(self, party: Party) -> bool:
        """Tell whether the number that stands beside the name is the brand's."""
        return bool(self.numbers) and party.number is not None and party.number.startswith(self.numbers)

    def named(self, seen: tuple[str, ...]) -> bool:
        """Tell whether a name is this brand's; `seen`: the words it looks like.

        With `whole`, nothing stands beside it but what is in `BESIDE`: `Halifax Plumbing` is no bank. With `word` it
        may stand among any other words. Letters that stand apart, `B A R C L A Y S`, are one word.
        """
        if self.match == "word":
            together = [*seen, "".join(word for word in seen if len(word) == 1)]
            return any(_among(spelling, together) for spelling in self.spellings)
        joined = "".join(seen)
        return any(_whole("".join(spelling), joined) for spelling in self.spellings)


class DisplayNameCheck:
    """Looks at the names in From and in what the network asserts."""

    name = "display-name"

    def __init__(self, brands: Sequence[Brand]) -> None:
        """`brands`: names that are protected, the first that fits counts."""
        self._brands = brands

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each field that has a brand's name beside another number."""
        found = []
        for field, party in call.shown():
            seen = words(party.name) if party.name else ()
            brand = next((brand for brand in self._brands if brand.named(seen)), None) if seen else None
            if brand is not None and not brand.owns(party):
                about = (("field", field), ("brand", brand.name))
                detail = f"{field}: the name looks like {brand.name}, and the number is none of theirs"
                found.append(Finding(Code.BRAND_NAME, detail, particulars=about))
        return found


def _among(spelling: tuple[str, ...], seen: Sequence[str]) -> bool:
    """Tell whether words stand one after the other among others, or together as one."""
    count = len(spelling)
    joined = "".join(spelling)
    return joined in seen or any(tuple(seen[i : i + count]) == spelling for i in range(len(seen) - count + 1))


def _whole(brand: str, joined: str) -> bool:
    """Tell whether letters are those of a brand, with none before and after them but of words in `BESIDE`."""
    start = joined.find(brand)
    while start >= 0:
        if _beside(joined[:start]) and _beside(joined[start + len(brand) :]):
            return True
        start = joined.find(brand, start + 1)
    return False


def _beside(joined: str) -> bool:
    """Tell whether letters are words of `BESIDE`, one after the other. Its time grows with their number and no more."""
    ends = {0}
    for start in range(len(joined)):
        if start in ends:
            ends |= {start + len(word) for word in BESIDE if joined.startswith(word, start)}
    return len(joined) in ends
