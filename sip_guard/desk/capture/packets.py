"""From a frame to what UDP or TCP carries in it: link layers, VLANs, both versions of IP and their fragments."""

import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from dpkt import ethernet, ip, ip6, loopback, sll, sll2, tcp, udp

from sip_guard.desk.capture.frames import Frame
from sip_guard.sip.flow import Address

MAX_PENDING: Final = 1024
"""Datagrams of which fragments are kept. What comes in fragments and has no end goes, the oldest first."""
PATIENCE: Final = 30.0
"""Seconds for which the fragments of a datagram are waited for (RFC 791 3.2)."""
MAX_DATAGRAM: Final = 65_535

_TAGGED = (0x8100, 0x88A8, 0x9100)


def _raw(octets: bytes) -> Any:
    return ip6.IP6(octets) if octets[:1] >= b"\x60" else ip.IP(octets)


LINKS: Final[dict[int, Callable[[bytes], Any]]] = {
    0: loopback.Loopback,
    1: ethernet.Ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: loopback.Loopback,
    113: sll.SLL,
    228: _raw,
    229: _raw,
    276: sll2.SLL2,
}
"""What reads a frame, by its LINKTYPE (https://www.tcpdump.org/linktypes.html)."""


class Packet(NamedTuple):
    """What one host sent to another."""

    source: Address
    destination: Address
    payload: "udp.UDP | tcp.TCP"


class Packets:
    """Takes frames in their order, and puts fragments together within bounds."""

    def __init__(self) -> None:
        self._pending: OrderedDict[tuple[bytes, bytes, int, int], _Fragments] = OrderedDict()

    def packet(self, frame: Frame) -> Packet | None:
        """Give the packet that a frame holds or completes; None if it is none of UDP or TCP, or not whole yet."""
        reader = LINKS.get(frame.link)
        if reader is None:
            return None
        try:
            layer = _network(reader(frame.octets))
            return None if layer is None else self._packet(layer, frame.at)
        except Exception:  # noqa: BLE001 - whatever is in a frame, and whatever its reader makes of it, is no SIP then
            return None

    def _packet(self, layer: Any, at: float) -> Packet | None:
        fragment = layer.extension_hdrs.get(ip.IP_PROTO_FRAGMENT) if isinstance(layer, ip6.IP6) else layer
        payload = layer.data
        if fragment is not None:
            is_v6 = fragment is not layer
            offset = (fragment.frag_off if is_v6 else layer.offset) * 8
            more = bool(fragment.m_flag if is_v6 else layer.mf)
            if offset or more:
                key = layer.src, layer.dst, layer.p, fragment.id
                whole = self._joined(key, offset, bytes(payload), more, at)
                if whole is None:
                    return None
                payload = {ip.IP_PROTO_UDP: udp.UDP, ip.IP_PROTO_TCP: tcp.TCP}[layer.p](whole)
        if not isinstance(payload, (udp.UDP, tcp.TCP)):
            return None
        source, destination = _text(layer.src), _text(layer.dst)
        return Packet((source, payload.sport), (destination, payload.dport), payload)

    def _joined(
        self, key: tuple[bytes, bytes, int, int], offset: int, part: bytes, more: bool, at: float
    ) -> bytes | None:
        """Give the datagram that this fragment makes whole."""
        fragments = self._pending.get(key)
        if fragments is None or at - fragments.begun > PATIENCE:
            fragments = self._pending[key] = _Fragments(at)
            if len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)
        whole = fragments.add(offset, part, more)
        if whole is not None:
            del self._pending[key]
        return whole


class _Fragments:
    """The fragments of one datagram. Of two for the same place the first counts."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self._parts: dict[int, bytes] = {}
        self._end = 0

    def add(self, offset: int, part: bytes, more: bool) -> bytes | None:
        """Take a fragment; give the datagram if it is whole now."""
        if offset + len(part) > MAX_DATAGRAM:
            return None
        self._parts.setdefault(offset, part)
        if not more:
            self._end = offset + len(part)
        if not self._end:
            return None
        whole = b""
        for begin in sorted(self._parts):
            if begin != len(whole):
                return None
            whole += self._parts[begin]
        return whole if len(whole) == self._end else None


def _network(layer: Any) -> Any:
    """Give the IP layer of a frame, if there is one."""
    if isinstance(layer, sll.SLL | sll2.SLL2) and layer.ethtype in _TAGGED:
        octets = layer.data
        while int.from_bytes(octets[2:4], "big") in _TAGGED:
            octets = octets[4:]
        return _raw(octets[4:])
    while not isinstance(layer, ip.IP | ip6.IP6):
        if not hasattr(layer, "data") or isinstance(layer.data, bytes):
            return None
        layer = layer.data
    return layer


def _text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
