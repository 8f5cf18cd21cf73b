"""Looks up the numbers that a call shows in the lists of protected numbers (47 CFR 64.1200(o); Ofcom's DNO list)."""

from collections.abc import Callable, Sequence

from sip_guard.call import Call, Code, Excuse, Finding, NumberField
from sip_guard.lists.keeper import Entry
from sip_guard.lists.listing import last_day

Find = Callable[[str, float], Sequence[Entry]]
"""Gives what the lists say of a canonical number at a moment in seconds since the epoch."""


class ProtectedCheck:
    """Finds numbers that nobody may show, or not this caller. From and what the network asserts are looked at.

    So are numbers in their display names, which telephones show. No token attests those.
    """

    name = "protected"

    def __init__(self, find: Find, missing: Callable[[], Sequence[str]]) -> None:
        """`missing` names lists that could not be loaded yet: what they would say is unknown."""
        self._find = find
        self._missing = missing

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each entry that the call runs against."""
        found = [
            _finding(call, entry, field, number)
            for field, number in call.numbers()
            for entry in self._find(number, call.arrival)
            if not entry.listing.scope.admits(call.trunk.name)
        ]
        missing = self._missing()
        if missing:
            found.append(Finding(Code.CHECK_UNAVAILABLE, f"not loaded: the lists {', '.join(missing)}"))
        return found


def _finding(call: Call, entry: Entry, field: NumberField, number: str) -> Finding:
    listing, scope = entry.listing, entry.listing.scope
    excuse = None
    if scope.kind == "attested" and field != "name":
        excuse = Excuse(call.attested_by(field, number), scope.level, frozenset(scope.names))
    return Finding(
        Code.NUMBER_PROTECTED,
        f"the number in `{field}` is on the list {entry.name}: {scope}",
        excuse=excuse,
        particulars=(
            ("list", entry.name),
            ("field", field),
            ("entry", "number" if entry.digits == len(number) else "prefix"),
            ("owner", listing.owner),
            ("source", listing.source),
            ("scope", str(scope)),
            ("expires", last_day(listing.expires)),
        ),
    )
