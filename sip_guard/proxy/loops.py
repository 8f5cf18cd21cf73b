"""How the guard tells a request that goes round in circles, and bounds how one spreads (RFC 3261 16.3, RFC 5393)."""

from collections.abc import Collection, Iterable

from sip_guard.peer import Target, Trunk
from sip_guard.proxy.key import COOKIE
from sip_guard.proxy.route import Addresses, Seal
from sip_guard.sip.flow import End, bracketed
from sip_guard.sip.headers import Via, name_addr, split_list
from sip_guard.sip.hygiene import without_verstat
from sip_guard.sip.message import Request
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri

MAX_BREADTH = 60
"""How far a request may spread behind us: what it gets if it says nothing, and the most it may say (RFC 5393 5.3.3)."""


def branch(unique: bytes, digest: bytes) -> bytes:
    """Write a branch of ours: one part that tells transactions apart, and `Loops.digest` (RFC 5393 4.2.1)."""
    return COOKIE + unique + b"." + digest


def digest_of(text: bytes) -> bytes:
    """Give the second part of a branch of ours; empty if it has none."""
    return text.rpartition(b".")[2] if text.startswith(COOKIE) and b"." in text else b""


class Loops:
    """Knows our own marks in the Via of a request.

    A request that comes back with what decides where it goes unchanged would go the same way for ever. One that comes
    back with another Request-URI, or from another peer, is a spiral: it goes on, and Max-Forwards bounds it.
    """

    def __init__(self, own: Iterable[End], seal: Seal, choosing: Collection[bytes] = ()) -> None:
        """`own`: where we listen. `choosing`: fields (long names, lower case) that choose the way out."""
        addresses = [end.address for end in own]
        self._own = frozenset(b"%b:%d" % (bracketed(host).lower().encode(), port) for host, port in addresses)
        self._addresses = Addresses(addresses)
        self._seal = seal
        self._fields = (b"p-asserted-identity", *sorted(choosing))
        self._further = frozenset((b"route", *self._fields))
        self._no_further = (b"",) * (1 + len(self._fields))

    def digest(self, request: Request, peer: Trunk | Target) -> bytes:
        """Give what stands for all that decides where `request`, as it was received from `peer`, goes.

        It varies with who sent it, Request-URI, Route, dialog, CSeq number, who calls, and the fields that choose the
        way. Not with the method, for ACK and CANCEL share the branch of their INVITE. Not with what elements change as
        a request goes round: Via, Max-Forwards, Record-Route, our own Route values (the first of which we take off),
        verstat (which we write), nor with what they may add at each turn, such as Identity, Diversion or History-Info.
        Proxy-Require need not be in it: no request that has one goes on.
        """
        further = self._no_further
        if request.has_any(self._further):
            fields = [without_verstat(b"\n".join(request.values(name))) for name in self._fields]
            further = (b"\n".join(self._foreign_routes(request)), *fields)
        return self._seal.mac(
            b"loop",
            peer.side,
            peer.name.encode(),
            request.uri,
            without_verstat(request.value(b"from")),
            request.to_tag,
            request.call_id,
            b"%d" % request.cseq,
            *further,
        )

    def _foreign_routes(self, request: Request) -> list[bytes]:
        return [
            value
            for line in request.values(b"route")
            for value in split_list(line)
            if not self._addresses.include(Uri.parse(name_addr(value).uri))
        ]

    def closed(self, request: Request, peer: Trunk | Target) -> bool:
        """Tell whether `request` was here before as it is now (RFC 3261 16.3 step 4)."""
        vias = [request.via, *map(Via.parse, request.vias[1:])]
        ours = [digest_of(via.branch) for via in vias if via is not None and via.sent_by in self._own]
        return bool(ours) and self.digest(request, peer) in ours


def limit_breadth(draft: Draft) -> None:
    """Give a request its Max-Breadth (RFC 5393 5.3.3). It goes whole with each try: they come one after the other."""
    place = draft.message.index(b"max-breadth")
    if place is None:
        draft.below.append(b"Max-Breadth: %d" % MAX_BREADTH)
    elif int(draft.message.value_at(place)) > MAX_BREADTH:
        draft.set_value(place, b"%d" % MAX_BREADTH)
