"""Where a message came from or goes to (RFC 5626 calls it a flow)."""

from typing import NamedTuple

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
