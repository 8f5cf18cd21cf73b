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
        self.advertise(advertised)
        """What Via and Record-Route name, and the flows of what is received here."""
        self._accept = accept

    def advertise(self, advertised: Address | None) -> None:
        """Be called by another address from now on; None: by the socket's own."""
        own = self.address
        self.local: Address = own if advertised is None else (advertised[0], advertised[1] or own[1])

    def buildProtocol(self, peer: Any) -> Any:  # noqa: N802 - Twisted's name
        """Take a connection; None: it is refused."""
        return self._accept(self.local, (peer.host, peer.port))


class _Room:
    """How many connections there may be: in all, and with one source."""

    def __init__(self) -> None:
        self._connections = self._per_source = 0
        self._taken: Counter[str | bytes] = Counter()

    def size(self, connections: int, per_source: int) -> None:
        """Have room for so many from now on. Those that are there stay."""
        self._connections, self._per_source = connections, per_source

    def enter(self, host: str) -> bool:
        """Take a place, if there is one."""
        source = _source(host)
        if self._taken.total() >= self._connections or self._taken[source] >= self._per_source:
            return False
        self._taken[source] += 1
        return True

    def leave(self, host: str) -> None:
        """Give a place back."""
        source = _source(host)
        self._taken[source] -= 1
        if not self._taken[source]:
            del self._taken[source]


def _quarter(count: int) -> int:
    return max(1, count // 4)


def _nothing(*_: object) -> None:
    return None


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
        secured: Callable[[Flow, frozenset[str]], bool] | None = None,
        closed: Callable[[Flow], None] = _nothing,
        turned_away: Callable[[Flow, str], None] = _nothing,
    ) -> None:
        """`tls` is there for TLS and only then.

        `received` gets each message. `broken` gets the head of one after which nobody can tell where the next begins,
        and why; what it sends along the flow still goes out before the connection is closed. `failed` gets a flow,
        and why: nothing that was sent along it and was not delivered by then ever will be; it is never called from
        within `send`. `admits` is asked for each connection before anything is read from it; None: all are admitted.

        `secured` gets the flow of a connection that a peer has opened with a certificate, and the SIP domains that it
        has thereby proved to be (RFC 5922 7.1), before its first message; and tells whether this makes it a peer that
        we know. With `secured`, a peer that is not admitted may come and show its certificate, and must go if that is
        in vain. `closed` gets each flow for which `secured` was true, at once when nothing more will be received by it.

        `turned_away` gets the flow of a connection that a peer has opened in vain, and why.
        """
        if (tls is not None) != (transport == "TLS") or (tls is None and secured is not None):
            raise ValueError("TLS needs certificates, and TCP has no use for them")
        self._transport = transport
        self._failed = failed
        self._admits = admits
        self._knows = secured
        self._left = closed
        self._turned_away = turned_away
        self.counts: Counter[str] = Counter()
        """What happened how often.

        `accepted`, `connected`: connections that peers and we have opened. `refused`: beyond a limit. `stranger`: not
        admitted, or without a certificate of a peer that we know. `unopened`: not reached, or no TLS. `slow`: a message
        was not whole in time. `overflow`: a peer did not read. `lost`: ended otherwise than by closing. `idle`: closed
        by us. `broken`: framing lost. `ping`.
        """
        limits = limits or StreamLimits()
        self._limits = limits
        self._tls = tls
        self._reactor = reactor
        self._setting = Setting(
            reactor, limits, tls, self.counts, received, broken, self._fail, self._secured, self._retired, self._gone
        )
        self._server_side = (
            None if tls is None else TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=Factory(), clock=reactor)
        )
        self._listening: dict[StreamPort, Any] = {}
        self._sources: dict[Address, Address | None] = {}
        """By what our addresses are called, where connections that belong to them start."""
        self._connections: dict[Connection, _Room] = {}
        """Every one, and where it has its place."""
        self._accepted = _Room()
        self._strangers = _Room()
        self._opened = _Room()
        self._opened_back = _Room()
        """Those that were opened for an answer: it is the peer who says where to, and how many."""
        self._size(limits)
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
            self._listening[port] = self._reactor.adoptStreamPort(listening.fileno(), family, port)
        self._name(port)
        return port

    def advertise(self, port: StreamPort, advertised: Address | None) -> None:
        """Call one of our addresses by another name from now on; None: by its own. Connections keep the old one."""
        port.advertise(advertised)
        self._name(port)

    def unlisten(self, port: StreamPort) -> None:
        """Accept nothing at an address any more. The connections that were accepted there stay."""
        self._listening.pop(port).stopListening()

    def finish(self, local: Address) -> None:
        """Close the connections that go by this name of ours."""
        for connection in [each for each in self._connections if each.flow.local == local]:
            connection.finish()

    def change(self, limits: StreamLimits, secured: Callable[[Flow, frozenset[str]], bool] | None) -> None:
        """Go by other limits from now on, and know peers by their certificates or not, as at the start."""
        self._limits = limits
        self._knows = secured
        self._setting = self._setting._replace(limits=limits)
        self._size(limits)

    def _size(self, limits: StreamLimits) -> None:
        self._accepted.size(limits.connections, limits.per_source)
        self._strangers.size(_quarter(limits.connections), _quarter(limits.per_source))
        self._opened.size(limits.connections, limits.connections)
        self._opened_back.size(_quarter(limits.connections), _quarter(limits.per_source))

    def _name(self, port: StreamPort) -> None:
        host = port.address[0]
        self._sources[port.local] = None if ipaddress.ip_address(host).is_unspecified else (host, 0)

    def send(self, octets: bytes, flow: Flow, back: Address | None = None) -> None:
        """Send one message along the connection of `flow`; without one, open it from the host of its local address.

        With TLS, a request only goes along a connection whose peer has the name that `server_name` gives now.

        `back` is there for an answer and only then. It goes along the connection of its request, whoever opened that,
        and if that is closed, to `back`: the host that the request came from, at the port of its Via (RFC 3261
        18.2.2). What fails then is the flow to there. Messages that wait for a connection keep their order.
        """
        if self._closed is not None or (back is None and flow in self._failing):
            # The failure that is about to be reported is this message's, too.
            return
        connection = self._along(flow, back)
        if connection is None and back is not None:
            flow = flow._replace(remote=back)
            connection = self._along(flow, back)
        if connection is None and flow not in self._failing:
            connection = self._open(flow, back)
        if connection is not None:
            connection.send(octets)

    def close(self) -> Deferred[None]:
        """Close all addresses and connections, and report nothing any more but to `closed`. Fires when all are."""
        if self._closed is None:
            self._closed = Deferred()
            for connection in list(self._connections):
                connection.finish()
            stopping = gatherResults([port.stopListening() for port in self._listening.values()])
            stopping.addCallback(self._ports_closed)
        return self._closed

    def _ports_closed(self, _: object) -> None:
        self._listening = {}
        self._check_closed()

    def _check_closed(self) -> None:
        if self._closed is not None and not self._closed.called and not self._listening and not self._connections:
            self._closed.callback(None)

    def _accept(self, local: Address, remote: Address) -> Any:
        flow = Flow(self._transport, local, remote)
        stranger = self._admits is not None and not self._admits(remote)
        if stranger and self._knows is None:
            self.counts["stranger"] += 1
            self._turned_away(flow, "no trunk or target has this address")
            return None
        room = self._strangers if stranger else self._accepted
        if not room.enter(remote[0]):
            self.counts["refused"] += 1
            self._turned_away(flow, "too many connections are open")
            return None
        self.counts["accepted"] += 1
        connection = self._add(Connection(self._setting, flow, incoming=True, stranger=stranger), room)
        secured = self._server_side
        return connection if secured is None else secured.protocol(secured, connection)

    def _along(self, flow: Flow, back: Address | None) -> Connection | None:
        """Find a connection for a request or an answer: the best is one whose peer has the right name."""
        connections = self._flows.get(flow)
        if connections is None:
            return None
        name = None if self._tls is None else self._tls.server_name(flow.remote) or None
        for wanted in (name,) if back is None else (name, None):
            for connection in connections:
                if connection.serves(wanted):
                    return connection
        return None

    def _open(self, flow: Flow, back: Address | None) -> Connection | None:
        room = self._opened if back is None else self._opened_back
        host = flow.remote[0]
        if not room.enter(host):
            self.counts["refused"] += 1
            self._fail(flow, "too many connections are open")
            return None
        name = "" if self._tls is None else self._tls.server_name(flow.remote) or host
        connection = self._add(Connection(self._setting, flow, incoming=False, server=name), room)
        source = self._sources.get(flow.local, (flow.local[0], 0))
        dial = _Dial(connection, self._tls, self._reactor)
        connector = self._reactor.connectTCP(*flow.remote, dial, timeout=None, bindAddress=source)
        connection.opening(connector.stopConnecting)
        return connection

    def _add(self, connection: Connection, room: _Room) -> Connection:
        self._connections[connection] = room
        self._flows.setdefault(connection.flow, []).append(connection)
        return connection

    def _secured(self, connection: Connection) -> Literal["stranger", "refused"] | None:
        """Learn who has opened a connection, and tell why it must not stay; None: it may."""
        flow = connection.flow
        others = [other for other in self._flows[flow] if other.incoming and other.serves(None)]
        if any(other.domains != connection.domains for other in others):
            # What is received by one flow is taken for one peer's, who would now be two.
            return "stranger"
        if connection.domains and self._knows is not None:
            connection.proved = self._knows(flow, connection.domains)
        if connection.stranger:
            if not connection.proved:
                return "stranger"
            if not self._accepted.enter(flow.remote[0]):
                return "refused"
            self._strangers.leave(flow.remote[0])
            self._connections[connection] = self._accepted
        return None

    def _retired(self, connection: Connection) -> None:
        """Send nothing more along a connection."""
        connections = self._flows[connection.flow]
        connections.remove(connection)
        if not connections:
            del self._flows[connection.flow]
        if connection.proved and not any(other.proved for other in connections):
            self._left(connection.flow)

    def _gone(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        host = connection.flow.remote[0]
        room = self._connections.pop(connection)
        if room is self._strangers and self._closed is None:
            names = ", ".join(sorted(connection.domains)) or "nobody"
            self._turned_away(connection.flow, f"no trunk has this address, and the certificate names {names}")
            # Who tries again and again gets no more handshakes than who keeps us waiting for one.
            self._reactor.callLater(self._limits.connect_timeout, room.leave, host)
        else:
            room.leave(host)
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
            creator = tls.client(connection.server)
            self._secured = TLSMemoryBIOFactory(creator, isClient=True, wrappedFactory=Factory(), clock=reactor)

    def buildProtocol(self, _: object) -> Any:  # noqa: N802 - Twisted's name
        secured = self._secured
        return self._connection if secured is None else secured.protocol(secured, self._connection)

    def clientConnectionFailed(self, _: object, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        self._connection.connectionLost(reason)
