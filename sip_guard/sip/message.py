"""The one reader of the bytes: a message as received, and an index of its header fields (RFC 3261 7)."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from sip_guard.sip.grammar import CR, LF, NAMES, NUL, SINGLE, canonical_name, token, unfolded
from sip_guard.sip.headers import Via, name_addr, split_list
from sip_guard.sip.uri import Uri, scheme

MAX_MESSAGE: Final = 65_535
"""Octets of a message that are looked at."""
MAX_FIELDS: Final = 256
"""Header fields in a message."""
MAX_FIELD: Final = 16_384
"""Octets of one header field with its foldings."""
KNOWN_METHODS: Final = frozenset(
    b"ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split()
)

MAX_CSEQ: Final = 2**31
"""What a CSeq number is below (RFC 3261 8.1.1.5)."""

_VISIBLE: Final = bytes(octet for octet in range(256) if octet > 0x20 and octet != 0x7F)
"""What a word is of: neither blanks nor controls."""
_IN_URI: Final = _VISIBLE.translate(None, b'<>"')
_version = re.compile(rb"SIP/[0-9]+\.[0-9]+", re.IGNORECASE).fullmatch
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n|(?<!\\)\x00").search
_LINE_END = re.compile(rb"\r\n(?![ \t])")


class MalformedMessage(Exception):  # noqa: N818 - the house's word
    """What came is not SIP. `message` holds what could be read, to answer it if that makes sense."""

    def __init__(self, reason: str, code: int = 400, message: "Message | None" = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.message = message


class Message:
    """A SIP message: its lines as they were received, and where each header field is."""

    __slots__ = (
        "_first",
        "_more",
        "_values",
        "body",
        "call_id",
        "cseq",
        "from_tag",
        "head",
        "lines",
        "method",
        "names",
        "start",
        "to_tag",
        "via",
    )
    via: Via
    """The top Via. Known of a message that `parse` gave, not of a malformed one."""

    def __init__(self, head: bytes, start: bytes, lines: list[bytes], body: bytes = b"") -> None:
        self.head = head
        """The octets of the first line and the header fields, without the last CRLF."""
        self.start = start
        self.lines = lines
        """Header fields in their order, folded ones with their foldings, without the last CRLF."""
        self.names: list[bytes] = []
        """Beside each line the field's long name in lower case."""
        self._values: list[bytes] = []
        """Beside each line the field's value, unfolded."""
        self._first: dict[bytes, int] = {}
        self._more: dict[bytes, list[int]] = {}
        """The places of fields that stand in more than one line."""
        self.body = body
        self.from_tag = b""
        """Tag of From; empty if it has none."""
        self.to_tag = b""
        self.call_id = b""
        self.cseq = 0
        self.method = b""
        """Of the request; in a response that of its CSeq."""

    @property
    def raw(self) -> bytes:
        """The message octet by octet as it was received, without what followed its body."""
        return b"\r\n".join((self.start, *self.lines, b"", self.body))

    @property
    def size(self) -> int:
        """About how many octets it has."""
        return len(self.head) + len(self.body)

    def read(self) -> str:
        """Read which field each line is. Give what is wrong with them; empty: nothing."""
        fault = ""
        names, values, first, more = self.names, self._values, self._first, self._more
        for place, line in enumerate(self.lines):
            spelled, colon, value = line.partition(b":")
            name = NAMES.get(spelled) or canonical_name(spelled)
            if name is None or not colon:
                fault = fault or "a header field without a name"
                name = b""
            names.append(name)
            values.append(unfolded(value))
            if name not in first:
                first[name] = place
            else:
                more.setdefault(name, [first[name]]).append(place)
                if name in SINGLE:
                    fault = fault or f"two {name.decode()} fields"
        return fault

    def has_any(self, names: AbstractSet[bytes]) -> bool:
        """Tell whether the message has one of these fields (long, lower case)."""
        return not names.isdisjoint(self._first)

    def __contains__(self, name: bytes) -> bool:
        """Tell whether the message has the field `name` (long, lower case)."""
        return name in self._first

    def index(self, name: bytes) -> int | None:
        """Give the place in `lines` of the first field of that name."""
        return self._first.get(name)

    def value(self, name: bytes) -> bytes:
        """Give the unfolded value of the first field `name`; empty if there is none."""
        index = self._first.get(name)
        return b"" if index is None else self._values[index]

    def value_at(self, index: int) -> bytes:
        """Give the unfolded value of the field at a place in `lines`."""
        return self._values[index]

    def places(self, name: bytes) -> Sequence[int]:
        """Give the places in `lines` of all fields of that name."""
        if name in self._more:
            return self._more[name]
        first = self._first.get(name)
        return () if first is None else (first,)

    def values(self, name: bytes) -> list[bytes]:
        """Give the unfolded values of all fields of that name, one a line of the message."""
        return [self._values[i] for i in self.places(name)]

    @property
    def vias(self) -> list[bytes]:
        """All Via values, the top one first."""
        return [item for value in self.values(b"via") for item in split_list(value)]


class Request(Message):
    """A request."""

    __slots__ = ("uri",)
    uri: bytes


class Response(Message):
    """A response."""

    __slots__ = ("code", "phrase")
    code: int
    phrase: bytes


def parse(data: bytes) -> Request | Response:
    """Read one datagram (RFC 3261 7 and 18.3). Octets after the body are left out.

    Raises MalformedMessage where two elements might read the message in two ways, or where a proxy could not go on.
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage("larger than a message may be", 513)
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    text = b"".join(lines)
    if (CR in text or LF in text or NUL in text) and _LONE(head):
        # No answer could repeat such a field without being misread in its turn.
        raise MalformedMessage("a CR, LF or NUL that stands alone")
    if min(lines) < b"!":
        # Some line begins with a blank: it goes on from the one before (RFC 3261 7.3.1).
        lines = _LINE_END.split(head)
    start = lines.pop(0)
    fault = None if end else MalformedMessage("no empty line after the header fields")
    if len(lines) > MAX_FIELDS or (len(head) > MAX_FIELD and any(len(line) > MAX_FIELD for line in lines)):
        fault = MalformedMessage("too many header fields, or one too long")
        del lines[MAX_FIELDS:]
    message, wrong = _typed(head, start, lines, body)
    unreadable = message.read()
    fault = wrong or fault or (MalformedMessage(unreadable) if unreadable else _fault(message) or _body_fault(message))
    if fault is not None:
        fault.message = None if wrong is not None and not token(message.method) else message
        raise fault
    return message


def _typed(
    head: bytes, start: bytes, lines: list[bytes], body: bytes
) -> tuple[Request | Response, MalformedMessage | None]:
    """Make a request or a response according to the first line, and say what is wrong with that."""
    if start[:4].upper() == b"SIP/":
        response = Response(head, start, lines, body)
        code = start[8:11]
        if start[4:8] != b"2.0 " or start[11:12] != b" " or not b"100" <= code < b"700" or not code.isdigit():
            return response, MalformedMessage("a status line that is none")
        response.code, response.phrase = int(code), start[12:]
        return response, None if LF not in start else MalformedMessage("a status line that is none")
    request = Request(head, start, lines, body)
    request.method, _, rest = start.partition(b" ")
    request.uri, _, version = rest.partition(b" ")
    usual = version == b"SIP/2.0"
    if (
        not (usual or _version(version))
        or not (request.method in KNOWN_METHODS or token(request.method))
        or not request.uri
        or request.uri.translate(None, _IN_URI)
    ):
        return request, MalformedMessage("a request line that is none")
    return request, None if usual or version.upper() == b"SIP/2.0" else MalformedMessage("another version of SIP", 505)


def _fault(message: Request | Response) -> MalformedMessage | None:
    """Find what is wrong with the fields that a proxy reads (RFC 3261 16.3 step 1)."""
    first, values = message._first, message._values  # noqa: SLF001 - of one module
    try:
        vias, caller, callee = values[first[b"via"]], name_addr(values[first[b"from"]]), name_addr(values[first[b"to"]])
        message.call_id, cseq = values[first[b"call-id"]], values[first[b"cseq"]]
    except KeyError as missing:
        return MalformedMessage(f"no {missing.args[0].decode()} field")
    top = split_list(vias)
    via = Via.parse(top[0]) if top else None
    if via is None:
        return MalformedMessage("Via")
    message.via = via
    digits, _, method = cseq.replace(b"\t", b" ").partition(b" ")
    method = method.lstrip(b" ")
    message.cseq = int(digits) if digits.isdigit() and len(digits) <= 10 else MAX_CSEQ
    if message.cseq >= MAX_CSEQ or not (method in KNOWN_METHODS or token(method)):
        return MalformedMessage("CSeq")
    if isinstance(message, Response):
        message.method = method
    elif method != message.method:
        return MalformedMessage("CSeq names another method", 400 if message.method in KNOWN_METHODS else 501)
    if not caller.uri or not callee.uri:
        return MalformedMessage("To" if caller.uri else "From")
    message.from_tag = caller.params.get(b"tag", b"")
    message.to_tag = callee.params.get(b"tag", b"")
    if not message.call_id or message.call_id.translate(None, _VISIBLE):
        return MalformedMessage("Call-ID")
    return _request_fault(message) if isinstance(message, Request) else None


def _request_fault(request: Request) -> MalformedMessage | None:
    uri = Uri.parse(request.uri)
    if uri.headers if uri is not None else scheme(request.uri) in (None, b"sip", b"sips", b"tel"):
        return MalformedMessage("Request-URI")
    if b"max-forwards" in request:
        hops = request.value(b"max-forwards")
        if not _is_number(hops) or int(hops) > 255:
            return MalformedMessage("Max-Forwards")
    if b"max-breadth" in request and not _is_number(request.value(b"max-breadth")):
        return MalformedMessage("Max-Breadth")
    for value in request.values(b"contact"):
        for item in split_list(value):
            if not name_addr(item).uri and item != b"*":
                return MalformedMessage("Contact")
    return None


def _body_fault(message: Message) -> MalformedMessage | None:
    """Cut the body to its length; it is shorter than promised in a datagram that was cut off (RFC 3261 18.3)."""
    if b"content-length" not in message:
        return None
    text = message.value(b"content-length")
    if not _is_number(text):
        return MalformedMessage("Content-Length")
    length = int(text)
    if length > len(message.body):
        return MalformedMessage("the body is shorter than its Content-Length")
    message.body = message.body[:length]
    return None


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= 10
