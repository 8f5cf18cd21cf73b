"""Where a message came from or goes to (RFC 5626 calls it a flow)."""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

_BROADCAST = ipaddress.IPv4Address("255.255.255.255")

Address = tuple[str, int]
"""A numeric IP address without brackets, and a port (1 to 65535)."""


class End(NamedTuple):
    """One end of a flow: where a peer is reached, or where we listen."""

    transport: str
    """`UDP`, `TCP` or `TLS`, in the spelling of a Via header."""
    address: Address


class Flow(NamedTuple):
    """One direction-less pair of addresses over one transport: an answer goes back along the flow it came by."""

    transport: str
    """`UDP`, `TCP` or `TLS`, in the spelling of a Via header."""
    local: Address
    """What Via and Record-Route name."""
    remote: Address

    @property
    def reliable(self) -> bool:
        """Whether the transport sends again what was lost (RFC 3261 17)."""
        return self.transport != "UDP"

    def __str__(self) -> str:
        """For a log line or an error, such as `UDP 192.0.2.1:5060`."""
        return f"{self.transport} {written(self.remote)}"


def bracketed(host: str) -> str:
    """`host` as it stands in a URI or a Via: an IPv6 address in brackets (RFC 3261 25.1)."""
    return f"[{host}]" if ":" in host else host


def written(address: Address) -> str:
    """`address` as people read it, such as `192.0.2.1:5060` or `[2001:db8::1]:5060`."""
    return f"{bracketed(address[0])}:{address[1]}"


@lru_cache(maxsize=4096)
def numeric(host: str) -> str | None:
    """Give an address in its usual spelling; None for a name, and for what nobody may be sent to.

    An IPv6 address may stand in brackets. One with a zone says nothing to anybody else and is none; one that maps an
    IPv4 address is that address (RFC 4291 2.5.5.2).
    """
    try:
        ip = ipaddress.ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return None
        ip = ip.ipv4_mapped or ip
    return None if ip.is_multicast or ip.is_unspecified or ip == _BROADCAST else str(ip)
