"""Where the collector is, and what it is told of us."""

import msgspec

PORT = 9060
"""Where collectors listen, if nothing else is said."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The collector of a guard."""

    host: str
    """A numeric IP address, or a name."""
    port: int = PORT
    transport: str = "udp"
    """`udp`, `tcp` or `tls`."""
    ca: str | None = None
    """PEM file of who may issue its certificate; None: the system's authorities."""
    capture_id: int = 2001
    """By which it tells this guard from others."""
    password: bytes = b""
    """What it asks of those who send; empty: nothing."""
    queue_octets: int = 16_777_216
    """Of what may wait for it; what comes beyond is not mirrored."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.transport} {self.host} port {self.port}"
