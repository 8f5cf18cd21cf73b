"""Makers of SIP messages: a usual one, but for what is said of it."""

from collections.abc import Mapping, Sequence

from sip_guard.sip.message import MalformedMessage, Message, Request, Response, parse

ALICE = "+12155551212"
BOB = "+12155551213"
FIELDS = {
    "Via": "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKnashds8",
    "Max-Forwards": "70",
    "From": f'"Alice" <sip:{ALICE}@carrier.example>;tag=9fxced76sl',
    "To": f"<sip:{BOB}@guard.example>",
    "Call-ID": "3848276298220188511@carrier.example",
    "CSeq": "1 INVITE",
    "Contact": f"<sip:{ALICE}@198.51.100.7:5060>",
}
SDP = b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\n"


def octets(start: str, fields: dict[str, str], more: Sequence[str] = (), body: bytes = b"") -> bytes:
    """Write a message of a first line, fields, whole further lines, and a body."""
    lines = [start, *(f"{name}: {value}" for name, value in fields.items()), *more, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def request(
    method: str = "INVITE",
    uri: str = f"sip:{BOB}@192.0.2.1:5060",
    *more: str,
    body: bytes = b"",
    without: Sequence[str] = (),
    fields: Mapping[str, str] | None = None,
    **changed: str,
) -> bytes:
    """Write Alice's request to Bob. `changed` (such as `from_`, `call_id`) and `fields`: what is other or more."""
    written = FIELDS | {"CSeq": f"1 {method}"} | named(changed) | (dict(fields) if fields else {})
    written = written | {"Content-Length": written.get("Content-Length", str(len(body)))}
    kept = {name: value for name, value in written.items() if name not in without}
    return octets(f"{method} {uri} SIP/2.0", kept, more, body)


def response(
    status: str = "200 OK",
    *more: str,
    body: bytes = b"",
    fields: Mapping[str, str] | None = None,
    **changed: str,
) -> bytes:
    """Write Bob's response to Alice."""
    written = FIELDS | {"To": f"<sip:{BOB}@guard.example>;tag=314159"} | named(changed)
    written = written | {"Content-Length": str(len(body))} | (dict(fields) if fields else {})
    return octets(f"SIP/2.0 {status}", written, more, body)


def named(changed: Mapping[str, str]) -> dict[str, str]:
    """Give fields under their names, where they were Python's: `from_`, `call_id`."""
    usual = {"call-id": "Call-ID", "cseq": "CSeq"}
    spelt = {name: name.rstrip("_").replace("_", "-") for name in changed}
    return {usual.get(spelt[name], spelt[name].title()): value for name, value in changed.items()}


def read_request(data: bytes) -> Request:
    """Read what has to be a request."""
    message = parse(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    """Read what has to be a response."""
    message = parse(data)
    assert isinstance(message, Response)
    return message


def answered(data: bytes) -> Message:
    """Read what the guard sent. An answer to a malformed request may repeat what is wrong with it."""
    message: Message | None
    try:
        message = parse(data)
    except MalformedMessage as malformed:
        message = malformed.message
    assert message is not None
    assert message.raw == data
    return message


def fault(data: bytes) -> MalformedMessage:
    """Give what is wrong with a message."""
    try:
        message = parse(data)
    except MalformedMessage as malformed:
        return malformed
    raise AssertionError(f"well formed: {message.start!r}")


def values(message: Message, name: str) -> list[str]:
    """Give the values of a field as text."""
    return [value.decode() for value in message.values(name.encode())]
