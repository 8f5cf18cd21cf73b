"""Writes captures for tests: packets and frames made octet by octet, and files of them."""

import gzip
import socket
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from sip_guard.sip.flow import Address

TRUNK: Address = ("192.0.2.1", 5060)
GUARD: Address = ("198.51.100.1", 5060)
ETHERNET = 1


def _packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)


def udp(octets: bytes, source: Address = TRUNK, destination: Address = GUARD) -> bytes:
    """Give an IP packet with a datagram."""
    return ip(datagram(octets, source[1], destination[1]), source[0], destination[0])


def datagram(octets: bytes, source: int, destination: int) -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(octets), 0) + octets


def tcp(
    octets: bytes, sequence: int, source: Address = TRUNK, destination: Address = GUARD, *, flags: int = 0x18
) -> bytes:
    """Give an IP packet with a segment."""
    head = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence & 0xFFFFFFFF, 0, 5 << 4, flags, 65535, 0, 0)
    return ip(head + octets, source[0], destination[0], protocol=6)


def ip(payload: bytes, source: str, destination: str, *, protocol: int = 17) -> bytes:
    if ":" in source:
        head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
        return head + _packed(source) + _packed(destination) + payload
    return _v4(payload, (source, destination), protocol=protocol)


def _v4(
    payload: bytes, ends: tuple[str, str], *, protocol: int = 17, number: int = 1, offset: int = 0, more: bool = False
) -> bytes:
    word = more << 13 | offset // 8
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number, word, 64, protocol, 0)
    return head + _packed(ends[0]) + _packed(ends[1]) + payload


def fragments(
    octets: bytes, cuts: Sequence[int], source: Address = TRUNK, destination: Address = GUARD, *, number: int = 7
) -> list[bytes]:
    """Give a datagram in fragments that end after so many times 8 octets."""
    whole = datagram(octets, source[1], destination[1])
    ends = [*sorted({cut * 8 for cut in cuts if 0 < cut * 8 < len(whole)}), len(whole)]
    packets, begin = [], 0
    for end in ends:
        part, more = whole[begin:end], end < len(whole)
        if ":" in source[0]:
            extension = struct.pack("!BBHI", 17, 0, begin | more, number)
            packets.append(ip(extension + part, source[0], destination[0], protocol=44))
        else:
            packets.append(_v4(part, (source[0], destination[0]), number=number, offset=begin, more=more))
        begin = end
    return packets


def ethernet(packet: bytes, *, vlans: Sequence[int] = ()) -> bytes:
    """Give an Ethernet frame, with a tag for each VLAN."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    tags = b"".join(struct.pack("!HH", 0x8100, vlan) for vlan in vlans)
    return bytes(12) + tags + kind + packet


def pcap(
    path: Path,
    frames: Iterable[bytes],
    *,
    link: int = ETHERNET,
    at: float = 1_700_000_000,
    step: float = 1.0,
    order: str = "<",
    nanoseconds: bool = False,
    shortened: int = 0,
    packed: bool = False,
) -> Path:
    """Write frames, each `step` seconds after the other; `shortened`: octets that are left out at the end of each."""
    magic, unit = (0xA1B23C4D, 10**9) if nanoseconds else (0xA1B2C3D4, 10**6)
    made = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)]
    for i, frame in enumerate(frames):
        kept = frame[: len(frame) - shortened]
        seconds, rest = divmod(round((at + i * step) * unit), unit)
        made.append(struct.pack(order + "IIII", seconds, rest, len(kept), len(frame)) + kept)
    path.write_bytes(gzip.compress(b"".join(made)) if packed else b"".join(made))
    return path


def pcapng(
    path: Path,
    frames: Iterable[tuple[int, bytes]],
    links: Sequence[tuple[int, int]],
    *,
    at: float = 1_700_000_000,
    order: str = "<",
) -> Path:
    """Write frames, each with the place of its interface; `links`: LINKTYPE and `if_tsresol` of each interface."""

    def block(kind: int, body: bytes) -> bytes:
        padded = body + bytes(-len(body) % 4)
        length = struct.pack(order + "I", 12 + len(padded))
        return struct.pack(order + "I", kind) + length + padded + length

    made = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for link, resolution in links:
        options = struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
        made.append(block(1, struct.pack(order + "HHI", link, 0, 0) + options))
    for i, (interface, frame) in enumerate(frames):
        resolution = links[interface][1]
        unit = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
        moment = round((at + i) * unit)
        head = struct.pack(order + "IIIII", interface, moment >> 32, moment & 0xFFFFFFFF, len(frame), len(frame))
        made.append(block(6, head + frame))
    path.write_bytes(b"".join(made))
    return path
