"""Who calls, which rules decide, whose numbers are presented, and what all that goes by."""

from collections.abc import Callable, Mapping

from twisted.web.template import Tag

from sip_guard.dashboard.chart import spark
from sip_guard.dashboard.figures import Figures
from sip_guard.dashboard.markup import NONE, Content, counted, e, lasting, link, number, pill, row, table
from sip_guard.dashboard.state import State
from sip_guard.dashboard.view import REJECTED, View
from sip_guard.journal.store import Would

_COUNTED = ("", "calls", "rejected", "over time")
_WOULD = ("rule", "would", "calls", "refused", "answered", "lasted")
_TARGETS = ("target", "where", "side", "")
_KEPT = ("what", "name", "")


def details(state: State, figures: Figures, view: View) -> Tag:
    """Show it."""
    trunks = figures.of(lambda each: each.trunk)
    rules = figures.of(lambda each: each.rule)
    presented = [
        row(
            ("number", "calls"),
            e("a", number(text), href=f"/{view.but(number=text).query}") if text else "anonymous",
            counted(count),
        )
        for text, count in figures.presented
    ]
    would = [row(_WOULD, *_went(each)) for each in figures.would]
    targets = [
        row(_TARGETS, each.name, each.where, each.side, pill("up", "good") if each.up else pill("down", "bad"))
        for each in state.targets
    ]
    kept = [row(_KEPT, each.kind, each.name, pill(each.what, each.condition)) for each in state.kept]
    masked = e("p", "Numbers are masked as in the record.", class_="nothing") if state.masked else ""
    return e(
        "div",
        _section("Trunks", _parts("trunk", trunks, lambda name: view.but(trunk=name))),
        _section("Rules", _parts("rule", rules, lambda name: view.but(rule=name))),
        _section(
            "Presented by rejected calls",
            table(
                f"The numbers that most of {_newest(figures)} present",
                ("number", "calls"),
                presented,
                "No call was rejected.",
            ),
            masked,
        ),
        _section(
            "Rules in shadow",
            table(
                "What they would have done, and how those calls went on",
                _WOULD,
                would,
                "None would have done anything.",
            ),
        ),
        _section("Targets", table("Where calls go", _TARGETS, targets, "There are none.")),
        _section("What has to be fresh", table("Trust, lists and certificates", _KEPT, kept, "Nothing is verified.")),
        id="details",
    )


def _newest(figures: Figures) -> str:
    """Say of which rejected calls numbers are counted."""
    return f"the newest {counted(REJECTED)}" if figures.by_action()["reject"] > REJECTED else "them"


def _section(title: str, *content: Content) -> Tag:
    return e("section", e("h2", title), *content)


def _parts(what: str, parts: Mapping[str, Figures], but: Callable[[str], View]) -> Content:
    columns = (what, *_COUNTED[1:])
    rows = []
    for name, figures in parts.items():
        rejected = figures.by_action()["reject"]
        share = f"{counted(rejected)} ({100 * rejected / figures.total:.0f} %)" if rejected else NONE
        rows.append(row(columns, link(name, f"/{but(name).query}"), counted(figures.total), share, spark(figures)))
    return table(f"Calls by {what}", columns, rows, "No calls.")


def _went(would: Would) -> tuple[Content, ...]:
    lasted = NONE if not would.answered or would.seconds is None else lasting(would.seconds / would.answered)
    return (
        would.rule,
        pill(would.action, would.action.partition(" ")[0]),
        counted(would.calls),
        counted(would.refused),
        counted(would.answered),
        lasted,
    )
