"""Decisions counted: how many of each kind, when, and by what trunk and rule."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec

from sip_guard.dashboard.view import MOST, REJECTED, STEPS, View
from sip_guard.journal.store import Counted, Store, Would

ACTIONS: Final = ("allow", "tag", "anonymise", "redirect", "reject")
"""What can be done with a call, in the order in which it is drawn."""
NUMBERS: Final = 10
"""Numbers that are shown of those presented most."""
_REJECTIONS: Final = "reject"


class Figures(msgspec.Struct, frozen=True):
    """All of a window."""

    begin: float
    """Seconds since the epoch."""
    step: float
    """Seconds."""
    counts: tuple[Counted, ...] = ()
    presented: tuple[tuple[str, int], ...] = ()
    """Numbers that most rejected calls presented, and how many."""
    would: tuple[Would, ...] = ()

    @property
    def total(self) -> int:
        """Of all decisions."""
        return sum(each.calls for each in self.counts)

    @property
    def since(self) -> float | None:
        """From when on decisions were counted, about, if there were too many to count all; None: all were."""
        if self.total < MOST:
            return None
        return self.begin + self.step * min(each.step for each in self.counts)

    def by_action(self) -> Counter[str]:
        """Count what was done."""
        made: Counter[str] = Counter()
        for each in self.counts:
            made[verb(each.action)] += each.calls
        return made

    def of(self, name: Callable[[Counted], str]) -> dict[str, "Figures"]:
        """Part them, by trunk or rule; the most frequent first."""
        parts: dict[str, list[Counted]] = {}
        for each in self.counts:
            parts.setdefault(name(each), []).append(each)
        made = {name: Figures(self.begin, self.step, tuple(counts)) for name, counts in parts.items()}
        return dict(sorted(made.items(), key=lambda pair: (-pair[1].total, pair[0])))

    def drawn(self) -> dict[str, list[int]]:
        """Give how many there are in each step, by what was done."""
        made = {action: [0] * STEPS for action in ACTIONS}
        for each in self.counts:
            bars = made.get(verb(each.action))
            if bars is not None and 0 <= each.step < STEPS:
                bars[each.step] += each.calls
        return made


def figures(store: Store, view: View, now: float, key: bytes) -> Figures:
    """Count what is in a record. Raises Unusable."""
    wanted, begin = view.wanted(now, key), view.begin(now)
    rejected = msgspec.structs.replace(wanted, action=view.action or _REJECTIONS, limit=REJECTED)
    shown = store.presented(rejected, NUMBERS) if verb(rejected.action or "") == _REJECTIONS else []
    counts = tuple(store.counted(wanted, begin, view.step))
    return Figures(begin, view.step, counts, tuple(shown), tuple(store.would(wanted)))


def verb(action: str) -> str:
    """Give what was done without the code."""
    return action.partition(" ")[0]
