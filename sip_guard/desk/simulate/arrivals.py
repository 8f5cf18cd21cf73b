"""The new calls of trunks in captured messages: each once, as the guard would have taken them."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from sip_guard.desk.capture.messages import Captured
from sip_guard.desk.guard import DeskGuard
from sip_guard.peer import Trunk
from sip_guard.proxy.key import Key, server_key
from sip_guard.sip.message import MalformedMessage, Request, parse

REPEATED: Final = 64.0
"""Seconds for which an INVITE may be sent again (RFC 3261 17.1.1.2 has 32, and the answer has its way back)."""
MAX_KNOWN: Final = 200_000
"""INVITEs that are remembered to tell those that are sent again."""


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


class Arrival(NamedTuple):
    """A new call, and the trunk that it came by according to each configuration."""

    captured: Captured
    request: Request
    trunks: tuple[Trunk | None, ...]


class Arrivals:
    """Picks the calls that are screened out of messages."""

    def __init__(self, guards: tuple[DeskGuard, ...], counts: Counts) -> None:
        """Take a call if any of the `guards` would screen it."""
        self._guards = guards
        self._counts = counts
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
        return Arrival(captured, request, trunks)

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
