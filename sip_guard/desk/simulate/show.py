"""What came of a simulation, for people and for programs."""

from collections import Counter
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sip_guard.desk.figures import Figures
from sip_guard.desk.show import COLUMNS_OF_FIGURES, moment, row_of_figures, titled
from sip_guard.desk.simulate.command import Report
from sip_guard.desk.simulate.often import Often
from sip_guard.desk.simulate.tally import Change, Fate, Stop, Tally

SHOWN: Final = 10
"""Trunks, reasons and numbers that are shown of each change."""


def tables(report: Report, console: Console) -> None:
    """Print what there was, what is done by which rule, and each change with examples."""
    counts, tally = report.counts, report.tally
    for file in report.files:
        left = {"shortened": file.shortened, "of another link": file.foreign, "gaps in TCP": file.gaps}
        told = "".join(f", {count} {what}" for what, count in left.items() if count)
        console.print(Text(f"{file.file}: {file.frames} frames{told}"))
        if file.fault:
            console.print(Text(f"{file.file}: {file.fault}", "yellow"))
    console.print(Text(f"{moment(report.begin)} to {moment(report.end)}: {counts.invites} INVITEs"))
    left = {
        "sent again": counts.repeated,
        "within calls": counts.within_calls,
        "of our side": counts.outward,
        "of strangers": counts.strangers,
        "unreadable": counts.unreadable,
    }
    console.print(Text(f"{tally.calls} new calls of trunks; left out: {_listed(Counter(left)) or 'none'}"))
    if not tally.calls and counts.strangers:
        console.print(
            Text("no trunk has these addresses: give --trunk NAME to take all calls for those of one", "yellow")
        )
    for problem in (*report.problems, *(f"a mistake of sip_guard: {each}" for each in tally.mistakes)):
        console.print(Text(problem, "yellow"))
    heard = bool(counts.answers)
    done = titled(
        "What is done, by the rule that speaks", "rule", "action", "calls", *(["before"] if report.against else [])
    )
    for fate in sorted({*tally.fates[0], *(tally.fates[1] if report.against else ())}, key=_order):
        row = [fate.rule, fate.action, str(tally.fates[0][fate])]
        done.add_row(*row, *([str(tally.fates[1][fate])] if report.against else []))
    console.print(done)
    for title, shadow in (("What is stopped", False), ("What rules in shadow would do", True)):
        stopped = tally.of(0, shadow=shadow)
        if stopped and (shadow or heard):
            console.print(_stopped(title, stopped, heard=heard))
    changes = sorted(tally.changes.items(), key=lambda item: -item[1].calls)
    for (old, new), change in changes:
        console.print(_change(old, new, change, several=len(report.files) > 1))
    changed = sum(change.calls for _, change in changes)
    against = f"than with {report.against}" if report.against else "than without a guard"
    console.print(Text(f"{changed} of {tally.calls} calls are treated otherwise {against}", "bold"))


def _stopped(title: str, stopped: list[tuple[Stop, Figures]], *, heard: bool) -> Table:
    """Tell how calls went on in the capture that are stopped, or would be: that is what a mistake would cost."""
    table = titled(title, "rule", "action", "calls", *(COLUMNS_OF_FIGURES if heard else ()))
    for stop, figures in stopped:
        table.add_row(stop.rule, stop.action, str(figures.calls), *(row_of_figures(figures) if heard else ()))
    return table


def _change(old: Fate, new: Fate, change: Change, *, several: bool) -> Table:
    title = f"{change.calls} calls: {old.action} ({old.rule}) becomes {new.action} ({new.rule})"
    table = titled(title, "frame", "time", "trunk", "from", "asserted", "to", "reason")
    counted = (f"trunks: {_listed(change.trunks)}", f"reasons: {_listed(change.reasons)}")
    table.caption = "\n".join((*counted, f"numbers: {_often(change.numbers)}"))
    table.caption_justify = "left"
    for each in change.examples:
        place = f"{each.file if several else ''}#{each.frame}"
        about = (each.trunk, each.caller, each.asserted, each.called, each.reason)
        table.add_row(place, moment(each.at), *map(Text, about))
    return table


def fields(report: Report) -> dict[str, object]:
    """Give all of it as it stands in JSON."""
    tally = report.tally
    which = ("new", "old") if report.against else ("new",)
    return {
        "policy": report.policy,
        "against": report.against or None,
        "begin": report.begin,
        "end": report.end,
        "files": report.files,
        "counts": report.counts,
        "calls": tally.calls,
        "problems": [*report.problems, *tally.mistakes],
        "fates": {name: _fates(tally.fates[i]) for i, name in enumerate(which)},
        "stopped": {name: _figures(tally, i, shadow=False) for i, name in enumerate(which)},
        "shadows": {name: _figures(tally, i, shadow=True) for i, name in enumerate(which)},
        "changes": [
            {
                "old": old._asdict(),
                "new": new._asdict(),
                "calls": change.calls,
                "trunks": dict(change.trunks.most_common()),
                "reasons": dict(change.reasons.most_common()),
                "numbers": dict(change.numbers.most_common(100)),
                "numbers_missed": change.numbers.missed,
                "examples": change.examples,
            }
            for (old, new), change in tally.changes.items()
        ],
    }


def _fates(counter: Counter[Fate]) -> list[dict[str, object]]:
    return [{"rule": fate.rule, "action": fate.action, "calls": calls} for fate, calls in counter.most_common()]


def _figures(tally: Tally, which: int, *, shadow: bool) -> list[dict[str, object]]:
    stopped = tally.of(which, shadow=shadow)
    return [{"rule": stop.rule, "action": stop.action, **figures.told()} for stop, figures in stopped]


def _order(fate: Fate) -> tuple[bool, str, str]:
    return fate.action in ("allow", "not screened"), fate.rule, fate.action


def _listed(counter: Counter[str]) -> str:
    shown = ", ".join(f"{count} {name}" for name, count in counter.most_common(SHOWN) if count)
    return shown + (f", and {len(counter) - SHOWN} more" if len(counter) > SHOWN else "")


def _often(numbers: Often) -> str:
    if not numbers.missed:
        return _listed(Counter(numbers.counts))
    shown = ", ".join(f"{count} {name}" for name, count in numbers.most_common(SHOWN))
    return f"at least {shown}, and others; up to {numbers.missed} calls of each are not counted"
