"""Where requests can go: the addresses of each target, in the order in which they are tried (RFC 3263 4)."""

from collections.abc import Callable, Iterable
from typing import get_args

import msgspec

from sip_guard.peer import Peers, Target, Transport, Trunk
from sip_guard.proxy.action import Marked
from sip_guard.proxy.health import Health
from sip_guard.proxy.place import Place, order
from sip_guard.proxy.throttle import Throttle
from sip_guard.sip.flow import Address, End, numeric
from sip_guard.sip.headers import Via
from sip_guard.value import Value

MAX_TRIES = 8
"""Addresses that one request is tried at."""


class Hop(Value):
    """Where a request may be sent."""

    end: End
    target: Target | None = None
    """Whose address it is; None: that of no target, within a call."""
    uri: bytes = b""
    """Request-URI that it gets; empty: its own."""
    fragmented: bool = False
    """Whether a large request goes by UDP, for TCP was tried."""
    desperate: bool = False
    """Whether an emergency call is tried there, although it is down."""


class Hops:
    """Knows the addresses of targets and which of them are up."""

    def __init__(self, peers: Peers, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 up to 1."""
        self.peers = peers
        self._random = random
        self._health = Health()
        self._throttle = Throttle(random)
        self._places: dict[str, tuple[Place, ...]] = {}
        self._owners: dict[Address, Target] = {}
        self._names: dict[Address, str] = {}
        self._place()

    def change(self) -> None:
        """Take note that the peers have changed. What is known of addresses that are a target's still stays."""
        before, places = self._ends(), self._places
        targets, self._places = self._targets, {}
        self._place()
        for name, target in self._targets.items():
            if name in places and name not in self._places and targets[name].is_where(target):
                self._places[name] = places[name]
        self._index()
        self._forget(before - self._ends())

    def _place(self) -> None:
        self._targets = dict(self.peers.targets)
        for target in self._targets.values():
            host = numeric(target.host)
            if host is not None:
                transport = target.transport or "UDP"
                port = target.port or (5061 if transport == "TLS" else 5060)
                self._places[target.name] = (Place(transport, (host, port)),)
        self._index()

    def _ends(self) -> set[End]:
        return {End(place.transport, place.address) for places in self._places.values() for place in places}

    def located(self, target: Target, places: tuple[Place, ...], now: float) -> None:
        """Take the places that the name of a target leads to now."""
        before = self.ends(target)
        self._places[target.name] = places
        self.peers.locate(target.name, [place.address for place in places], now)
        self._index()
        self._forget(before - self.ends(target))

    def _forget(self, ends: Iterable[End]) -> None:
        """Let go of what is known of ends that are a target's no more."""
        for end in ends:
            self._health.forget(end)
            if end.address not in self._owners:
                # Large requests went by TCP, and those of a call as its Contact said.
                for transport in get_args(Transport):
                    self._health.forget(End(transport, end.address))

    def _index(self) -> None:
        self._owners = {}
        self._names = {}
        for name, places in self._places.items():
            target = self._targets[name]
            for place in places:
                self._owners.setdefault(place.address, target)
                self._names.setdefault(place.address, target.server_name or place.name or place.address[0])

    def ends(self, target: Target) -> set[End]:
        """Give the addresses of a target."""
        return {End(place.transport, place.address) for place in self._places.get(target.name, ())}

    def reaches(self, target: Target, now: float) -> bool:
        """Tell whether a new request may go to a target: one of its addresses is known and up."""
        return any(self._health.is_up(end, now) for end in self.ends(target))

    def server_name(self, address: Address) -> str | None:
        """Give what the certificate of the TLS server at an address must name (RFC 5922 7.3); None: any other place."""
        return self._names.get(address)

    def to(self, targets: Iterable[Target], now: float, *, urgent: Callable[[], bool] = lambda: False) -> list[Hop]:
        """Give what a new request for one of these targets is to try, in this order: what is up.

        That an address has asked for fewer calls is no matter to one that is `urgent`, and if none is up, it is tried
        at all of them nevertheless.
        """
        hops = [
            Hop(End(place.transport, place.address), target)
            for target in order(targets, self._random)
            for place in order(self._places.get(target.name, ()), self._random)
        ]
        usable = hops
        if self._health.troubled or self._throttle.wished:
            usable = [
                hop
                for hop in hops
                if self.is_up(hop, now) and (not self._throttle.holds_back(hop.end, now) or urgent())
            ]
        if not usable and hops and urgent():
            usable = [msgspec.structs.replace(hop, desperate=True) for hop in hops]
        return usable[:MAX_TRIES]

    def side(self, hop: Hop) -> Trunk | Target | None:
        """Give who is at a hop; None: nobody that we know."""
        if hop.target is None:
            return self.peers.at(hop.end.address)
        return self.peers.side(hop.target)

    def at(self, end: End) -> Hop:
        """Give the hop to an address within a call, whatever is known of it."""
        return Hop(end, self._owners.get(end.address))

    def is_up(self, hop: Hop, now: float) -> bool:
        """Tell whether new requests may go there."""
        return hop.desperate or self._health.is_up(hop.end, now)

    def tried(self, hop: Hop, now: float) -> None:
        """Take note that a request is sent there."""
        target = self._judged(hop) if hop.end in self._health.troubled else None
        if target is not None:
            self._health.tried(hop.end, target, now)

    def told(self, hop: Hop, via: Via, now: float) -> None:
        """Take note of what an answer of one that was offered it says of overload in our own Via (RFC 7339)."""
        self._throttle.told(hop.end, via, now)

    def answered(self, hop: Hop, now: float) -> list[Marked]:
        """Take note that something was answered from there."""
        target = self._judged(hop) if hop.end in self._health.troubled else None
        if target is None or not self._health.answered(hop.end, target, now):
            return []
        return [Marked(target.name, hop.end, up=True, reason="it answers")]

    def unanswered(self, hop: Hop, now: float, reason: str) -> list[Marked]:
        """Take note that a request sent there had no answer."""
        target = self._judged(hop)
        if target is None or not self._health.unanswered(hop.end, target, now):
            return []
        return [Marked(target.name, hop.end, up=False, reason=reason)]

    def refused(self, hop: Hop, seconds: float, now: float) -> list[Marked]:
        """Take note of a 503 that asks for so many seconds of rest: by whatever transport the address is known."""
        target = self._judged(hop)
        if target is None:
            return []
        ends = {end for end in self.ends(target) if end.address == hop.end.address} or {hop.end}
        reason = f"503 with Retry-After: {seconds:.0f}"
        marked = [end for end in ends if self._health.refused(end, seconds, now)]
        return [Marked(target.name, end, up=False, reason=reason) for end in marked]

    def _judged(self, hop: Hop) -> Target | None:
        """Give the target by whose numbers a hop is judged; None for an address that is no target's (any more).

        Only its places are probed: the TCP that is tried for large requests comes back with time.
        """
        target = hop.target
        if target is None or hop.end.address not in self._owners:
            return None
        if target.probe is None or hop.end in self.ends(target):
            return target
        return msgspec.structs.replace(target, probe=None)
