"""Asking a target whether it is there: OPTIONS, as a user agent of our own sends it (RFC 3261 11)."""

from sip_guard.peer import Target
from sip_guard.proxy.hops import Hop
from sip_guard.proxy.timers import Entry
from sip_guard.sip.flow import End, bracketed
from sip_guard.sip.message import parse
from sip_guard.sip.rewrite import Draft


class Beat:
    """When one address of a target is asked next."""

    __slots__ = ("entry", "expire_at", "hop", "resend_at", "target")
    expire_at: float | None
    resend_at: float | None
    entry: Entry | None

    def __init__(self, target: Target, end: End, first: float) -> None:
        self.target = target
        self.hop = Hop(end, target)
        self.expire_at = first
        self.resend_at = None
        self.entry = None


def options(target: Target, end: End, own: End, unique: bytes, via: bytes) -> Draft:
    """Write an OPTIONS to a target at `end`, from `own`; `unique` makes its tag and Call-ID."""
    host = bracketed(target.host).encode()
    port = b"" if target.port is None else b":%d" % target.port
    over = b";transport=tcp" if end.transport == "TCP" else b""
    scheme = b"sips" if end.transport == "TLS" else b"sip"
    ours = bracketed(own.address[0]).encode()
    lines = [
        b"OPTIONS %b:%b%b%b SIP/2.0" % (scheme, host, port, over),
        via,
        b"Max-Forwards: 70",
        b"From: <sip:sip-guard@%b>;tag=%b" % (ours, unique[:8]),
        b"To: <%b:%b%b>" % (scheme, host, port),
        b"Call-ID: %b@%b" % (unique, ours),
        b"CSeq: 1 OPTIONS",
        b"Accept: application/sdp",
        b"Content-Length: 0",
        b"",
        b"",
    ]
    return Draft(parse(b"\r\n".join(lines)))
