"""Delegate certificates (RFC 9060): no level of a chain gives away more than it has."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sip_guard.stir.tn_auth_list import Numbers, TnAuthList

Span = tuple[int, int, int]
"""Consecutive numbers: how many digits they have, the first, the last."""


def fault(lists: Sequence[TnAuthList | None]) -> str | None:
    """Say which level of a chain exceeds the one above it (RFC 9060 4); None if none does.

    `lists` are those of the certificates from the signer to the anchor, None where one has none. An issuer without a
    list may issue for anybody. One with a list may issue only what has a list too, with no more in it. Which numbers
    a service provider has stands in no certificate, so that whoever has a code may delegate any numbers.
    """
    return next((what for below, above in pairwise(lists) if above and (what := _excess(below, above))), None)


def _excess(below: TnAuthList | None, above: TnAuthList) -> str | None:
    if below is None:
        return "a CA without a TNAuthList was issued by one that has a list and may not speak for everybody"
    codes = set(below.spcs).difference(above.spcs)
    if codes:
        return f"the issuer may not delegate the service provider code {min(codes)}"
    numbers = None if above.spcs else _beyond(below.numbers, above.numbers)
    return None if numbers is None else f"the issuer may not delegate {numbers.count} number(s) from {numbers.start} on"


def _beyond(wanted: Iterable[Numbers], held: Sequence[Numbers]) -> Numbers | None:
    """Find numbers that are not all among those that are held. The work grows as the lists do, not as their product."""
    spans, others = _merged(held), {numbers.start for numbers in held if not numbers.start.isdigit()}
    for numbers in wanted:
        if not numbers.start.isdigit():
            if numbers.start not in others:
                return numbers
            continue
        size, first, last = _span(numbers)
        place = bisect_right(spans, (size, first, 10**size)) - 1
        if place < 0 or spans[place][0] != size or spans[place][2] < last:
            return numbers
    return None


def _merged(held: Iterable[Numbers]) -> list[Span]:
    """Sort ranges and numbers, those that touch or overlap as one: together they may cover what none covers alone."""
    merged: list[Span] = []
    for size, first, last in sorted(_span(numbers) for numbers in held if numbers.start.isdigit()):
        if merged and merged[-1][0] == size and first <= merged[-1][2] + 1:
            merged[-1] = (size, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((size, first, last))
    return merged


def _span(numbers: Numbers) -> Span:
    first = int(numbers.start)
    return len(numbers.start), first, first + numbers.count - 1
