"""Where a request goes, and the proof that it belongs to a dialog that passed through here (RFC 3261 16.4 to 16.6)."""

import hmac
import ipaddress
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from sip_guard.sip.flow import Address, End, Flow, bracketed
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Message, Request
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri

_TRANSPORTS = {b"udp": "UDP", b"tcp": "TCP", b"tls": "TLS"}
PROOF = b"sg"
"""Name of the Record-Route parameter that proves a dialog."""


class Seal:
    """Makes what only this guard can make: a To tag alone proves no dialog, a signed Record-Route parameter does."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: 16 to 64 octets; with the same secret, dialogs outlive a restart."""
        self._secret = secret

    def mac(self, *parts: bytes) -> bytes:
        """Give 16 characters that nobody else can compute for these parts."""
        framed = b"".join(b"%d:%b" % (len(part), part) for part in parts)
        return urlsafe_b64encode(blake2b(framed, digest_size=12, key=self._secret).digest())

    def early(self, message: Message) -> bytes:
        """Give the proof that the callee gets, whose tag is not known yet: it seals Call-ID and caller's tag."""
        return self.mac(b"early", message.value(b"call-id"), message.from_tag)

    def dialog(self, message: Message) -> bytes:
        """Give the proof of a dialog: it seals Call-ID and both tags, whichever side sends."""
        return self.mac(b"dialog", message.value(b"call-id"), *sorted((message.from_tag, message.to_tag)))

    def bind(self, draft: Draft) -> None:
        """Make the callee's proof in an answer one of the dialog before the caller sees it (RFC 3261 16.7 step 8).

        So what the caller holds is good for this one dialog, and never for another INVITE under the same Call-ID.
        """
        places = draft.message.places(b"record-route")
        if not places:
            return
        early, dialog = self.early(draft.message), self.dialog(draft.message)
        for place in places:
            line = draft.lines[place]
            if line is not None and early in line:
                draft.lines[place] = line.replace(early, dialog)

    def proves(self, proof: bytes, request: Request, *, callee: bool) -> bool:
        """Tell whether `proof` is of the dialog of `request`. A request without a To tag is in none.

        What the callee got with the INVITE counts only if it is `callee` who sends it.
        """
        if not proof or not request.to_tag:
            return False
        callees = self.mac(b"early", request.value(b"call-id"), request.to_tag)
        return hmac.compare_digest(self.dialog(request), proof) or (callee and hmac.compare_digest(callees, proof))


def record_route(own: End, proof: bytes) -> bytes:
    """Write our Record-Route line for one side (RFC 3261 16.6 step 4). Never `transport=tls` (RFC 5658 5)."""
    host, port = bracketed(own.address[0]).encode(), own.address[1]
    scheme = b"sips" if own.transport == "TLS" else b"sip"
    transport = b";transport=tcp" if own.transport == "TCP" else b""
    return b"Record-Route: <%b:%b:%d%b;lr;%b=%b>" % (scheme, host, port, transport, PROOF, proof)


def origin(flow: Flow) -> bytes:
    """Write where an INVITE came from, for our Record-Route: the way to a caller whose Contact or Route is a name."""
    return b64url(f"{flow.transport} {flow.remote[0]} {flow.remote[1]}".encode())


def came_from(text: bytes) -> End | None:
    """Read what `origin` wrote; None if it is not that. It is believed of targets only."""
    try:
        transport, host, port = urlsafe_b64decode(text + b"=" * (-len(text) % 4)).decode("ascii").split(" ")
        end = numeric(Uri.parse(f"sip:{bracketed(host)}:{port};transport={transport}".encode()))
    except ValueError:
        return None
    return end


def b64url(octets: bytes) -> bytes:
    """Encode without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=")


class Addresses:
    """The addresses that are ours: what a Route or a Request-URI must name to mean this guard."""

    def __init__(self, own: Iterable[Address]) -> None:
        self._own = {(bracketed(host).lower().encode(), port) for host, port in own}

    def include(self, uri: Uri | None) -> bool:
        """Tell whether a URI names this guard."""
        return uri is not None and (uri.host.lower(), uri.port or default_port(uri)) in self._own


class Routed(NamedTuple):
    """What the Route of a request says, each empty if it does not."""

    proof: bytes
    """Of our first value."""
    origin: bytes
    """Where the INVITE came from, as our first value tells."""
    following: bytes
    """The URI of the value behind ours."""


def take_own_routes(draft: Draft, addresses: Addresses) -> Routed:
    """Remove our own values from the top of the Route (RFC 3261 16.4)."""
    told = b""
    for place in draft.message.places(b"route"):
        values = split_list(draft.message.value_at(place))
        for taken, value in enumerate(values):
            address = name_addr(value)
            uri = Uri.parse(address.uri)
            if uri is None or not addresses.include(uri):
                if taken:
                    draft.set_value(place, b", ".join(values[taken:]))
                return _routed(told, address.uri or value)
            told = told or uri.parameter(PROOF) or b""
        draft.remove(place)
    return _routed(told, b"")


def _routed(told: bytes, following: bytes) -> Routed:
    proof, _, origin_ = told.partition(b".")
    return Routed(proof, origin_, following)


def default_port(uri: Uri) -> int:
    """Give the port of a URI that names none (RFC 3261 19.1.2)."""
    return 5061 if uri.scheme == b"sips" or (uri.parameter(b"transport") or b"").lower() == b"tls" else 5060


def numeric(uri: Uri | None) -> End | None:
    """Give where a URI with an address for a host leads (RFC 3263 4.1).

    None for a name, for what nobody may be sent to, and for a transport that is not spoken here.
    """
    if uri is None or not uri.host:
        return None
    try:
        address = ipaddress.ip_address(uri.address)
    except ValueError:
        return None
    if address.is_multicast or address.is_unspecified or address == ipaddress.IPv4Address("255.255.255.255"):
        return None
    named = (uri.parameter(b"transport") or b"udp").lower()
    transport = _TRANSPORTS.get(named if uri.scheme != b"sips" else b"tls")
    return None if transport is None else End(transport, (str(address), uri.port or default_port(uri)))
