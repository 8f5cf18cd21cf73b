"""Who sends us calls and where calls go."""

import ipaddress
from collections.abc import Iterable
from typing import Literal

import msgspec

from sip_guard.number import PLAIN, DialPlan
from sip_guard.sip.flow import Address

MAX_SEEN = 8192
"""Addresses whose peer is remembered, so that most datagrams cost one look-up. Strangers are not remembered."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Source(msgspec.Struct, frozen=True):
    """Where a trunk's requests come from: a network, and a port if only that one counts."""

    network: Network
    port: int | None = None


class Trunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A peer that sends us calls, told from others by the address it sends from."""

    name: str
    sources: tuple[Source, ...]
    """Networks or addresses, with a port where two peers share an address."""
    target: str
    """Name of the target that its calls go to."""
    identity: Literal["require", "prefer", "ignore"] = "prefer"
    """Whether a call has to be signed, may be, or whether Identity headers are not looked at."""
    trust_asserted: bool = True
    """Whether P-Asserted-Identity says who calls (RFC 3325). False: it is removed, and From alone counts."""
    trusted: bool = False
    """Whether this peer's own verstat and attestation headers are believed. False: they are removed."""
    attested_number: Literal["both", "asserted", "presented"] = "both"
    """Which number a token must attest, where P-Asserted-Identity and From show different ones."""
    called_number: Literal["target", "either"] = "target"
    """Whether a token has to be for the number that the call goes to (Request-URI), or one for To is as good."""
    psap_callback: Literal["pass", "screen"] = "pass"
    """What happens to a call marked as an emergency centre's call back (RFC 7090)."""
    dial_plan: DialPlan = PLAIN


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where calls go, such as the PBX."""

    name: str
    address: Address
    """Numeric IP address and port."""
    transport: Literal["UDP", "TCP", "TLS"] = "UDP"
    server_name: str = ""
    """What its TLS certificate must name; empty: its address."""
    sources: tuple[Source, ...] = ()
    """What other addresses it has: its messages come from there, and requests of a call may go there."""


class Peers:
    """Finds the peer that a datagram came from. The most specific entry wins; a port counts more than a network."""

    def __init__(self, trunks: Iterable[Trunk], targets: Iterable[Target]) -> None:
        self.trunks = {t.name: t for t in trunks}
        self.targets = {t.name: t for t in targets}
        self._exact: dict[Address, Trunk | Target] = {t.address: t for t in self.targets.values()}
        self._seen: dict[Address, Trunk | Target] = {}
        self._networks: dict[tuple[int, int, int], dict[int, Trunk | Target]] = {}
        for target in self.targets.values():
            for source in (Source(ipaddress.ip_network(target.address[0])), *target.sources):
                self._add(source, target)
        for trunk in self.trunks.values():
            for source in trunk.sources:
                self._add(source, trunk)
        self._order = sorted(self._networks, reverse=True)

    def _add(self, source: Source, peer: Trunk | Target) -> None:
        network = source.network
        port = source.port or 0
        if port and network.prefixlen == network.max_prefixlen:
            self._exact[(str(network.network_address), port)] = peer
        key = (1 if port else 0, network.prefixlen, network.version)
        shifted = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        self._networks.setdefault(key, {})[shifted << 16 | port] = peer

    def at(self, address: Address) -> Trunk | Target | None:
        """Give the peer whose datagrams come from `address`; None for a stranger."""
        peer = self._exact.get(address) or self._seen.get(address)
        if peer is None:
            peer = self._look_up(address)
            if peer is not None:
                if len(self._seen) >= MAX_SEEN:
                    self._seen.clear()
                self._seen[address] = peer
        return peer

    def _look_up(self, address: Address) -> Trunk | Target | None:
        packed = ipaddress.ip_address(address[0])
        value = int(packed)
        for with_port, length, version in self._order:
            if version != packed.version:
                continue
            shifted = value >> (packed.max_prefixlen - length)
            found = self._networks[with_port, length, version].get(shifted << 16 | (address[1] if with_port else 0))
            if found is not None:
                return found
        return None
