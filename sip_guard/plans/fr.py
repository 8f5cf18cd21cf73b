"""France: +33.

The overseas departments have country codes of their own (262, 590, 594, 596), but their numbers are in the French plan,
and a national number of theirs looks as if it were of +33.

Sources: ARCEP, decision 2018-0881 of 24 July 2018 (national numbering plan) as amended; the metadata of phonenumbers
9.0 (2026). How sure: H official, M one secondary source, L memory.
"""

from sip_guard.plans.reading import Kind, Originates, Range, Ranges, Reading

OVERSEAS = {
    prefix: code
    for code, prefixes in (
        ("262", "262 263 269 639 692 693"),
        ("590", "590 690 691"),
        ("594", "594 694"),
        ("596", "596 696 697"),
    )
    for prefix in prefixes.split()
}
"""How the national numbers of the overseas departments begin (M), and their country code."""


def _range(kind: Kind, *lengths: int, country: str = "FR", originates: Originates = "yes", why: str = "") -> Range:
    return Range(Reading(kind, frozenset({country}), originates, why), lengths or (9,))


_PREMIUM = "charged above an ordinary call; not to be presented"
_DRAMA = "kept for films and drama"
_RANGES: dict[str, Range] = {
    **dict.fromkeys("12345", _range("geographic")),  # H: of no fixed area since 2023
    "6": _range("mobile"),  # H
    "7": _range("mobile"),  # H
    "700": _range("service", 13),  # M: from machine to machine
    "8": _range("shared-cost", originates="doubtful", why=_PREMIUM),  # M
    "80": _range("freephone"),  # H
    **dict.fromkeys(("806", "807", "808", "809"), _range("non-geographic")),  # H
    "89": _range("premium", originates="doubtful", why=_PREMIUM),  # M
    "9": _range("non-geographic"),  # H
}
_RANGES |= {  # M
    prefix: _range("mobile" if prefix.startswith("6") else "geographic", country=country)
    for country, prefixes in (
        ("RE", "262 263 692 693"),
        ("YT", "269 639"),
        ("GP", "590 690 691"),
        ("GF", "594 694"),
        ("MQ", "596 696 697"),
    )
    for prefix in prefixes.split()
}
_RANGES |= {  # M
    prefix: _range("mobile" if prefix.startswith("6") else "geographic", originates="doubtful", why=_DRAMA)
    for prefix in ("19900", "26191", "35301", "46571", "53649", "63998")
}

_OTHERS = _range("unknown")  # H: nine digits

read = Ranges("33", _RANGES, _OTHERS).read
"""Say what the plan does about a number that begins with 33."""
