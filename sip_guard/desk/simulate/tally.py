"""What became of calls, counted: it does not grow with their number."""

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from sip_guard.call import Call
from sip_guard.desk.figures import Figures
from sip_guard.desk.simulate.often import Often
from sip_guard.policy.decision import Decision
from sip_guard.record import who
from sip_guard.sip.flow import written
from sip_guard.verdict import Forward

EXAMPLES: Final = 5
"""Calls that are shown of each change: the first ones."""
MAX_MISTAKES: Final = 10


class Fate(NamedTuple):
    """What one configuration does with a call."""

    action: str
    """In a rule's words; `not screened` where its trunks do not include the sender."""
    rule: str
    """The rule that spoke; `-` without one."""


class Stop(NamedTuple):
    """What a rule does with calls that may be honest."""

    which: int
    """The configuration: 0 is the new one, 1 the old one."""
    action: str
    rule: str
    shadow: bool


NOT_SCREENED: Final = Fate("not screened", "-")
NO_GUARD: Final = Fate("allow", "no guard")
"""What there is to compare with if there is no other configuration."""


class Example(msgspec.Struct, frozen=True):
    """One call that is shown."""

    file: str
    frame: int
    at: float
    call_id: str
    trunk: str
    source: str
    caller: str
    asserted: str
    called: str
    reason: str


class Change(msgspec.Struct):
    """Calls that one configuration treats otherwise than the other, and all of them in the same way."""

    calls: int = 0
    trunks: Counter[str] = msgspec.field(default_factory=Counter)
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    numbers: Often = msgspec.field(default_factory=Often)
    """By the number that From shows."""
    examples: list[Example] = msgspec.field(default_factory=list)

    def add(self, example: Example) -> None:
        """Count a call."""
        self.calls += 1
        self.trunks[example.trunk] += 1
        self.reasons[example.reason] += 1
        self.numbers.add(example.caller or "-")
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)

    def merge(self, later: "Change") -> None:
        """Add what was counted of later calls."""
        self.calls += later.calls
        self.trunks.update(later.trunks)
        self.reasons.update(later.reasons)
        self.numbers.merge(later.numbers)
        self.examples += later.examples[: EXAMPLES - len(self.examples)]


class Tally(msgspec.Struct):
    """What became of some calls, under the configuration and under the one that it is compared with."""

    calls: int = 0
    fates: tuple[Counter[Fate], Counter[Fate]] = msgspec.field(default_factory=lambda: (Counter(), Counter()))
    """New, and old."""
    stopped: dict[Stop, Figures] = msgspec.field(default_factory=dict)
    """What rules have refused or redirected, and what rules in shadow would have done, and how those calls went on."""
    stops: list[tuple[int, list[Stop]]] = msgspec.field(default_factory=list)
    """The same call by call, by their numbers; never kept for longer than a batch."""
    changes: dict[tuple[Fate, Fate], Change] = msgspec.field(default_factory=dict)
    """By what the old one does and what the new one does."""
    mistakes: list[str] = msgspec.field(default_factory=list)
    lines: list[bytes] = msgspec.field(default_factory=list)
    """One JSON object a call, if that was asked for; never kept for longer than a batch."""

    def add(self, new: Fate, old: Fate, tell: Callable[[], Example]) -> None:
        """Count a call; `tell` tells of it if it is treated otherwise."""
        self.calls += 1
        self.fates[0][new] += 1
        self.fates[1][old] += 1
        if new.action != old.action:
            self.changes.setdefault((old, new), Change()).add(tell())

    def note(self, new: Fate, old: Fate | None, told: Example) -> None:
        """Write a line about a call; `old`: None: there is nothing to compare with."""
        fates = {"new": new._asdict()} | ({"old": old._asdict()} if old is not None else {})
        self.lines.append(msgspec.json.encode(msgspec.structs.asdict(told) | fates))

    def stopping(self, which: int, decision: Decision) -> list[Stop]:
        """Count by what rules a call was stopped, or would have been by those in shadow, and give that."""
        refused = not isinstance(decision.verdict, Forward)
        stops = [Stop(which, shadow.action, shadow.rule, shadow=True) for shadow in decision.shadows]
        if refused:
            stops.append(Stop(which, decision.action, decision.rule, shadow=False))
        for stop in stops:
            figures = self.stopped.setdefault(stop, Figures())
            figures.calls += 1
            figures.refused += refused and stop.shadow
        return stops

    def of(self, which: int, *, shadow: bool) -> list[tuple[Stop, Figures]]:
        """Give what one configuration has stopped, or its rules in shadow would have, the most frequent first."""
        found = [(stop, each) for stop, each in self.stopped.items() if (stop.which, stop.shadow) == (which, shadow)]
        return sorted(found, key=lambda item: -item[1].calls)

    def merge(self, later: "Tally") -> None:
        """Add what was counted of later calls."""
        self.calls += later.calls
        for mine, more in zip(self.fates, later.fates, strict=True):
            mine.update(more)
        for stop, figures in later.stopped.items():
            self.stopped.setdefault(stop, Figures()).merge(figures)
        for key, change in later.changes.items():
            self.changes.setdefault(key, Change()).merge(change)
        self.mistakes = (self.mistakes + later.mistakes)[:MAX_MISTAKES]


def example(call: Call, file: str, frame: int, reason: str) -> Example:
    """Tell of a call what finds it again."""
    return Example(
        file,
        frame,
        call.arrival,
        call.call_id[:256],
        call.trunk.name,
        written(call.flow.remote),
        who(call.presented),
        ", ".join(map(who, call.network)),
        who(call.target),
        reason,
    )
