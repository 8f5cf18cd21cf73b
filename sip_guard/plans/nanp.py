"""The North American Numbering Plan: +1, shared by the United States, Canada and eighteen other countries.

Sources: the NANPA's pages on area codes (form of a number, codes without an area, codes kept back) and on 555 line
numbers (555-01XX for fiction; most others were taken back in 2016), from memory and against the metadata of
phonenumbers 9.0.43 (2026). How sure: H, and M where it says so.
"""

import msgspec

from sip_guard.plans import ca, us
from sip_guard.plans.reading import Kind, Originates, Reading

_DIGITS = 11
"""With the country code."""
_OTHERS = {
    "AG": "268",
    "AI": "264",
    "BB": "246",
    "BM": "441",
    "BS": "242",
    "DM": "767",
    "DO": "809 829 849",
    "GD": "473",
    "JM": "658 876",
    "KN": "869",
    "KY": "345",
    "LC": "758",
    "MS": "664",
    "SX": "721",
    "TC": "649",
    "TT": "868",
    "VC": "784",
    "VG": "284",
}
_AREAS = us.AREAS | ca.AREAS | _OTHERS
_EVERY = frozenset(_AREAS)


def _shared(kind: Kind, codes: str, originates: Originates = "yes", why: str = "") -> dict[str, Reading]:
    return dict.fromkeys(codes.split(), Reading(kind, _EVERY, originates, why))


_CODES: dict[str, Reading] = {
    code: Reading("geographic", frozenset({country})) for country, codes in _AREAS.items() for code in codes.split()
}
_CODES |= dict.fromkeys(ca.NON_GEOGRAPHIC, Reading("non-geographic", frozenset({"CA"})))
_CODES |= _shared("freephone", "800 833 844 855 866 877 888")
_CODES |= _shared("personal", "500 521 522 523 524 525 526 527 528 529 532 533 544 566 577 588")
_CODES |= _shared("service", "700", "doubtful", "a number for services of long distance carriers")  # M
_CODES |= _shared("premium", "900", "doubtful", "a premium rate number, which only takes calls")  # M
_CODES["710"] = Reading("service", frozenset({"US"}))  # the government's own, for emergencies

_UNKNOWN = Reading("unknown", frozenset())


def read(number: str) -> Reading:
    """Say what the plan does about a number that begins with 1."""
    code, exchange = number[1:4], number[4:7]
    found = _CODES.get(code, _UNKNOWN)
    if len(number) != _DIGITS:
        return _faulty(found, f"{len(number) - 1} digits after +1, not 10")
    if found is _UNKNOWN and (fault := _code_fault(code)):
        return _faulty(found, fault)
    if exchange[0] in "01":
        return _faulty(found, "an exchange begins with 2 to 9")
    if found.kind == "geographic" and exchange[1:] == "11":
        return _faulty(found, f"an exchange is never {exchange}: those digits are a service")
    if found.kind == "geographic" and exchange == "555":
        return _fiction_or_service(found, number[7:])
    return found


def _fiction_or_service(found: Reading, line: str) -> Reading:
    """Judge a number of exchange 555."""
    if line[:2] == "01":
        return msgspec.structs.replace(found, originates="never", why="555-01XX is kept for fiction")
    if line == "1212":
        return msgspec.structs.replace(found, originates="never", why="555-1212 is directory assistance")
    return msgspec.structs.replace(found, originates="doubtful", why="555 numbers were taken back in 2016")  # M


def _code_fault(code: str) -> str:
    """Say why an area code cannot be one. A code that merely is not in use here may be newer than this table."""
    if code[0] in "01":
        return "an area code begins with 2 to 9"
    if code[1:] == "11":
        return f"an area code is never {code}: those digits are a service"
    if code[1] == "9" or code[:2] in ("37", "96"):
        return f"area code {code} is kept back for the plan's expansion"
    return ""


def _faulty(found: Reading, fault: str) -> Reading:
    return msgspec.structs.replace(found, fault=fault)
