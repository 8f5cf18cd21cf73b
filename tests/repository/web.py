# ruff: noqa: N802 - Twisted's names
"""A web server that says what it is told to, and never more than that: sound answers and all kinds of bad ones."""

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from cryptography import x509
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.python.failure import Failure

from sip_guard.demo.pki import Issued, Window, end_entity, issue, web_root

ALWAYS = Window(1_577_836_800.0, 2_493_072_000.0)
"""2020 to 2049."""
PAST = Window(1_577_836_800.0, 1_609_459_200.0)
"""2020."""


def a_web_root() -> Issued:
    return web_root(ALWAYS)


def certificate_for(root: Issued, *names: str, window: Window = ALWAYS) -> Issued:
    """Make a server's certificate for host names and addresses."""
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    return issue(names[0], root, window, [*end_entity(), (x509.SubjectAlternativeName(alternatives), False)])


def answer(body: bytes, *fields: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """Write an answer. `length` is what it says of the body, if not the truth."""
    said = len(body) if length is None else length
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % said, *fields, b"", body]
    return b"\r\n".join(lines)


class Site(Factory):
    """What is behind one port: every request is answered with the same octets."""

    noisy = False

    def __init__(self, reply: bytes, *, then: "Then") -> None:
        self.reply = reply
        self.then = then
        self.port = 0
        self.requests: list[bytes] = []
        self.server_names: list[bytes | None] = []
        self.connections: set[_Visit] = set()
        self.connected = 0
        self._emptied: Deferred[None] | None = None

    def buildProtocol(self, _: object) -> "_Visit":
        self.connected += 1
        return _Visit(self)

    def empty(self) -> Deferred[None]:
        """Wait until all connections are gone."""
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def left(self, visit: "_Visit") -> None:
        self.connections.discard(visit)
        if self._emptied is not None and not self.connections:
            self._emptied.callback(None)


class _Visit(Protocol):
    def __init__(self, site: Site) -> None:
        self._site = site
        self._received = b""

    def connectionMade(self) -> None:
        self._site.connections.add(self)

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        self._site.requests.append(self._received)
        if hasattr(transport, "getPeerCertificate"):
            self._site.server_names.append(transport.getHandle().get_servername())
        transport.write(self._site.reply)
        if self._site.then == "close":
            transport.loseConnection()
        elif self._site.then == "break":
            transport.transport.loseConnection()

    def connectionLost(self, _: Failure = connectionDone) -> None:
        self._site.left(self)


Then = Literal["wait", "close", "break"]
"""What comes after the answer: nothing; the end in due form; the end of TCP without that of TLS."""
Serve = Callable[..., Site]


@contextmanager
def serving(in_reactor: Reactor) -> Iterator[Serve]:
    """Give what starts sites on ports of the system's choice, and see to it that no connection to them is left over."""
    sites: list[tuple[Site, Any]] = []

    def serve(
        reply: bytes, certificate: Issued | None = None, *, then: Then = "wait", interface: str = "127.0.0.1"
    ) -> Site:
        """`certificate`: of the server; None: it knows no TLS."""
        site = Site(reply, then=then)

        def listen() -> Any:
            if certificate is None:
                return reactor.listenTCP(0, site, interface=interface)
            own: dict[str, Any] = {"privateKey": certificate.key, "certificate": certificate.certificate}
            options = CertificateOptions(**own)
            return reactor.listenSSL(0, site, options, interface=interface)

        port = in_reactor(listen)
        site.port = port.getHost().port
        sites.append((site, port))
        return site

    yield serve
    for site, port in sites:
        in_reactor(port.stopListening)
        in_reactor(site.empty)
