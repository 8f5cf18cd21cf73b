"""What was done with calls over time, drawn: a bar a step, stacked by what was done."""

from collections.abc import Mapping, Sequence
from typing import Final

from twisted.web.template import Tag

from sip_guard.dashboard.figures import ACTIONS, Figures
from sip_guard.dashboard.markup import counted, e, moment
from sip_guard.dashboard.view import STEPS

HEIGHT: Final = 100
"""Units of a drawing; it is as high and as wide as there is room."""
BAR: Final = 10
"""Units of a step, the gap to the next one included."""
_GAP: Final = 2
_DAY: Final = 86_400


def chart(figures: Figures) -> Tag:
    """Draw all, with a scale and what is in each bar."""
    drawn = figures.drawn()
    highest = _highest(drawn)
    told = [
        e("rect", e("title", _told(figures, drawn, at)), x=str(at * BAR), y="0", width=str(BAR), height=str(HEIGHT))
        for at in range(STEPS)
    ]
    form = "%d %b %H:%M" if figures.step * STEPS >= _DAY else "%H:%M"
    times = [moment(figures.begin + figures.step * STEPS * part / 4, form) for part in range(5)]
    legend = [e("li", e("span", class_=f"key {action}"), action) for action in ACTIONS if any(drawn[action])]
    return e(
        "figure",
        e("figcaption", f"calls per {_length(figures.step)}", e("ul", *legend, class_="legend")),
        e(
            "div",
            e("span", counted(highest), class_="highest"),
            _svg(_bars(drawn, highest), e("g", *told, class_="told"), label=_summary(figures)),
            class_="drawing",
        ),
        e("div", *times, class_="times"),
        class_="chart",
    )


def spark(figures: Figures) -> Tag:
    """Draw it small, by its own scale."""
    drawn = figures.drawn()
    return e("span", _svg(_bars(drawn, _highest(drawn)), label=_summary(figures)), class_="spark")


def _svg(*children: Tag, label: str) -> Tag:
    made = e("svg", *children, role="img", aria_label=label, focusable="false")
    return made(viewBox=f"0 0 {STEPS * BAR} {HEIGHT}", preserveAspectRatio="none")


def _bars(drawn: Mapping[str, Sequence[int]], highest: int) -> Tag:
    """Give a path for each thing that was done, each bar upon that of the one before."""
    below = [0.0] * STEPS
    paths = []
    for action in ACTIONS:
        parts = []
        for at, count in enumerate(drawn[action]):
            if count:
                high = HEIGHT * count / highest
                parts.append(f"M{at * BAR} {HEIGHT - below[at]:.2f}v-{high:.2f}h{BAR - _GAP}v{high:.2f}z")
                below[at] += high
        if parts:
            paths.append(e("path", d="".join(parts), class_=action))
    return e("g", *paths)


def _highest(drawn: Mapping[str, Sequence[int]]) -> int:
    return max(map(sum, zip(*drawn.values(), strict=True))) or 1


def _told(figures: Figures, drawn: Mapping[str, Sequence[int]], at: int) -> str:
    when = moment(figures.begin + at * figures.step).attributes["datetime"]
    parts = [f"{drawn[action][at]} {action}" for action in ACTIONS if drawn[action][at]]
    return f"{str(when)[:16].replace('T', ' ')}: {', '.join(parts) or 'no calls'}"


def _summary(figures: Figures) -> str:
    done = figures.by_action()
    return f"{figures.total} calls: {', '.join(f'{done[each]} {each}' for each in ACTIONS if done[each])}".rstrip(": ")


def _length(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 1 else f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:.1f} h"
