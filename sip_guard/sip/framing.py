"""Where one message ends and the next begins on a stream (RFC 3261 7.5 and 18.3, RFC 5626 4.4.1)."""

import re

from sip_guard.sip.grammar import canonical_name, value_of
from sip_guard.sip.message import MAX_MESSAGE

_END = b"\r\n\r\n"
_LINE_ENDS = re.compile(rb"(?:\r\n)*+")
_LONE = re.compile(rb"\r[^\n]|(?<!\r)\n", re.DOTALL)
_CONTENT_LENGTH = re.compile(
    # Generous in what looks like the field, so that nothing which another reader might take for it is passed over.
    rb"\r\n((?i:content-length|l)(?![A-Za-z0-9\-.!%*_+`'~])[^\r\n]*+(?:\r\n[ \t][^\r\n]*+)*+)"
)
_digits = re.compile(rb"[0-9]{1,10}").fullmatch


class FramingError(Exception):
    """Nobody can tell where the next message begins: the connection must be closed (RFC 3261 18.3)."""

    def __init__(self, reason: str, head: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.head = head
        """What there was of the message, to answer it if that makes sense; with the empty line if it came so far."""
        self.before: list[bytes] = []
        """Whole messages that came before it in the same octets."""


class Framer:
    """Cuts one direction of one stream into messages. It never holds more than `MAX_MESSAGE` octets between calls.

    There is one reading of Content-Length, which is that of `sip.message.parse`: one field of at most ten plain
    digits, in whatever spelling RFC 3261 7.3.1 allows for its name. Anything else is an error, and never a guess.
    """

    __slots__ = ("_length", "_line_ends", "_octets", "_seen", "pings")

    def __init__(self) -> None:
        self._octets = bytearray()
        self._seen = 0
        """Octets of an unfinished head that need not be looked at again."""
        self._length = 0
        """Octets of the message, once its head is whole."""
        self._line_ends = 0
        """1 if an odd number of line ends has come since the last message, else 0."""
        self.pings = 0
        """How many keep-alive pings (CRLFCRLF between messages) came so far; each is to be answered with CRLF.

        A CRLF alone is a pong and means nothing.
        """

    @property
    def started(self) -> bool:
        """Whether a message has begun and is not whole yet."""
        return bool(self._octets) and self._octets != b"\r"

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received, and give the messages that are now whole: head and body, octet by octet.

        Raises FramingError, after which nothing more may be fed.
        """
        messages: list[bytes] = []
        self._octets += data
        try:
            while message := self._next():
                messages.append(message)
        except FramingError as error:
            error.before = messages
            self._octets.clear()
            raise
        return messages

    def _next(self) -> bytes:
        """Take the next whole message off the octets; empty if there is none."""
        octets = self._octets
        if not self._length:
            if not self._seen:
                self._skip_line_ends()
                if not self.started:
                    return b""
            head = self._head()
            if not head:
                return b""
            length = len(head) + _content_length(head)
            if length > MAX_MESSAGE:
                raise FramingError("larger than a message may be", head)
            self._length = length
        if len(octets) < self._length:
            return b""
        message = bytes(memoryview(octets)[: self._length])
        del octets[: self._length]
        self._length = self._seen = self._line_ends = 0
        return message

    def _skip_line_ends(self) -> None:
        found = _LINE_ENDS.match(self._octets)
        if found is not None and found.end():
            count = self._line_ends + found.end() // 2
            self.pings += count // 2
            self._line_ends = count % 2
            del self._octets[: found.end()]

    def _head(self) -> bytes:
        """Give the head with its empty line; empty as long as it is not whole. Every octet is looked at once."""
        octets = self._octets
        end = octets.find(_END, max(0, self._seen - 3), MAX_MESSAGE)
        stop = min(len(octets), MAX_MESSAGE) if end < 0 else end + 4
        if end < 0 and octets[stop - 1] == 0x0D:
            # Whether this CR stands alone, the next octet tells.
            stop -= 1
        fresh = bytes(octets[self._seen : stop])
        pairs = fresh.count(b"\r\n")
        suspect = not fresh.count(b"\r") == pairs == fresh.count(b"\n")
        if suspect and (lone := _LONE.search(octets, self._seen)) is not None:
            raise FramingError("a CR or LF that stands alone", bytes(octets[: lone.end()]))
        if end < 0:
            if len(octets) >= MAX_MESSAGE:
                raise FramingError("larger than a message may be", bytes(octets[:MAX_MESSAGE]))
            self._seen = stop
            return b""
        return bytes(octets[:stop])


def _content_length(head: bytes) -> int:
    fields = _CONTENT_LENGTH.findall(head)
    if len(fields) != 1:
        raise FramingError("two Content-Length fields" if fields else "no Content-Length field", head)
    field: bytes = fields[0]
    value = value_of(field)
    if canonical_name(field.partition(b":")[0]) != b"content-length" or b":" not in field or not _digits(value):
        raise FramingError("Content-Length", head)
    return int(value)
