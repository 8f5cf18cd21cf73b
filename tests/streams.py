"""The guard's side of TCP and TLS on the reactor, and peers at the other end of real sockets."""

import ipaddress
import queue
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cryptography import x509
from reactor import LIMIT, Reactor, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard.demo.pki import Issued, Window, end_entity, issue, web_root
from sip_guard.sip.flow import Address, Flow
from sip_guard.transport.stream import StreamLimits, StreamPort, StreamTransport
from sip_guard.transport.tls import Tls, TlsFiles

if TYPE_CHECKING:
    from collections.abc import Callable

ALWAYS = Window(1_577_836_800.0, 2_493_072_000.0)
"""2020 to 2049."""
PAST = Window(1_577_836_800.0, 1_609_459_200.0)
"""2020."""
Kind = Literal["TCP", "TLS"]


def message(body: bytes = b"") -> bytes:
    return b"OPTIONS sip:guard.example.com SIP/2.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def root() -> Issued:
    return web_root(ALWAYS)


def named(issuer: Issued, *names: str, common: str = "peer", window: Window = ALWAYS) -> Issued:
    """Issue a certificate for addresses, `sip:` URIs and domains; without any there are no alternative names."""
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            uri = x509.UniformResourceIdentifier(name) if ":" in name else None
            alternatives.append(uri or x509.DNSName(name))
    listed = [(x509.SubjectAlternativeName(alternatives), False)] if alternatives else []
    return issue(common, issuer, window, [*end_entity(), *listed])


class Files:
    """PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, octets: bytes) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        return str(path)

    def certificate(self, issued: Issued, name: str = "guard") -> tuple[str, str]:
        return self.write(f"{name}.pem", issued.bundle or issued.pem), self.write(f"{name}.key", issued.key_pem)

    def tls(self, own: Issued, *, ca: Issued, client_ca: Issued | None = None, present: bool = True) -> TlsFiles:
        certificate, key = self.certificate(own)
        return TlsFiles(
            certificate=certificate,
            key=key,
            ca=self.write("ca.pem", ca.pem),
            client_ca=None if client_ca is None else self.write("client_ca.pem", client_ca.pem),
            present=present,
        )

    def server(self, own: Issued, *, client_ca: Issued | None = None) -> ssl.SSLContext:
        """Give what a peer accepts TLS with."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*self.certificate(own, "peer"))
        if client_ca is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=client_ca.pem.decode())
        return made

    def client(self, ca: Issued, own: Issued | None = None) -> ssl.SSLContext:
        """Give what a peer opens TLS with."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(cadata=ca.pem.decode())
        if own is not None:
            made.load_cert_chain(*self.certificate(own, "peer"))
        return made


class Peer:
    """One end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(LIMIT)
        self.connection = connection

    @property
    def address(self) -> Address:
        host, port = self.connection.getsockname()[:2]
        return host, port

    def send(self, octets: bytes) -> None:
        self.connection.sendall(octets)

    def get(self, octets: bytes) -> None:
        """Read what is expected, neither less nor more."""
        read = b""
        while len(read) < len(octets):
            more = self.connection.recv(len(octets) - len(read))
            assert more, f"closed after {read!r}"
            read += more
        assert read == octets

    def rest(self) -> bytes:
        """Read until the other side closes in due form."""
        read = b""
        while more := self.connection.recv(65_536):
            read += more
        return read

    def wait_for_end(self) -> None:
        """Read until the other side closes or breaks the connection off."""
        with suppress(ConnectionResetError):
            self.rest()

    def leave(self) -> None:
        """Close, and wait until the other side has done so."""
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection = self.connection.unwrap()
        else:
            self.connection.shutdown(socket.SHUT_WR)
        self.rest()
        self.close()

    def close(self) -> None:
        self.connection.close()

    def reset(self) -> None:
        """Break the connection off."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Host:
    """A peer that can be connected to."""

    def __init__(self, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> None:
        self._tls = tls
        self.socket = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(LIMIT)
        self.address: Address = self.socket.getsockname()[:2]
        self.peers: list[Peer] = []

    def accept(self) -> Peer:
        connection, _ = self.socket.accept()
        connection.settimeout(LIMIT)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        self.peers.append(Peer(connection))
        return self.peers[-1]

    def close(self) -> None:
        self.socket.close()
        for peer in self.peers:
            peer.close()


class Event(NamedTuple):
    """What the transport has reported."""

    kind: Literal["received", "broken", "failed"]
    flow: Flow
    octets: bytes = b""
    reason: str = ""


class Timed:
    """The reactor, with a clock that only the test advances."""

    def __init__(self) -> None:
        self.clock = Clock()

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def callLater(self, seconds: float, *call: Any) -> Any:  # noqa: N802 - the reactor's name
        return (self.clock if seconds else reactor).callLater(seconds, *call)


class Guard:
    """A transport, and peers to talk to it."""

    def __init__(self, in_reactor: Reactor, kind: Kind, files: Files) -> None:
        self.kind = kind
        self.files = files
        self.in_reactor = in_reactor
        self.timed = Timed()
        self.root = root()
        self.own = named(self.root, "127.0.0.1", "::1", "guard.example.com")
        self.tls: Tls | None = None
        self.server: ssl.SSLContext | None = None
        self.client: ssl.SSLContext | None = None
        if kind == "TLS":
            self.tls = Tls(files.tls(self.own, ca=self.root, client_ca=self.root))
            self.server = files.server(named(self.root, "127.0.0.1", "::1"))
            self.client = files.client(self.root)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._ends: list[Callable[[], object]] = []
        self.on_broken: bytes = b""
        """What is sent back when the framing is lost."""
        self.transport: StreamTransport
        self.start()

    def start(self, limits: StreamLimits | None = None, **options: Any) -> StreamTransport:
        """Begin anew, with limits, or a reactor of the test's choice."""
        settings: dict[str, Any] = {
            "reactor": self.timed,
            "transport": self.kind,
            "received": lambda octets, flow: self._events.put(Event("received", flow, octets)),
            "broken": self._broken,
            "failed": lambda flow, reason: self._events.put(Event("failed", flow, reason=reason)),
            "limits": limits,
            "tls": self.tls,
        }
        self.transport = transport = StreamTransport(**settings | options)
        self._ends.append(lambda: in_time(self.in_reactor, transport, self.timed.clock))
        return transport

    def _broken(self, head: bytes, reason: str, flow: Flow) -> None:
        self._events.put(Event("broken", flow, head, reason))
        if self.on_broken:
            self.transport.send(self.on_broken, flow, flow.remote)

    def listen(self, host: str = "127.0.0.1", advertised: Address | None = None) -> StreamPort:
        transport = self.transport
        port: StreamPort = self.in_reactor(lambda: transport.listen((host, 0), advertised))
        return port

    def host(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Host:
        made = Host(tls or self.server, host)
        self._ends.append(made.close)
        return made

    def plain(self, port: StreamPort, *, source: Address | None = None, octets: int = 0) -> socket.socket:
        """Connect to the guard, and do no TLS yet; `octets`: what the kernel keeps until they are read."""
        connection = socket.socket(socket.AF_INET6 if ":" in port.address[0] else socket.AF_INET)
        self._ends.append(connection.close)
        connection.settimeout(LIMIT)
        if octets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)
        if source is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.bind(source)
        connection.connect(port.address)
        return connection

    def peer(
        self, port: StreamPort, *, tls: ssl.SSLContext | None = None, source: Address | None = None, octets: int = 0
    ) -> Peer:
        """Connect to the guard."""
        connection = self.plain(port, source=source, octets=octets)
        tls = tls or self.client
        if tls is not None:
            connection = tls.wrap_socket(connection, server_hostname=port.address[0])
        made = Peer(connection)
        self._ends.append(made.close)
        return made

    def flow(self, port: StreamPort, remote: Address) -> Flow:
        return Flow(self.kind, port.local, remote)

    def send(self, octets: bytes, flow: Flow, back: Address | None = None) -> None:
        self.in_reactor(lambda: self.transport.send(octets, flow, back))

    def send_all(self, messages: list[bytes], flow: Flow) -> None:
        """Send several messages before the reactor does anything else."""

        def send() -> None:
            for octets in messages:
                self.transport.send(octets, flow)

        self.in_reactor(send)

    def advance(self, seconds: float) -> None:
        self.in_reactor(lambda: self.timed.clock.advance(seconds))

    def count(self, name: str) -> int:
        count: int = self.in_reactor(lambda: self.transport.counts[name])
        return count

    def event(self) -> Event:
        """Wait for the next report."""
        return self._events.get(timeout=LIMIT)

    def received(self, octets: bytes) -> Flow:
        event = self.event()
        assert (event.kind, event.octets) == ("received", octets)
        return event.flow

    def failed(self, flow: Flow) -> str:
        event = self.event()
        assert (event.kind, event.flow) == ("failed", flow)
        return event.reason

    def is_quiet(self) -> bool:
        """Tell whether all reports so far were taken."""
        self.in_reactor(lambda: None)
        return self._events.empty()

    def close(self) -> None:
        for end in reversed(self._ends):
            with suppress(OSError):
                end()


def in_time(in_reactor: Reactor, transport: StreamTransport, clock: Clock) -> None:
    """Close a transport, and let it not wait for peers that do not."""

    def close() -> Deferred[None]:
        closed = transport.close()
        clock.advance(3600)
        return closed

    in_reactor(close)
