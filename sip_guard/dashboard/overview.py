"""How the guard is doing and what it did, at a glance."""

from collections.abc import Iterator

from twisted.web.template import Tag

from sip_guard.dashboard.chart import chart
from sip_guard.dashboard.figures import ACTIONS, Figures
from sip_guard.dashboard.markup import Content, counted, e, lasting, moment, pill
from sip_guard.dashboard.state import State
from sip_guard.dashboard.view import View


def overview(state: State, figures: Figures, trouble: str, view: View, now: float) -> Tag:
    """Show it. `trouble`: why the figures are not of the record; `now`: seconds since the epoch."""
    done = figures.by_action()
    tiles = [
        _tile("calls", counted(figures.total), f"in {view.window}, {_rate(figures, now)}"),
        *(
            _tile(action, counted(done[action]), _share(done[action], figures.total), action)
            for action in ACTIONS
            if done[action] or action in ("allow", "tag", "reject")
        ),
    ]
    return e(
        "div",
        e("div", *_guard(state, now), class_="state"),
        *(e("p", told, class_="trouble", role="alert") for told in _troubles(state, trouble)),
        e("dl", *tiles, class_="tiles"),
        *_counted_since(figures),
        chart(figures),
        id="overview",
    )


def _guard(state: State, now: float) -> Iterator[Content]:
    ready = pill("draining", "odd") if state.draining else pill("not ready", "bad") if state.reasons else None
    yield ready or pill("ready", "good")
    up = sum(target.up for target in state.targets)
    yield pill(f"{up} of {len(state.targets)} targets up", "good" if up == len(state.targets) else "bad")
    stale = [each for each in state.kept if each.condition == "bad"]
    if stale:
        yield pill(f"{len(stale)} out of date or missing", "bad")
    yield e("span", f"configuration {state.generation}, taken {lasting(now - state.loaded)} ago")
    if state.waiting is not None:
        dropped = f", {counted(state.dropped)} lost" if state.dropped else ""
        yield e("span", f"record: {counted(state.waiting)} waiting{dropped}", class_="bad" if state.dropped else None)
    if state.mistakes:
        yield pill(f"{counted(state.mistakes)} mistakes of sip_guard: see its log, and report them", "bad")
    if state.shed:
        yield e("span", f"{counted(state.shed)} requests turned away by limits")
    yield e("span", "read at ", moment(now), " UTC", class_="read")


def _troubles(state: State, trouble: str) -> Iterator[str]:
    yield from state.reasons
    if not state.reload_taken:
        yield "The last reload was refused, and the configuration before it is in force: see `not_reloaded` in the log."
    if trouble:
        yield trouble


def _counted_since(figures: Figures) -> Iterator[Tag]:
    since = figures.since
    if since is not None:
        told = f"There are too many decisions to count them all: these are the newest {counted(figures.total)}, since "
        yield e("p", told, moment(since), " UTC.", class_="trouble")


def _tile(name: str, value: str, more: str, kind: str = "") -> Tag:
    return e("div", e("dt", name), e("dd", e("strong", value), e("small", more)), class_=f"tile {kind}".rstrip())


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _rate(figures: Figures, now: float) -> str:
    return f"{figures.total / max(1.0, now - (figures.since or figures.begin)):.2g} a second"
