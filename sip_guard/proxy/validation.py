"""Whether a well-formed request may go on (RFC 3261 16.3)."""

from sip_guard.peer import Target, Trunk
from sip_guard.proxy.loops import Loops
from sip_guard.proxy.route import Addresses
from sip_guard.sip.message import Request
from sip_guard.sip.uri import Uri, scheme

SCHEMES = (b"sip", b"sips", b"tel", b"urn")
"""What a Request-URI may begin with; `urn` is that of emergency services (RFC 5031)."""
Refusal = tuple[int, str, bytes]
"""Code, phrase (empty: the usual one) and a whole line (or none) of an answer to what goes no further."""


def invalid(request: Request, peer: Trunk | Target, addresses: Addresses, loops: Loops) -> Refusal | None:
    """Check what RFC 3261 16.3 asks of a proxy beyond syntax, in its order, and Max-Breadth (RFC 5393 5.3.3).

    None if `request` may go on. An ACK that may not is dropped without an answer. An OPTIONS outside of dialogs that
    names us is not to go on but for us to answer, whatever it has left of Max-Forwards and Max-Breadth (11 and
    RFC 5393 5.3.4): many peers ask so whether we are there.
    """
    if scheme(request.uri) not in SCHEMES:
        return 416, "", b""
    ours = request.method == b"OPTIONS" and not request.to_tag and addresses.include(Uri.parse(request.uri))
    left = request.value(b"max-forwards")
    if left and int(left) == 0 and not ours:
        return 483, "", b""
    if not ours and loops.closed(request, peer):
        return 482, "", b""
    if b"proxy-require" in request and request.method != b"ACK":
        return 420, "", b"Unsupported: " + b", ".join(request.values(b"proxy-require"))
    breadth = request.value(b"max-breadth")
    if breadth and int(breadth) == 0 and not ours:
        return 440, "", b""
    return None
