"""The frames of a capture file: pcap (libpcap) or pcapng, plain or compressed with gzip.

The readers of dpkt know one interface a file and pass over what is cut off, so its headers and blocks are read here.
"""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from dpkt import UnpackError, pcap, pcapng

from sip_guard.config.files import why
from sip_guard.desk.bad_input import BadInput

MAX_BLOCK: Final = 1 << 24
"""Octets that a block or frame may have; anything larger says that the file is damaged."""

_GZIP = b"\x1f\x8b"
_SECTION = struct.pack("<I", pcapng.PCAPNG_BT_SHB)
_NANOSECONDS = (pcap.TCPDUMP_MAGIC_NANO, pcap.PMUDPCT_MAGIC_NANO)
_LITTLE = (pcap.PMUDPCT_MAGIC, pcap.PMUDPCT_MAGIC_NANO, pcap.PACPDOM_MAGIC)
_ADVICE = "expected a capture as tcpdump or Wireshark write it (pcap or pcapng), plain or compressed with gzip"


class Frame(NamedTuple):
    """One frame as it was on the wire, or the beginning of it."""

    number: int
    """Counted from 1, as Wireshark and tcpdump do."""
    at: float
    """Seconds since the epoch."""
    link: int
    """What it begins with: the LINKTYPE of its interface."""
    octets: bytes
    whole: bool
    """False: only its beginning was captured."""


class Frames:
    """Reads a file from its beginning, once. Damage in the middle ends it, and is told by `fault`."""

    def __init__(self, path: Path) -> None:
        """Open a file. Raises BadInput if it is no capture."""
        self.fault = ""
        """What is wrong with the file, if it ended before its end."""
        try:
            self._raw = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise BadInput(f"it cannot be read: {why(error)}") from None
        try:
            packed = self._raw.read(2) == _GZIP
            self._raw.seek(0)
            self._file = cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw)) if packed else self._raw
            self._magic = self._file.read(4)
        except (OSError, EOFError) as error:
            self._raw.close()
            raise BadInput(f"it cannot be read: {error}") from None
        if self._magic != _SECTION and int.from_bytes(self._magic, "big") not in pcap.MAGIC_TO_PKT_HDR:
            self._raw.close()
            raise BadInput(f"it is no capture; {_ADVICE}")

    @property
    def position(self) -> int:
        """Octets of the file that were read so far; of `size` in all."""
        return 0 if self._raw.closed else self._raw.tell()

    def close(self) -> None:
        """Read no more."""
        self._raw.close()

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames, and close the file."""
        number = 0
        try:
            for number, frame in enumerate(self._pcapng() if self._magic == _SECTION else self._pcap(), 1):
                yield frame._replace(number=number)
        except (_Damage, UnpackError, OSError, EOFError, struct.error) as error:
            what = str(error) if isinstance(error, _Damage) else "it is damaged"
            self.fault = f"{what} after frame {number}; what comes before it was used"
        finally:
            self._raw.close()

    def _pcap(self) -> Iterator[Frame]:
        header = pcap.FileHdr(self._magic + self._read(pcap.FileHdr.__hdr_len__ - 4))
        kind = pcap.MAGIC_TO_PKT_HDR[header.magic]
        divisor = 1e9 if header.magic in _NANOSECONDS else 1e6
        if header.magic in _LITTLE:
            header = pcap.LEFileHdr(bytes(header))
        link = header.linktype & 0xFFFF
        while head := self._read(kind.__hdr_len__, may_end=True):
            about = kind(head)
            octets = self._read(about.caplen)
            yield Frame(0, about.tv_sec + about.tv_usec / divisor, link, octets, about.caplen >= about.len)

    def _pcapng(self) -> Iterator[Frame]:
        little = True
        interfaces: list[_Interface] = []
        head = self._magic + self._read(4)
        while head:
            if head[:4] == _SECTION:
                order = self._read(4)
                little = int.from_bytes(order, "little") == pcapng.BYTE_ORDER_MAGIC
                if not little and int.from_bytes(order, "big") != pcapng.BYTE_ORDER_MAGIC:
                    raise _Damage("a section has no byte order")
                self._read(_length(head, little) - 12)
                interfaces = []
            else:
                block = head + self._read(_length(head, little) - 8)
                kind = int.from_bytes(head[:4], "little" if little else "big")
                if kind == pcapng.PCAPNG_BT_IDB:
                    interfaces.append(_Interface.of(block, little))
                elif kind in (pcapng.PCAPNG_BT_EPB, pcapng.PCAPNG_BT_PB):
                    yield _framed(block, kind, little, interfaces)
            head = self._read(8, may_end=True)

    def _read(self, count: int, *, may_end: bool = False) -> bytes:
        """Give so many octets; none at the end of the file, if it may end here."""
        if not 0 <= count <= MAX_BLOCK:
            raise _Damage("it is damaged")
        octets = self._file.read(count)
        if len(octets) < count and (octets or not may_end):
            raise _Damage("it is cut off")
        return octets


class _Damage(Exception):  # noqa: N818 - what it is
    """The rest of the file cannot be read."""


class _Interface(NamedTuple):
    """What a section of a pcapng file says of one interface."""

    link: int
    divisor: float
    offset: int

    @classmethod
    def of(cls, block: bytes, little: bool) -> "_Interface":
        about = (pcapng.InterfaceDescriptionBlockLE if little else pcapng.InterfaceDescriptionBlock)(block)
        divisor, offset = 1e6, 0
        for option in about.opts:
            if option.code == pcapng.PCAPNG_OPT_IF_TSRESOL and option.data:
                exponent = option.data[0]
                divisor = float((2 if exponent & 0x80 else 10) ** (exponent & 0x7F))
            elif option.code == pcapng.PCAPNG_OPT_IF_TSOFFSET:
                offset = int.from_bytes(option.data, "little" if little else "big", signed=True)
        return cls(about.linktype, divisor, offset)


def _length(head: bytes, little: bool) -> int:
    """Give the length of a block, whose shortest is 12 octets; it is a multiple of 4."""
    length = int.from_bytes(head[4:8], "little" if little else "big")
    if length < 12 or length % 4:
        raise _Damage("it is damaged")
    return length


def _framed(block: bytes, kind: int, little: bool, interfaces: list[_Interface]) -> Frame:
    if kind == pcapng.PCAPNG_BT_EPB:
        about = (pcapng.EnhancedPacketBlockLE if little else pcapng.EnhancedPacketBlock)(block)
    else:
        about = (pcapng.PacketBlockLE if little else pcapng.PacketBlock)(block)
    if about.iface_id >= len(interfaces):
        raise _Damage("it is damaged")
    interface = interfaces[about.iface_id]
    at = (about.ts_high << 32 | about.ts_low) / interface.divisor + interface.offset
    return Frame(0, at, interface.link, about.pkt_data, about.caplen >= about.pkt_len)
