"""The one writer: what goes out is the octets that came in, but for the lines that are named."""

import re

from sip_guard.sip.flow import Address
from sip_guard.sip.headers import Via, name_addr, parameter, split_list
from sip_guard.sip.message import Message, Request, Response

PHRASES = {
    100: "Trying",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    481: "Call/Transaction Does Not Exist",
    483: "Too Many Hops",
    487: "Request Terminated",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
}
"""Reason phrases of the answers that the guard gives on its own (RFC 3261 21)."""

_RECEIVED = re.compile(rb"[ \t]*;[ \t]*received[ \t]*=[ \t]*[^;,\s]*", re.IGNORECASE)
_RPORT = re.compile(rb";[ \t]*rport[ \t]*(?=;|$)", re.IGNORECASE)
_ANSWERED = (b"via", b"from", b"to", b"call-id", b"cseq", b"timestamp")


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

    def set_value(self, place: int, value: bytes) -> None:
        """Give the field at `place` another value, under the name as it was spelt."""
        self.lines[place] = self.message.lines[place].partition(b":")[0] + b": " + value

    def value_at(self, place: int) -> bytes:
        """Give the value at `place` as it stands now, unfolded; empty where the line was removed."""
        line = self.lines[place]
        if line is None:
            return b""
        if line is self.message.lines[place]:
            return self.message.value_at(place)
        return line.partition(b":")[2].strip(b" \t")

    def remove(self, place: int) -> None:
        """Leave the line at `place` out."""
        self.lines[place] = None

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
    lines = []
    for place, name in enumerate(request.names):
        if name not in _ANSWERED:
            continue
        line = request.lines[place]
        if name == b"timestamp" and code != 100:
            continue
        if name == b"via" and top_via:
            line, top_via = top_via, b""
        elif name == b"to" and tag and code != 100:
            value = request.value_at(place)
            if parameter(name_addr(value).params, b"tag") is None:
                line = b"To: " + value + b";tag=" + tag
        lines.append(line)
    status = b"SIP/2.0 %d %s" % (code, (phrase or PHRASES[code]).encode())
    return b"\r\n".join((status, *lines, *extra, b"Content-Length: 0", b"", b""))


def stamped_via(request: Request, via: Via, source: Address) -> tuple[bytes, Address]:
    """Give the first Via line with `received` and `rport` filled in, and where answers go (RFC 3581 4).

    Answers always go back to the address the request came from; a `maddr` is not followed.
    """
    host, port = source
    top, *rest = split_list(request.value(b"via"))
    top = _RECEIVED.sub(b"", top)
    wants_port = _RPORT.search(top) is not None
    if wants_port:
        top = _RPORT.sub(b";rport=%d" % port, top, count=1)
    if wants_port or via.host.strip(b"[]").decode("ascii") != host:
        top += b";received=" + host.encode()
    line = b"Via: " + b", ".join((top, *rest))
    return line, (host, port if wants_port else via.port or 5060)


def without_top_via(draft: Draft) -> None:
    """Remove our own Via value from a response (RFC 3261 16.7 step 3)."""
    place = draft.message.places(b"via")[0]
    rest = split_list(draft.message.value_at(place))[1:]
    if rest:
        draft.set_value(place, b", ".join(rest))
    else:
        draft.remove(place)


def acknowledgement(sent: Request, response: Response) -> bytes:
    """Write the ACK that a client transaction sends for a final answer other than 2xx (RFC 3261 17.1.1.3)."""
    return _companion(sent, b"ACK", response.lines[response.places(b"to")[0]])


def cancellation(sent: Request) -> bytes:
    """Write the CANCEL of an INVITE that was sent (RFC 3261 9.1)."""
    return _companion(sent, b"CANCEL", sent.lines[sent.places(b"to")[0]])


def _companion(sent: Request, method: bytes, to: bytes) -> bytes:
    lines = [
        method + b" " + sent.uri + b" SIP/2.0",
        b"Via: " + split_list(sent.value(b"via"))[0],
        *(sent.lines[place] for place in sent.places(b"route")),
        b"Max-Forwards: 70",
        sent.lines[sent.places(b"from")[0]],
        to,
        sent.lines[sent.places(b"call-id")[0]],
        b"CSeq: %d %s" % (sent.cseq, method),
        b"Content-Length: 0",
        b"",
        b"",
    ]
    return b"\r\n".join(lines)
