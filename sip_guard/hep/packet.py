"""One packet of HEP version 3: `HEP3`, its length, and chunks of vendor, type, length and value."""

import ipaddress
import struct
from functools import lru_cache
from typing import Final

import msgspec

from sip_guard.sip.flow import Address

LARGEST: Final = 65_507
"""Octets of a packet: what a datagram can carry. A payload that is larger is cut off."""
SIP: Final = 1
LOG: Final = 100
"""Protocol types: what the payload is."""

_FAMILIES: Final = {4: 2, 6: 10}
"""AF_INET and AF_INET6, as Linux has them."""
_PROTOCOLS: Final = {"UDP": 17, "TCP": 6, "TLS": 6}
_HEAD: Final = struct.Struct(">4sH")
_CHUNK: Final = struct.Struct(">HHH")
_U8, _U16, _U32 = struct.Struct(">B"), struct.Struct(">H"), struct.Struct(">I")


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What is mirrored: something that went from one address to another."""

    when: float
    """Seconds since the epoch."""
    transport: str
    """As Via has it."""
    source: Address
    destination: Address
    kind: int
    """`SIP` or `LOG`."""
    payload: bytes
    correlation: bytes
    """The Call-ID, by which the collector puts together what belongs to a call; empty: it is not known."""


def packet(capture: Capture, capture_id: int, password: bytes) -> bytes:
    """Write the packet of something that was captured by the agent `capture_id`."""
    microseconds = round(capture.when * 1_000_000)
    chunks = [
        _ends(capture.transport, capture.source, capture.destination),
        _chunk(9, _U32.pack(microseconds // 1_000_000)),
        _chunk(10, _U32.pack(microseconds % 1_000_000)),
        _chunk(11, _U8.pack(capture.kind)),
        _chunk(12, _U32.pack(capture_id)),
    ]
    if password:
        chunks.append(_chunk(14, password))
    if capture.correlation:
        chunks.append(_chunk(17, capture.correlation))
    room = LARGEST - _HEAD.size - sum(map(len, chunks)) - _CHUNK.size
    chunks.append(_chunk(15, capture.payload[:room]))
    body = b"".join(chunks)
    return _HEAD.pack(b"HEP3", _HEAD.size + len(body)) + body


@lru_cache(maxsize=4096)
def _ends(transport: str, source: Address, destination: Address) -> bytes:
    """Write the chunks that are the same for all that goes this way."""
    one, other = ipaddress.ip_address(source[0]), ipaddress.ip_address(destination[0])
    kinds = (3, 4) if one.version == 4 else (5, 6)
    return b"".join(
        (
            _chunk(1, _U8.pack(_FAMILIES[one.version])),
            _chunk(2, _U8.pack(_PROTOCOLS[transport])),
            _chunk(kinds[0], one.packed),
            _chunk(kinds[1], other.packed),
            _chunk(7, _U16.pack(source[1])),
            _chunk(8, _U16.pack(destination[1])),
        )
    )


def _chunk(kind: int, value: bytes) -> bytes:
    """Write a chunk that is no vendor's own. Its length counts its head, too."""
    return _CHUNK.pack(0, kind, _CHUNK.size + len(value)) + value
