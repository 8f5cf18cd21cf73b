"""Reads HEPv3 packets, as a collector does: by chunk, each with its own length."""

import ipaddress
import struct
from typing import NamedTuple


class Packet(NamedTuple):
    """What a packet says."""

    protocol: int
    source: tuple[str, int]
    destination: tuple[str, int]
    when: float
    kind: int
    capture_id: int
    password: bytes
    correlation: bytes
    payload: bytes


def read(octets: bytes) -> Packet:
    """Read one packet. Fails where a length is not true."""
    (packet,) = read_all(octets)
    return packet


def read_all(octets: bytes) -> list[Packet]:
    """Read the packets of a stream."""
    packets = []
    while octets:
        mark, length = struct.unpack_from(">4sH", octets)
        assert mark == b"HEP3"
        assert length <= len(octets)
        packets.append(_packet(_chunks(octets[6:length])))
        octets = octets[length:]
    return packets


def _chunks(octets: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while octets:
        vendor, kind, length = struct.unpack_from(">HHH", octets)
        assert (vendor, kind in found) == (0, False)
        assert 6 < length <= len(octets)
        found[kind] = octets[6:length]
        octets = octets[length:]
    return found


def _packet(chunks: dict[int, bytes]) -> Packet:
    number = {kind: int.from_bytes(value, "big") for kind, value in chunks.items()}
    source, destination = {2: (3, 4), 10: (5, 6)}[number[1]]
    assert {kind: len(chunks[kind]) for kind in (1, 2, 7, 8, 9, 10, 11, 12)} == {
        1: 1,
        2: 1,
        7: 2,
        8: 2,
        9: 4,
        10: 4,
        11: 1,
        12: 4,
    }
    return Packet(
        number[2],
        (str(ipaddress.ip_address(chunks[source])), number[7]),
        (str(ipaddress.ip_address(chunks[destination])), number[8]),
        number[9] + number[10] / 1_000_000,
        number[11],
        number[12],
        chunks.get(14, b""),
        chunks.get(17, b""),
        chunks[15],
    )
