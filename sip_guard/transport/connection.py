"""One connection of TCP or TLS: messages in and out, keep-alive, its clock, and what waits for a slow peer."""

import socket
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from cryptography import x509
from msgspec import Meta
from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from zope.interface import implementer

from sip_guard.sip.flow import Flow
from sip_guard.sip.framing import Framer, FramingError
from sip_guard.transport.tls import Tls, domains, said, speaks_for

LINGER: Final = 2.0
"""Seconds that a peer has to close its side after we have closed ours."""


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What keeps connections from costing more than they are worth."""

    connections: Annotated[int, Meta(ge=1, le=100_000)] = 1024
    """Connections that peers have opened; and apart from them, as many that we have opened. For TLS from nowhere known
    there are a quarter as many more, until a certificate shows whose they are; and for answers whose connection was
    closed, too."""
    per_source: Annotated[int, Meta(ge=1, le=100_000)] = 32
    """Connections that one IPv4 address or one IPv6 network of 64 bits has opened. The newest beyond it is refused. A
    quarter as many more until it has shown a certificate, and as many that we open to bring it its answers."""
    idle: Annotated[float, Meta(ge=240, le=86_400)] = 1200.0
    """Seconds without a message after which a connection is closed; longer than any transaction (Timer C)."""
    connect_timeout: Annotated[float, Meta(gt=0, le=30)] = 4.0
    """Seconds until a connection that we open must stand, TLS included; and one that comes from nowhere known."""
    backlog_octets: Annotated[int, Meta(ge=262_144, le=67_108_864)] = 4_194_304
    """Octets that may wait for a peer that does not read; beyond them its connection is aborted. They must suffice for
    all that one event can cause, such as the answers to some thousand calls when a target is lost."""
    head_timeout: Annotated[float, Meta(gt=0, le=300)] = 30.0
    """Seconds in which a message that has begun must be whole; and the first one of a connection, TLS included."""
    stall_timeout: Annotated[float, Meta(ge=1, le=300)] = 16.0
    """Seconds that what we sent may go unacknowledged before a connection is given up (RFC 5482)."""


class Setting(NamedTuple):
    """What all connections of a transport have in common."""

    reactor: Any
    limits: StreamLimits
    tls: Tls | None
    counts: Counter[str]
    received: Callable[[bytes, Flow], None]
    broken: Callable[[bytes, str, Flow], None]
    failed: Callable[[Flow, str], None]
    secured: Callable[["Connection"], Literal["stranger", "refused"] | None]
    retired: Callable[["Connection"], None]
    gone: Callable[["Connection"], None]


@implementer(IHandshakeListener, IPushProducer)
class Connection(Protocol, TimeoutMixin):
    """One connection: opening, then open, then retired."""

    def __init__(
        self, setting: Setting, flow: Flow, *, incoming: bool, stranger: bool = False, server: str = ""
    ) -> None:
        self.flow = flow
        self.incoming = incoming
        self.stranger = stranger
        """Whether it comes from nowhere known: only a certificate can show whose it is."""
        self.server = server
        """Of a connection that we open with TLS, the name that its server's certificate must have."""
        self.domains: frozenset[str] = frozenset()
        """Of one that its peer has opened, the SIP domains that it has proved to be (RFC 5922 7.1)."""
        self.proved = False
        """Whether they make it a peer that we know."""
        self._certificate: x509.Certificate | None = None
        self._served = ("", False)
        """The name that it was last asked for, and whether its certificate has it."""
        self._setting = setting
        self._framer = Framer()
        self._pongs = 0
        self._waiting: deque[bytes] = deque()
        self._waiting_octets = 0
        self._paused = False
        self._open = False
        self._retired = False
        self._sent = False
        """Whether a message was sent along it, which may be lost with it."""
        self._awaits: Literal["opening", "message", "anything", "end"] = "opening"
        self._stop: Callable[[], None] | None = None

    def serves(self, name: str | None) -> bool:
        """Tell whether it leads to the server called `name`; None: to whoever is at its address."""
        if self._setting.tls is None:
            return True
        if not self._open:
            return not self.incoming and name in {None, self.server}
        if name is None:
            return True
        if name != self._served[0]:
            self._served = (name, speaks_for(self._certificate, name))
        return self._served[1]

    def opening(self, stop: Callable[[], None]) -> None:
        """Begin to open it; `stop` ends the attempt."""
        self._stop = stop
        self._await("opening", self._setting.limits.connect_timeout)

    def send(self, octets: bytes) -> None:
        """Send a message as soon as the connection takes it."""
        self._sent = True
        self._write(octets)
        if self._awaits == "anything":
            self._await("anything", self._setting.limits.idle)

    def finish(self) -> None:
        """Close it when all is written, and expect the peer to do likewise."""
        self._retire(None)
        if not self._open or self._waiting:
            self._abort()
            return
        transport: Any = self.transport
        transport.unregisterProducer()
        if self._setting.tls is None:
            # What still comes is read, and not kept: otherwise TCP would take back what we wrote last.
            transport.loseWriteConnection()
        else:
            transport.loseConnection()
        self._await("end", LINGER)

    def _retire(self, reason: str | None) -> None:
        """Let nothing more be sent along it. With a reason, what was sent may not have been delivered."""
        if self._retired:
            return
        self._retired = True
        self._setting.retired(self)
        if self._sent and reason is not None:
            self._setting.failed(self.flow, reason)

    def _give_up(self, kind: str, reason: str) -> None:
        self._setting.counts[kind] += 1
        self._retire(reason)
        self._abort()

    def _abort(self) -> None:
        self._waiting.clear()
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()
        elif self._stop is not None:
            self._stop()

    def _write(self, octets: bytes) -> None:
        if self._open and not self._paused and not self._waiting:
            transport: Any = self.transport
            transport.write(octets)
            return
        self._waiting.append(octets)
        self._waiting_octets += len(octets)
        if self._waiting_octets > self._setting.limits.backlog_octets:
            self._give_up("overflow", "too much waits for the peer")

    def _flush(self) -> None:
        transport: Any = self.transport
        while self._open and not self._paused and self._waiting:
            octets = self._waiting.popleft()
            self._waiting_octets -= len(octets)
            transport.write(octets)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Write nothing more: the peer does not read as fast."""
        self._paused = True

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Write what waits."""
        self._paused = False
        self._flush()

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Write nothing more: the connection is lost."""
        self._paused = True

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Set the socket up; TCP is then open, TLS begins its handshake."""
        setting = self._setting
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        raw = transport if setting.tls is None else transport.transport
        stall = int(setting.limits.stall_timeout * 1000)
        with suppress(OSError):
            raw.getHandle().setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall)
        transport.registerProducer(self, streaming=True)
        if self.stranger:
            self._await("opening", setting.limits.connect_timeout)
        elif self.incoming:
            self._await("message", setting.limits.head_timeout)
        if setting.tls is None:
            self._opened()

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        """Learn who the peer is, now that TLS knows that its certificate is valid, and is its own."""
        if self._open or self._retired or self._setting.tls is None:
            return
        transport: Any = self.transport
        try:
            self._certificate = transport.getHandle().get_peer_certificate(as_cryptography=True)
        except (ValueError, x509.InvalidVersion):
            self._give_up("unopened", "TLS: the certificate cannot be read")
            return
        if not self.incoming and not speaks_for(self._certificate, self.server):
            self._give_up("unopened", "TLS: the certificate is for another name")
            return
        if self.incoming:
            self.domains = frozenset() if self._certificate is None else domains(self._certificate)
            refusal = self._setting.secured(self)
            if refusal is not None:
                self._give_up(refusal, "TLS: the peer may not stay")
                return
            if self.stranger:
                self._await("message", self._setting.limits.head_timeout)
        self._opened()

    def _opened(self) -> None:
        self._open = True
        if not self.incoming:
            self._setting.counts["connected"] += 1
            self._await("anything", self._setting.limits.idle)
        self._flush()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take octets, of which whole messages go on."""
        if self._retired:
            return
        fault: FramingError | None = None
        try:
            messages = self._framer.feed(data)
        except FramingError as error:
            messages, fault = error.before, error
        pings = self._framer.pings - self._pongs
        if messages or pings or self._awaits == "anything":
            limits = self._setting.limits
            if self._framer.started:
                self._await("message", limits.head_timeout)
            else:
                self._await("anything", limits.idle)
        if pings:
            self._setting.counts["ping"] += pings
            self._pongs += pings
            self._write(b"\r\n" * pings)
        for message in messages:
            if self._is_retired():
                return
            self._setting.received(message, self.flow)
        if fault is not None and not self._is_retired():
            self._setting.counts["broken"] += 1
            unanswered = self._sent
            self._setting.broken(fault.head, fault.reason, self.flow)
            self._retire(f"the framing was lost: {fault.reason}" if unanswered else None)
            self.finish()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """Forget it, or the attempt to open it."""
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        if not self._retired:
            clean = self._open and not self._waiting and isinstance(reason.value, ConnectionDone)
            if not clean:
                self._setting.counts["lost" if self._open else "unopened"] += 1
            self._retire(None if clean else _what_broke(reason))
        self._setting.gone(self)

    def callLater(self, period: float, func: Callable[[], None]) -> Any:  # noqa: N802 - Twisted's name
        """Use the transport's clock."""
        return self._setting.reactor.callLater(period, func)

    def timeoutConnection(self) -> None:  # noqa: N802 - Twisted's name
        """End it, according to what was awaited."""
        if self._awaits == "anything":
            self._setting.counts["idle"] += 1
            self.finish()
        elif self._awaits == "message":
            self._give_up("slow", "the peer did not end its message in time")
        elif self._awaits == "opening":
            self._give_up("unopened", "no connection in time")
        else:
            self._abort()

    def _await(self, what: Literal["opening", "message", "anything", "end"], seconds: float) -> None:
        self._awaits = what
        self.setTimeout(seconds)  # type: ignore[no-untyped-call]

    def _is_retired(self) -> bool:
        return self._retired


def _what_broke(reason: Failure) -> str:
    error = reason.value
    return f"TLS: {said(error)}" if isinstance(error, SSL.Error) else reason.getErrorMessage()
