"""The United Kingdom: +44, with Guernsey, Jersey and the Isle of Man.

Sources: Ofcom, National Telephone Numbering Plan (designations and lengths); Ofcom, guidance on the provision of CLI
facilities (2022, 2024; General Condition C6); Ofcom, numbers for use in TV and radio drama; the Crown dependencies'
ranges as in the metadata of phonenumbers 9.0 (2026), which follows Ofcom's lists. Each line says how sure it is: H
official, M one secondary source or practice, L memory.
"""

from sip_guard.plans.reading import Kind, Originates, Range, Ranges, Reading

DEPENDENCIES = frozenset({"GG", "JE", "IM"})
"""Crown dependencies: their calls may well come in from abroad, and they are not the United Kingdom."""


def _range(
    kind: Kind,
    *lengths: int,
    country: str = "GB",
    originates: Originates = "yes",
    why: str = "",
) -> Range:
    return Range(Reading(kind, frozenset({country}), originates, why), lengths)


_DRAMA = "kept for films and drama"
_DRAMA_RANGES: tuple[tuple[Kind, str], ...] = (
    (
        "geographic",
        "1134960 1144960 1154960 1164960 1174960 1184960 1214960 1314960 1414960 1514960 1614960 1914980 1632960 "
        "2079460 2896496 2920180",
    ),
    ("non-geographic", "3069990"),
    ("mobile", "7700900"),
    ("freephone", "8081570"),
    ("premium", "9098790"),
)
"""H: Ofcom's list of numbers that are given to nobody."""

_CHARGED = "charged above a geographic call; not to be presented"
_RANGES: dict[str, Range] = {
    "1": _range("geographic", 9, 10),  # H: some areas still have 9 digits
    "1481": _range("geographic", 10, country="GG"),  # M
    "1534": _range("geographic", 10, country="JE"),  # M
    "1624": _range("geographic", 10, country="IM"),  # M
    "2": _range("geographic", 10),  # H
    "3": _range("non-geographic", 10),  # H
    "4": _range("unknown"),  # M: reserved
    "500": _range("freephone"),  # H: withdrawn on 3 June 2017
    "55": _range("non-geographic", 10),  # H: corporate
    "56": _range("non-geographic", 10),  # H: location independent
    "6": _range("unknown"),  # M: reserved
    "7": _range("mobile", 10),  # H
    "70": _range("personal", 10, originates="doubtful", why="a personal number, which only forwards calls"),  # L
    "76": _range("pager", 10, originates="doubtful", why="a pager, which cannot call"),  # L
    "80": _range("freephone", 10),  # H
    "800": _range("freephone", 9, 10),  # H
    "8001111": _range("freephone", 7),  # H: Childline
    "84": _range("shared-cost", 10, originates="doubtful", why=_CHARGED),  # M
    "845464": _range("shared-cost", 7, originates="doubtful", why=_CHARGED),  # L: once NHS Direct
    "87": _range("shared-cost", 10, originates="doubtful", why=_CHARGED),  # M
    "8979": _range("inserted", 10),  # H: network number of calls from abroad that have none
    "9": _range("premium", 10, originates="never", why="a premium rate number, which may not be presented"),  # H
}
_RANGES |= {prefix: _range("mobile", 10, country="GG") for prefix in ("7781", "7839", "79111", "79117")}  # M
_RANGES |= {
    prefix: _range("mobile", 10, country="JE")
    for prefix in ("7509", "77003", "77007", "77008", "7797", "7829", "7937")  # M
}
_RANGES |= {prefix: _range("mobile", 10, country="IM") for prefix in ("74576", "7524", "7624", "7924")}  # M
_RANGES |= {
    prefix: _range(kind, 10, originates="never", why=_DRAMA)
    for kind, prefixes in _DRAMA_RANGES
    for prefix in prefixes.split()
}

_OTHERS = _range("unknown", 9, 10)  # H: guidance of 2022: 10 or 11 digits with the 0

read = Ranges("44", _RANGES, _OTHERS).read
"""Say what the plan does about a number that begins with 44."""
