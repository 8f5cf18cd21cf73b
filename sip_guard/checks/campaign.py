"""What many calls together look like: one number that calls many people, a range of numbers, or people who hang up.

Each call by itself may be all right. It is a guess, and never a fact, for a hospital or a call centre does so too.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Self

import msgspec
from msgspec import Meta
from twisted.internet.interfaces import IReactorTime

from sip_guard.call import Call, Code, Finding, Party
from sip_guard.checks.lately import Callers, Lately, Lengths
from sip_guard.lists.keeper import Entry
from sip_guard.stir.canonical_uri import canonical_uri

Find = Callable[[str, float], Sequence[Entry]]
"""Gives what the lists say of a canonical number at a moment in seconds since the epoch."""

Few = Annotated[int, Meta(ge=2, le=1000)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From how many calls on it is a campaign."""

    window: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    """Seconds for which a call counts."""
    callees: Few = 100
    """Different callees of one number."""
    neighbours: Few = 10
    """Callees of one number that follow each other without a gap."""
    protected: Few = 5
    """Different protected numbers that one trunk shows."""
    short: Few = 20
    """Answered calls of one number that were short, and more than half of its last ones."""
    short_seconds: Annotated[float, Meta(gt=0, le=60)] = 6.0
    """Seconds that a call is short which lasts no longer, from the answer to its end."""
    entries: Annotated[int, Meta(ge=20_000, le=10_000_000)] = 200_000
    """Callees, and answered calls, that are remembered in all; when there are more of either, the callers who were
    silent longest go."""


class CampaignCheck:
    """Remembers whom each number called lately, by trunk, and how long it was listened to.

    And which protected numbers each trunk has shown.
    """

    name = "campaign"

    def __init__(self, options: Options, find: Find | None, clock: IReactorTime) -> None:
        """`find` asks the lists of protected numbers; None: there are none. `clock` never goes back."""
        self._options = options
        self._find = find
        self._clock = clock
        self._callees = Callers(Lately)
        """Whom each number called, by `Call.caller`."""
        self._lengths = Callers(Lengths)
        """How long it was listened to."""
        self._trunks: dict[str, Lately] = {}

    def resume(self, former: Self) -> None:
        """Go on with what another one remembers, which is asked no more."""
        self._callees = former._callees
        self._lengths = former._lengths
        self._trunks = former._trunks

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each kind of campaign that the call seems to be part of."""
        now = self._clock.seconds()
        found = [] if self._find is None else self._protected(call, self._find, now)
        caller = call.caller
        if caller is not None:
            found += [*self._called(caller, call.target, now), *self._short(caller, now)]
        return found

    def ended(self, caller: int, duration: float) -> None:
        """Take note that an answered call of a caller (`Call.caller`) has ended, after so many seconds."""
        options, now = self._options, self._clock.seconds()
        lengths = self._lengths.take(caller)
        # So many that the short ones are most of them, if there are enough.
        most = 2 * options.short - 1
        lengths.add(now, options.window, most, short=duration <= options.short_seconds)
        self._lengths.keep(caller, lengths, now, options.window, options.entries)

    def _short(self, caller: int, now: float) -> list[Finding]:
        options = self._options
        lengths = self._lengths.get(caller)
        short = 0 if lengths is None else lengths.short(now, options.window)
        if short < options.short:
            return []
        detail = f"its number was listened to for no more than {options.short_seconds:g} s by most who answered"
        return [Finding(Code.CAMPAIGN_SHORT, detail, particulars=(("calls", short),))]

    def _called(self, caller: int, target: Party, now: float) -> list[Finding]:
        options = self._options
        callee = _number(target)
        callees = self._callees.take(caller)
        callees.add(callee, now, options.window, max(options.callees, options.neighbours))
        self._callees.keep(caller, callees, now, options.window, options.entries)
        found = []
        if len(callees) >= options.callees:
            detail = f"its number called {options.callees} or more within {options.window:g} s"
            found.append(Finding(Code.CAMPAIGN_FANOUT, detail, particulars=(("callees", len(callees)),)))
        row = callees.around(callee) if len(callees) >= options.neighbours else 0
        if row >= options.neighbours:
            detail = f"its number called {row} in a row within {options.window:g} s"
            found.append(Finding(Code.CAMPAIGN_NEIGHBOURS, detail, particulars=(("callees", row),)))
        return found

    def _protected(self, call: Call, find: Find, now: float) -> list[Finding]:
        options = self._options
        shown = [number for _, number in call.numbers() if _may_not(call, find(number, call.arrival))]
        if not shown:
            return []
        lately = self._trunks.setdefault(call.trunk.name, Lately())
        for number in shown:
            lately.add(int(number), now, options.window, options.protected)
        if len(lately) < options.protected:
            return []
        detail = f"its trunk showed {options.protected} or more protected numbers within {options.window:g} s"
        return [Finding(Code.CAMPAIGN_PROTECTED, detail, particulars=(("numbers", len(lately)),))]


def _may_not(call: Call, entries: Sequence[Entry]) -> bool:
    """Tell whether lists keep a call from showing a number. One that is signed may be permitted to."""
    return any(
        not entry.listing.scope.admits(call.trunk.name)
        and not (entry.listing.scope.kind == "attested" and call.identities)
        for entry in entries
    )


def _number(target: Party) -> int:
    """Give the number that is called; for whoever has none, a negative number that tells them apart."""
    number = target.number
    if number is not None and number.isdecimal():
        return int(number)
    return -1 - abs(hash(number or canonical_uri(target.uri))) * 2
