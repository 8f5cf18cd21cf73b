"""The SIP messages of a capture, in the order in which they were whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dpkt import udp

from sip_guard.desk.capture.frames import Frames
from sip_guard.desk.capture.packets import LINKS, Packets
from sip_guard.desk.capture.streams import Streams
from sip_guard.sip.flow import Flow


class Captured(NamedTuple):
    """A SIP message as it came by."""

    frame: int
    """The frame that made it whole."""
    at: float
    """When, in seconds since the epoch."""
    flow: Flow
    """`remote` is who sent it."""
    octets: bytes


class Messages:
    """Reads what may be SIP in a capture; what it really is, its reader says."""

    def __init__(self, path: Path) -> None:
        """Open a file. Raises BadInput if it is no capture."""
        self.frames = Frames(path)
        self.read = 0
        """Frames so far."""
        self.shortened = 0
        """Frames of which only the beginning was captured; they are left out."""
        self.foreign = 0
        """Frames of a kind of link that is not read."""
        self.streams = Streams()

    def __iter__(self) -> Iterator[Captured]:
        """Give the messages of the file, once."""
        packets = Packets()
        for frame in self.frames:
            self.read += 1
            if not frame.whole:
                self.shortened += 1
                continue
            if frame.link not in LINKS:
                self.foreign += 1
                continue
            packet = packets.packet(frame)
            if packet is None:
                continue
            if isinstance(packet.payload, udp.UDP):
                yield Captured(
                    frame.number, frame.at, Flow("UDP", packet.destination, packet.source), packet.payload.data
                )
            else:
                flow = Flow("TCP", packet.destination, packet.source)
                for octets in self.streams.feed(packet):
                    yield Captured(frame.number, frame.at, flow, octets)
