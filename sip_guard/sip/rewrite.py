"""The one writer: what goes out is the octets that came in, but for the lines that are named."""

from collections.abc import Set as AbstractSet

from sip_guard.sip.flow import Address
from sip_guard.sip.grammar import value_of
from sip_guard.sip.headers import Via, name_addr, split_list
from sip_guard.sip.message import Message, Request, Response

PHRASES = {
    100: "Trying",
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    440: "Max-Breadth Exceeded",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    487: "Request Terminated",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
}
"""Reason phrases of the answers that the guard gives on its own (RFC 3261 21)."""


class Draft:
    """A message while it is changed. Places are those of the message's `lines`."""

    __slots__ = ("above", "below", "body", "lines", "message", "start")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.start = message.start
        self.lines: list[bytes | None] = list(message.lines)
        self.above: list[bytes] = []
        """Lines that go before all others."""
        self.below: list[bytes] = []
        """Lines that go after all others."""
        self.body = message.body

    def copy(self) -> "Draft":
        """Give one more draft as it stands now, to be changed by itself."""
        other = Draft(self.message)
        other.start, other.body = self.start, self.body
        other.lines, other.above, other.below = self.lines.copy(), self.above.copy(), self.below.copy()
        return other

    @property
    def uri(self) -> bytes:
        """The Request-URI as it stands now."""
        return self.start.split(b" ")[1]

    @uri.setter
    def uri(self, uri: bytes) -> None:
        self.start = b"%b %b SIP/2.0" % (self.message.method, uri)

    def set_value(self, place: int, value: bytes) -> None:
        """Give the field at `place` another value, under the name as it was spelt."""
        self.lines[place] = self.message.lines[place].partition(b":")[0] + b": " + value

    def value_at(self, place: int) -> bytes:
        """Give the value at `place` as it stands now, unfolded; empty where the line was removed."""
        line = self.lines[place]
        return b"" if line is None else value_of(line)

    def remove(self, place: int) -> None:
        """Leave the line at `place` out."""
        self.lines[place] = None

    def leave_out(self, names: AbstractSet[bytes]) -> None:
        """Leave out all fields of these names (long, lower case)."""
        if self.message.has_any(names):
            for place, name in enumerate(self.message.names):
                if name in names:
                    self.lines[place] = None

    def standing(self, name: bytes) -> list[bytes]:
        """Give the message's lines of that name as they stand now."""
        return [line for place in self.message.places(name) if (line := self.lines[place]) is not None]

    def octets(self) -> bytes:
        """Write the message."""
        kept = [line for line in self.lines if line is not None]
        return b"\r\n".join((self.start, *self.above, *kept, *self.below, b"", self.body))


def answer(
    request: Request,
    code: int,
    *,
    tag: bytes,
    phrase: str = "",
    top_via: bytes = b"",
    extra: tuple[bytes, ...] = (),
) -> bytes:
    """Write an answer to `request` (RFC 3261 8.2.6).

    `tag` is the To tag for a request that has none (not for 100). `top_via` stands for the first Via line, with
    `received` and `rport` filled in. What the request lacks, the answer lacks too. `extra` are whole lines.
    """
    lines = [request.lines[place] for place in request.places(b"via")]
    if top_via:
        lines[:1] = [top_via]
    for name in (b"from", b"to", b"call-id", b"cseq", *((b"timestamp",) if code == 100 else ())):
        place = request.index(name)
        if place is None:
            continue
        line = request.lines[place]
        if name == b"to" and code != 100 and b"tag" not in name_addr(request.value_at(place)).params:
            line += b";tag=" + tag
        lines.append(line)
    status = b"SIP/2.0 %d %s" % (code, (phrase or PHRASES[code]).encode())
    return b"\r\n".join((status, *lines, *extra, b"Content-Length: 0", b"", b""))


def stamped_via(request: Request, via: Via, source: Address) -> tuple[bytes, Address]:
    """Give the first Via line with `received` and `rport` filled in, and where answers go (RFC 3581 4).

    Answers always go back to the address the request came from; a `maddr` is not followed.
    """
    host, port = source
    params = {name: value for name, value in via.params.items() if name != b"received"}
    wants_port = params.get(b"rport") == b""
    if wants_port:
        params[b"rport"] = b"%d" % port
    if wants_port or via.host.strip(b"[]").decode("ascii") != host:
        params[b"received"] = host.encode()
    sent_by = via.host if via.port is None else b"%b:%d" % (via.host, via.port)
    top = b"SIP/2.0/%b %b" % (via.transport, sent_by)
    top += b"".join(b";%b=%b" % item if item[1] else b";" + item[0] for item in params.items())
    line = b"Via: " + b", ".join((top, *split_list(request.value(b"via"))[1:]))
    return line, (host, port if wants_port else via.port or 5060)


def without_top_via(draft: Draft) -> None:
    """Remove our own Via value from a response (RFC 3261 16.7 step 3)."""
    place = draft.message.places(b"via")[0]
    rest = split_list(draft.message.value_at(place))[1:]
    if rest:
        draft.set_value(place, b", ".join(rest))
    else:
        draft.remove(place)


def restore(draft: Draft, request: Request) -> None:
    """Show From and To in an answer to `request` as its sender wrote them, To with the tag of the answer.

    They may have been changed on the way to whoever answers, and an answer repeats them (RFC 3261 8.2.6.2).
    """
    response = draft.message
    tag = b";tag=" + response.to_tag if response.to_tag and not request.to_tag else b""
    for name, more in ((b"from", b""), (b"to", tag)):
        draft.lines[response.places(name)[0]] = request.lines[request.places(name)[0]] + more


def acknowledgement(sent: Draft, response: Response) -> bytes:
    """Write the ACK that a client transaction sends for a final answer other than 2xx (RFC 3261 17.1.1.3).

    `sent` is the INVITE with our Via on top.
    """
    return _companion(sent, b"ACK", [response.lines[response.places(b"to")[0]]])


def cancellation(sent: Draft) -> bytes:
    """Write the CANCEL of an INVITE that was sent with our Via on top (RFC 3261 9.1)."""
    return _companion(sent, b"CANCEL", sent.standing(b"to"))


def _companion(sent: Draft, method: bytes, to: list[bytes]) -> bytes:
    lines = [
        method + b" " + sent.start.split(b" ")[1] + b" SIP/2.0",
        sent.above[0],
        *sent.standing(b"route"),
        b"Max-Forwards: 70",
        *sent.standing(b"from"),
        *to,
        *sent.standing(b"call-id"),
        b"CSeq: %d %b" % (sent.message.cseq, method),
        b"Content-Length: 0",
        b"",
        b"",
    ]
    return b"\r\n".join(lines)
