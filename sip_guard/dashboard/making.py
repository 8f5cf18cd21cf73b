"""Makes pages out of the record: for a thread, and so of plain values alone."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from sip_guard.admin.page import Answer
from sip_guard.dashboard.call import Policy, explanation
from sip_guard.dashboard.decisions import decisions
from sip_guard.dashboard.details import details
from sip_guard.dashboard.figures import Figures, figures
from sip_guard.dashboard.frame import filters, frame
from sip_guard.dashboard.markup import e, link, octets
from sip_guard.dashboard.overview import overview
from sip_guard.dashboard.source import Source
from sip_guard.dashboard.state import State
from sip_guard.dashboard.view import ROWS, View
from sip_guard.journal.store import Found, Store, Wanted

OF_CALL = 20
"""Decisions about one Call-ID that are looked at."""


class Now(msgspec.Struct, frozen=True):
    """What there is to show at a moment, and where to ask for more."""

    wall: float
    """Seconds since the epoch."""
    state: State
    source: Source
    policy: Policy
    key: bytes
    """Of the digests of numbers."""


Make = Callable[[View, Now], Answer]


def whole(view: View, now: Now) -> Answer:
    """Make the page."""
    (shown, found), trouble = now.source.ask(lambda store: (_figures(store, view, now), _found(store, view, now)))
    top, rest = overview(now.state, shown, trouble, view, now.wall), details(now.state, shown, view)
    head = filters(now.state, view)
    return _html(frame("sip_guard", top, decisions(found, view), rest, head=head, live=True))


def figures_alone(view: View, now: Now) -> Answer:
    """Make the parts of the page that count, to take the place of those before."""
    shown, trouble = now.source.ask(lambda store: _figures(store, view, now))
    return _html(octets([overview(now.state, shown, trouble, view, now.wall), details(now.state, shown, view)]))


def decisions_alone(view: View, now: Now) -> Answer:
    """Make the table of decisions, to take the place of the one before."""
    found, _ = now.source.ask(lambda store: _found(store, view, now))
    return _html(octets(decisions(found, view)))


def call(call_id: str, at: float, now: Now) -> Answer:
    """Explain the decision about a Call-ID that was taken at `at`, or the nearest to it."""
    wanted = Wanted(call_id=call_id, limit=OF_CALL)
    found, trouble = now.source.ask(lambda store: [*store.search(wanted)])
    told = e("p", trouble, class_="trouble") if trouble else ""
    back = e("p", link("Back to all calls", "/"))
    if not found:
        gone = e("p", "There is no decision about the Call-ID ", e("code", call_id), ".")
        return _html(frame("No such call", back, told, gone), HTTPStatus.NOT_FOUND)
    wished = min(found, key=lambda each: abs(each.time - at))
    return _html(frame(f"{call_id} - sip_guard", back, told, explanation(wished, found, now.policy)))


def _figures(store: Store, view: View, now: Now) -> Figures:
    return figures(store, view, now.wall, now.key)


def _found(store: Store, view: View, now: Now) -> list[Found]:
    return [*store.search(msgspec.structs.replace(view.wanted(now.wall, now.key), limit=ROWS))]


def _html(body: bytes, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(body, "text/html; charset=utf-8", status)
