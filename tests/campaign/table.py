"""The table of what is stopped, tagged and let through, for each kind."""

from collections import Counter
from collections.abc import Iterable, Sequence

from day import Labelled
from kinds import LEGITIMATE, SPOOFED, Kind
from outcome import Came, Desk

Counts = dict[str, Counter[Came]]
"""What came of the calls of each kind, by its name."""

NAMES = ("stopped", "anonymised", "tagged", "through")
"""What may come of a call."""
MUST = {"stopped": "stopped", "through": "not refused", "unseen": "cannot be seen"}


def counted(desk: Desk, calls: Iterable[Labelled]) -> Counts:
    """Screen calls, and count what comes of them."""
    counts: Counts = {kind.name: Counter() for kind in (*SPOOFED, *LEGITIMATE)}
    for labelled in calls:
        counts[labelled.kind.name][desk.screen(labelled)] += 1
    return counts


def table(counts: Counts) -> str:
    """Write two tables in Markdown."""
    return "\n".join(
        [
            "### Spoofed calls",
            "",
            *_rows(SPOOFED, counts, "what has to come of it", lambda kind: f"{MUST[kind.must]}: {kind.why}"),
            "",
            "### Calls that have to get through",
            "",
            *_rows(LEGITIMATE, counts),
            "",
        ]
    )


def wrong(counts: Counts) -> list[str]:
    """Name the kinds of which anything came that must not."""
    found = []
    for kind in (*SPOOFED, *LEGITIMATE):
        stopped = sum(count for came, count in counts[kind.name].items() if came.action == "stopped")
        wanted = counts[kind.name].total() if kind.must == "stopped" else 0
        if stopped != wanted:
            found.append(f"{kind.name}: {stopped} stopped of {counts[kind.name].total()}")
    return found


def _rows(kinds: Sequence[Kind], counts: Counts, title: str = "", told: object = None) -> list[str]:
    more = callable(told)
    head = ["kind", "trunk", "calls", *NAMES, "by rule", *([title] if more else [])]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for kind in kinds:
        came = counts[kind.name]
        each = {name: sum(n for c, n in came.items() if c.action == name) for name in NAMES}
        rules = ", ".join(f"`{rule}`" for rule in sorted({c.rule for c in came}))
        cells = [kind.name, kind.trunk, str(came.total()), *map(str, each.values()), rules]
        lines.append(f"| {' | '.join([*cells, *([told(kind)] if callable(told) else [])])} |")
    return lines
