"""The new calls of trunks in captured messages, each once, as the guard would have taken them, and how they went on."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from sip_guard.call import Call
from sip_guard.desk.capture.messages import Captured
from sip_guard.desk.guard import DeskGuard
from sip_guard.proxy.action import Answered, Ended
from sip_guard.proxy.key import Key, server_key
from sip_guard.sip.message import MalformedMessage, Request, Response, parse

REPEATED: Final = 64.0
"""Seconds for which an INVITE may be sent again (RFC 3261 17.1.1.2 has 32, and the answer has its way back)."""
MAX_KNOWN: Final = 200_000
"""INVITEs that are remembered to tell those that are sent again."""

_TELLING: Final = (b"BYE ", *(b"SIP/2.0 %d" % each for each in range(2, 7)))
"""How messages begin that say how a call goes on."""


class Counts(msgspec.Struct):
    """What there was in a capture."""

    messages: int = 0
    """What may be SIP."""
    invites: int = 0
    """That begin a call or change one; the following say why some of them were not taken through the policy."""
    repeated: int = 0
    within_calls: int = 0
    outward: int = 0
    """From our side: they are not screened."""
    strangers: int = 0
    """From an address that no trunk has."""
    unreadable: int = 0
    """The guard would answer 400, or drop them."""
    answers: int = 0
    """2xx to calls of trunks."""
    ends: int = 0
    """Of such calls."""


class Arrival(NamedTuple):
    """A new call, as each configuration sees it."""

    number: int
    """By which it is told how the call goes on; no other has it."""
    captured: Captured
    request: Request
    calls: tuple[Call | None, ...]
    """What each configuration takes it for; None: it would not screen it."""


Went = Callable[[int, Answered | Ended], None]
"""Is told how a call goes on, by which of the configurations it is followed."""


class Arrivals:
    """Picks the calls that are screened out of messages."""

    def __init__(self, guards: tuple[DeskGuard, ...], counts: Counts, went: Went = lambda *_: None) -> None:
        """Take a call if any of the `guards` would screen it, and tell `went` how it goes on."""
        self._guards = guards
        self._counts = counts
        self._went = went
        self._number = 0
        self._known: OrderedDict[int, float] = OrderedDict()

    def of(self, messages: Iterable[Captured]) -> Iterator[Arrival]:
        """Give the new calls among messages, in their order."""
        for captured in messages:
            self._counts.messages += 1
            if captured.octets.startswith(b"INVITE "):
                self._counts.invites += 1
                arrival = self._arrival(captured)
                if arrival is not None:
                    yield arrival
            elif captured.octets.startswith(_TELLING):
                self._hear(captured)

    def _hear(self, captured: Captured) -> None:
        """Follow calls that came before."""
        try:
            message = parse(captured.octets)
        except MalformedMessage:
            return
        if message.method not in (b"INVITE", b"BYE") or (isinstance(message, Response) and message.method == b"BYE"):
            return
        for which, guard in enumerate(self._guards):
            for told in guard.hear(message, captured.flow, captured.at):
                if which == 0:
                    self._counts.ends += isinstance(told, Ended)
                    self._counts.answers += isinstance(told, Answered) and told.code < 300
                self._went(which, told)

    def _arrival(self, captured: Captured) -> Arrival | None:
        counts, flow = self._counts, captured.flow
        trunks = tuple(guard.trunk(flow) for guard in self._guards)
        trunk = next(filter(None, trunks), None)
        if trunk is None:
            if any(guard.ours(flow) for guard in self._guards):
                counts.outward += 1
            else:
                counts.strangers += 1
            return None
        try:
            request = parse(captured.octets)
        except MalformedMessage:
            counts.unreadable += 1
            return None
        if not isinstance(request, Request):
            counts.unreadable += 1
            return None
        if request.to_tag:
            counts.within_calls += 1
            return None
        if self._seen(server_key(request, trunk), captured.at):
            counts.repeated += 1
            return None
        self._number += 1
        calls = tuple(
            None if trunk is None else Call.of(request, trunk, captured.flow, captured.at) for trunk in trunks
        )
        for guard, call in zip(self._guards, calls, strict=True):
            if call is not None:
                guard.follow(call, self._number)
        return Arrival(self._number, captured, request, calls)

    def _seen(self, key: Key, at: float) -> bool:
        """Tell whether an INVITE came before, and remember it."""
        known = self._known
        name = hash(key)
        first = known.get(name)
        if first is not None and at - first <= REPEATED:
            return True
        known[name] = at
        known.move_to_end(name)
        if len(known) > MAX_KNOWN or at - next(iter(known.values())) > REPEATED:
            known.popitem(last=False)
        return False
