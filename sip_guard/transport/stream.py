"""SIP over TCP and TLS: connections that are kept, used again, and bounded (RFC 3261 18, RFC 5626 4.4.1)."""

import ipaddress
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from sip_guard.sip.flow import Address, Flow
from sip_guard.transport.connection import Connection, Setting, StreamLimits
from sip_guard.transport.tls import Tls

__all__ = ["StreamLimits", "StreamPort", "StreamTransport"]

PENDING: Final = 128
"""Connections that the kernel keeps until they are accepted."""


_Accept = Callable[[Address, Address], Any]


class StreamPort(Factory):
    """One listening address."""

    noisy = False

    def __init__(self, address: Address, advertised: Address | None, accept: _Accept) -> None:
        self.address = address
        self.local: Address = address if advertised is None else (advertised[0], advertised[1] or address[1])
        """What Via and Record-Route name, and the flows of what is received here."""
        self._accept = accept

    def buildProtocol(self, peer: Any) -> Any:  # noqa: N802 - Twisted's name
        """Take a connection; None: it is refused."""
        return self._accept(self.local, (peer.host, peer.port))


class StreamTransport:
    """All connections of one transport: those that peers opened to our addresses, and those that we opened."""

    def __init__(
        self,
        reactor: Any,
        transport: Literal["TCP", "TLS"],
        *,
        received: Callable[[bytes, Flow], None],
        broken: Callable[[bytes, str, Flow], None],
        failed: Callable[[Flow, str], None],
        limits: StreamLimits | None = None,
        tls: Tls | None = None,
        admits: Callable[[Address], bool] | None = None,
    ) -> None:
        """`tls` is there for TLS and only then.

        `received` gets each message. `broken` gets the head of one after which nobody can tell where the next begins,
        and why; what it sends along the flow still goes out before the connection is closed. `failed` gets a flow,
        and why: nothing that was sent along it and was not delivered by then ever will be; it is never called from
        within `send`. `admits` is asked for each connection before anything is read from it; None: all are admitted.
        """
        if (tls is not None) != (transport == "TLS"):
            raise ValueError("TLS needs certificates, and TCP has no use for them")
        self._transport = transport
        self._failed = failed
        self._admits = admits
        self.counts: Counter[str] = Counter()
        """What happened how often.

        `accepted`, `connected`: connections that peers and we have opened. `refused`: beyond a limit. `stranger`: not
        admitted. `unopened`: not reached, or no TLS. `slow`: a message was not whole in time. `overflow`: a peer did
        not read. `lost`: ended otherwise than by closing. `idle`: closed by us. `broken`: framing lost. `ping`.
        """
        limits = limits or StreamLimits()
        self._limits = limits
        self._tls = tls
        self._reactor = reactor
        self._setting = Setting(
            reactor, limits, tls, self.counts, received, broken, self._fail, self._retired, self._gone
        )
        self._secured = (
            None if tls is None else TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=Factory(), clock=reactor)
        )
        self._listening: list[Any] = []
        self._sources: dict[Address, Address | None] = {}
        """By what our addresses are called, where connections that belong to them start."""
        self._connections: set[Connection] = set()
        self._opened = 0
        self._accepted: Counter[str | bytes] = Counter()
        """Connections that peers have opened, by where they come from."""
        self._flows: dict[Flow, list[Connection]] = {}
        """What can be sent along. A peer that connects from the very port which it listens at makes it two."""
        self._failing: dict[Flow, str] = {}
        self._closed: Deferred[None] | None = None

    def listen(self, address: Address, advertised: Address | None = None) -> StreamPort:
        """Accept connections at `address`; port 0 asks the system for one. Raises OSError.

        `advertised` is what Via and Record-Route name, where the socket's own address is not what peers reach.
        """
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listening:
            listening.setblocking(False)  # noqa: FBT003
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind(address)
            listening.listen(PENDING)
            host, number = listening.getsockname()[:2]
            port = StreamPort((host, number), advertised, self._accept)
            self._listening.append(self._reactor.adoptStreamPort(listening.fileno(), family, port))
        self._sources[port.local] = None if ipaddress.ip_address(host).is_unspecified else (host, 0)
        return port

    def send(self, octets: bytes, flow: Flow, *, connect: bool = True) -> None:
        """Send one message along the connection of `flow`; without one, open it from the host of its local address.

        `connect` is False for what makes sense on the connection of its flow alone, such as the answer to a request
        which came by it. Messages that wait for a connection keep their order.
        """
        if self._closed is not None or flow in self._failing:
            # The failure that is about to be reported is this message's, too.
            return
        connections = self._flows.get(flow)
        if connections is not None:
            connections[0].send(octets)
        elif not connect:
            self._fail(flow, "its connection is closed")
        elif self._opened >= self._limits.connections:
            self.counts["refused"] += 1
            self._fail(flow, "too many connections are open")
        else:
            self._connect(flow).send(octets)

    def names(self, flow: Flow) -> frozenset[str]:
        """Give the SIP domains that the peer at the other end of `flow` has proved to be (RFC 5922 7.1)."""
        connections = self._flows.get(flow)
        if connections is None:
            return frozenset()
        return frozenset.intersection(*(connection.names for connection in connections))

    def close(self) -> Deferred[None]:
        """Close all addresses and connections, and report nothing any more. Fires when all are closed."""
        if self._closed is None:
            self._closed = Deferred()
            for connection in list(self._connections):
                connection.finish()
            stopping = gatherResults([port.stopListening() for port in self._listening])
            stopping.addCallback(self._ports_closed)
        return self._closed

    def _ports_closed(self, _: object) -> None:
        self._listening = []
        self._check_closed()

    def _check_closed(self) -> None:
        if self._closed is not None and not self._closed.called and not self._listening and not self._connections:
            self._closed.callback(None)

    def _accept(self, local: Address, remote: Address) -> Any:
        source = _source(remote[0])
        if self._admits is not None and not self._admits(remote):
            self.counts["stranger"] += 1
            return None
        if self._accepted.total() >= self._limits.connections or self._accepted[source] >= self._limits.per_source:
            self.counts["refused"] += 1
            return None
        self.counts["accepted"] += 1
        self._accepted[source] += 1
        connection = self._add(Flow(self._transport, local, remote), incoming=True)
        secured = self._secured
        return connection if secured is None else secured.protocol(secured, connection)

    def _connect(self, flow: Flow) -> Connection:
        self._opened += 1
        connection = self._add(flow, incoming=False)
        source = self._sources.get(flow.local, (flow.local[0], 0))
        dial = _Dial(connection, self._tls, self._reactor)
        connector = self._reactor.connectTCP(*flow.remote, dial, timeout=None, bindAddress=source)
        connection.opening(connector.stopConnecting)
        return connection

    def _add(self, flow: Flow, *, incoming: bool) -> Connection:
        connection = Connection(self._setting, flow, incoming=incoming)
        self._connections.add(connection)
        self._flows.setdefault(flow, []).append(connection)
        return connection

    def _retired(self, connection: Connection) -> None:
        """Send nothing more along a connection."""
        connections = self._flows[connection.flow]
        connections.remove(connection)
        if not connections:
            del self._flows[connection.flow]

    def _gone(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._connections.remove(connection)
        if connection.incoming:
            source = _source(connection.flow.remote[0])
            self._accepted[source] -= 1
            if not self._accepted[source]:
                del self._accepted[source]
        else:
            self._opened -= 1
        self._check_closed()

    def _fail(self, flow: Flow, reason: str) -> None:
        if self._closed is None and flow not in self._failing:
            self._failing[flow] = reason
            self._reactor.callLater(0, self._report, flow)

    def _report(self, flow: Flow) -> None:
        reason = self._failing.pop(flow)
        if self._closed is None:
            self._failed(flow, reason)


def _source(host: str) -> str | bytes:
    """Give what connections are counted by: who has one IPv6 address has 2**64 of them."""
    return ipaddress.IPv6Address(host).packed[:8] if ":" in host else host


class _Dial(ClientFactory):
    """One attempt to reach a peer."""

    noisy = False

    def __init__(self, connection: Connection, tls: Tls | None, reactor: Any) -> None:
        self._connection = connection
        self._secured: TLSMemoryBIOFactory | None = None
        if tls is not None:
            creator = tls.client(connection.flow.remote)
            self._secured = TLSMemoryBIOFactory(creator, isClient=True, wrappedFactory=Factory(), clock=reactor)

    def buildProtocol(self, _: object) -> Any:  # noqa: N802 - Twisted's name
        secured = self._secured
        return self._connection if secured is None else secured.protocol(secured, self._connection)

    def clientConnectionFailed(self, _: object, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        self._connection.connectionLost(reason)
