"""What many calls together look like: one number that calls many people, or a range of numbers from end to end.

Each call by itself may be all right. It is a guess, and never a fact, for a hospital or a call centre does so too.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated, Self

import msgspec
from msgspec import Meta
from twisted.internet.interfaces import IReactorTime

from sip_guard.call import Call, Code, Finding, Party
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
    entries: Annotated[int, Meta(ge=20_000, le=10_000_000)] = 200_000
    """Callees that are remembered in all; when there are more, the callers who were silent longest go."""


class Lately:
    """Different numbers of the last seconds: the newest, and of them no more than tell that there are enough."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[int, float] = {}
        """When each came last, the oldest first."""

    def __len__(self) -> int:
        """Give how many there are, as of the last that was added."""
        return len(self._last)

    def add(self, number: int, at: float, window: float, most: int) -> None:
        """Take note of a number at a time that is not before the last one. What is older than `window` goes."""
        last = self._last
        last.pop(number, None)
        last[number] = at
        while True:
            oldest = next(iter(last))
            if at - last[oldest] <= window and len(last) <= most:
                return
            del last[oldest]

    def around(self, number: int) -> int:
        """Count the numbers in a row, one greater than the other, that this one is among."""
        last = self._last
        low = high = number
        while low - 1 in last:
            low -= 1
        while high + 1 in last:
            high += 1
        return high - low + 1

    def over(self, at: float, window: float) -> bool:
        """Tell whether nothing of it counts any more."""
        return at - next(reversed(self._last.values())) > window


class CampaignCheck:
    """Remembers whom each number called lately, by trunk, and which protected numbers each trunk has shown."""

    name = "campaign"

    def __init__(self, options: Options, find: Find | None, clock: IReactorTime) -> None:
        """`find` asks the lists of protected numbers; None: there are none. `clock` never goes back."""
        self._options = options
        self._find = find
        self._clock = clock
        self._callers: OrderedDict[int, Lately] = OrderedDict()
        """Whom each number called, the one that was silent longest first; by a hash of trunk and number."""
        self._entries = 0
        self._trunks: dict[str, Lately] = {}

    def resume(self, former: Self) -> None:
        """Go on with what another one remembers, which is asked no more."""
        self._callers = former._callers
        self._entries = former._entries
        self._trunks = former._trunks

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each kind of campaign that the call seems to be part of."""
        now = self._clock.seconds()
        found = [] if self._find is None else self._protected(call, self._find, now)
        number = call.presented.number or next((party.number for party in call.network if party.number), None)
        if number is not None:
            found += self._called(hash((call.trunk.name, number)), call.target, now)
        return found

    def _called(self, caller: int, target: Party, now: float) -> list[Finding]:
        options = self._options
        callee = _number(target)
        callees = self._callers.pop(caller, None) or Lately()
        before = len(callees)
        callees.add(callee, now, options.window, max(options.callees, options.neighbours))
        self._callers[caller] = callees
        self._entries += len(callees) - before
        self._forget(now)
        found = []
        if len(callees) >= options.callees:
            detail = f"its number called {options.callees} or more within {options.window:g} s"
            found.append(Finding(Code.CAMPAIGN_FANOUT, detail, particulars=(("callees", len(callees)),)))
        row = callees.around(callee) if len(callees) >= options.neighbours else 0
        if row >= options.neighbours:
            detail = f"its number called {row} in a row within {options.window:g} s"
            found.append(Finding(Code.CAMPAIGN_NEIGHBOURS, detail, particulars=(("callees", row),)))
        return found

    def _forget(self, now: float) -> None:
        """Let go of callers whose calls are over, or are too many: at most a few at a time, so that no call pays."""
        for _ in range(4):
            caller, callees = next(iter(self._callers.items()))
            if self._entries <= self._options.entries and not callees.over(now, self._options.window):
                return
            del self._callers[caller]
            self._entries -= len(callees)

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
