"""SIP on captured TCP connections: segments in their order, within bounds, cut into messages."""

import re
from collections import OrderedDict
from typing import Final

from dpkt import tcp

from sip_guard.desk.capture.packets import Packet
from sip_guard.sip.flow import Address
from sip_guard.sip.framing import Framer, FramingError

MAX_STREAMS: Final = 4096
"""Directions of connections that are followed; the one that has been silent for longest goes."""
MAX_AHEAD: Final = 64
"""Segments that are kept while an earlier one is missing; past it, it was not captured."""

_begins = re.compile(rb"(?:\r\n)*(?:SIP/2\.0 [1-6]|[A-Z]{3,16} [!-~]{1,512} SIP/2\.0\r)").match

_may_begin = re.compile(rb"[A-Z\r\n]").match
"""The first octet alone may be in the first segment."""


class Streams:
    """Follows connections that carry SIP; all others cost nothing once they have said something else.

    A connection that was there before the capture is followed from the first segment that begins with a message.
    """

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[Address, Address], _Stream] = OrderedDict()
        self.gaps = 0
        """How often the next segment was not in the capture, so that what came after it had to be left out."""

    def feed(self, packet: Packet) -> list[bytes]:
        """Take a segment; give the messages that are whole now."""
        segment = packet.payload
        key = packet.source, packet.destination
        stream = self._streams.get(key)
        if segment.flags & tcp.TH_SYN:
            stream = self._follow(key, segment.seq + 1)
        elif stream is None:
            if not _begins(segment.data):
                return []
            stream = self._follow(key, segment.seq)
        self._streams.move_to_end(key)
        messages, goes_on = stream.take(segment.seq + bool(segment.flags & tcp.TH_SYN), segment.data)
        if not goes_on:
            self.gaps += stream.is_sip
            del self._streams[key]
        elif segment.flags & (tcp.TH_RST | tcp.TH_FIN) and not stream.ahead:
            del self._streams[key]
        return messages

    def _follow(self, key: tuple[Address, Address], begin: int) -> "_Stream":
        stream = self._streams[key] = _Stream(begin)
        if len(self._streams) > MAX_STREAMS:
            self._streams.popitem(last=False)
        return stream


class _Stream:
    """One direction of a connection."""

    def __init__(self, begin: int) -> None:
        self._next = begin & 0xFFFFFFFF
        self._framer = Framer()
        self.ahead: dict[int, bytes] = {}
        self._begun = False
        self.is_sip = False
        """Whether it has carried what can be nothing else."""

    def take(self, sequence: int, data: bytes) -> tuple[list[bytes], bool]:
        """Take a segment; give the messages that are whole now, and whether the stream can be followed further."""
        messages: list[bytes] = []
        if data:
            self.ahead.setdefault(sequence & 0xFFFFFFFF, data)
        while self.ahead:
            found = next((at for at in self.ahead if _before(at, self._next)), None)
            if found is None:
                return messages, len(self.ahead) <= MAX_AHEAD
            part = self.ahead.pop(found)[(self._next - found) & 0xFFFFFFFF :]
            self._next = (self._next + len(part)) & 0xFFFFFFFF
            if not self._begun and part:
                if not _may_begin(part):
                    return messages, False
                self._begun = True
                self.is_sip = _begins(part) is not None
            try:
                messages += self._framer.feed(part)
            except FramingError as error:
                return messages + error.before, False
            self.is_sip = self.is_sip or bool(messages)
        return messages, True


def _before(sequence: int, other: int) -> bool:
    """Tell whether a sequence number is not after another (RFC 793 3.3)."""
    return (other - sequence) & 0xFFFFFFFF < 1 << 31
