"""The pages of the dashboard, by their paths."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from math import inf
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.admin.page import Answer, Asked, Page, told
from sip_guard.dashboard.call import Policy
from sip_guard.dashboard.making import Make, Now, call, decisions_alone, figures_alone, whole
from sip_guard.dashboard.reading import Busy, Reading
from sip_guard.dashboard.source import Source
from sip_guard.dashboard.state import State
from sip_guard.dashboard.view import LONGEST, View
from sip_guard.policy.rules import Rules
from sip_guard.repository.disk import InThread
from sip_guard.status.parts import Parts

_STATIC: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_VIEWS: Final[dict[str, Make]] = {"/": whole, "/figures": figures_alone, "/decisions": decisions_alone}
"""What is made of a view, by its path."""


class Dashboard:
    """Shows what a guard at work does."""

    def __init__(
        self,
        parts: Callable[[], Parts],
        source: Callable[[], Source],
        in_thread: InThread,
        clock: IReactorTime,
        wall: Callable[[], float],
    ) -> None:
        """`wall` gives seconds since the epoch. The others are asked on the reactor's thread, each time."""
        self._parts = parts
        self._source = source
        self._clock = clock
        self._wall = wall
        self._reading = Reading(in_thread, clock)

    def pages(self) -> dict[str, Page]:
        """Give them by their paths."""
        made: dict[str, Page] = {path: partial(self._view, path, make) for path, make in _VIEWS.items()}
        folder = files("sip_guard.dashboard") / "static"
        for name, form in _STATIC.items():
            made[f"/{name}"] = partial(_same, Answer((folder / name).read_bytes(), form))
        return made | {"/call": self._call}

    def _view(self, path: str, make: Make, asked: Asked) -> Deferred[Answer]:
        view = View.of(asked.query)
        return self._made(f"{path} {view.query}", lambda: partial(make, view, self._now()))

    def _call(self, asked: Asked) -> Deferred[Answer]:
        call_id, at = asked.query.get("id", "")[:LONGEST], _time(asked.query.get("at", ""))
        return self._made(f"/call {at} {call_id}", lambda: partial(call, call_id, at, self._now()))

    def _made(self, name: str, make: Callable[[], Callable[[], Answer]]) -> Deferred[Answer]:
        return self._reading.give(name, make).addErrback(_busy)

    def _now(self) -> Now:
        parts, wall = self._parts(), self._wall()
        masking = parts.runtime.edition.masking
        rules = Rules(parts.config.rules, masking.key)
        policy = Policy(parts.config.trunks, rules, parts.generation, masking.numbers != "full")
        state = State.of(parts, self._clock.seconds(), wall)
        return Now(wall, state, self._source(), policy, masking.key)


def _same(answer: Answer, _: Asked) -> Answer:
    return answer


def _busy(failure: Failure) -> Answer:
    if not isinstance(failure.value, Busy):
        failure.raiseException()
    what = "the record is read for others just now; try again soon"
    return told(HTTPStatus.SERVICE_UNAVAILABLE, what, ("Retry-After", "1"))


def _time(text: str) -> float:
    """Read a time; what is none stands for the newest."""
    try:
        return float(text)
    except ValueError:
        return inf
