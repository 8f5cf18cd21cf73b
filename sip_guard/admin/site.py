"""The web server before the door: bounded in all that a client can make it keep."""

import secrets
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.threads import deferToThreadPool
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.http import HTTPFactory, Request, datetimeToString

from sip_guard.admin.door import Door
from sip_guard.admin.lock import Lock
from sip_guard.admin.options import Options
from sip_guard.admin.page import Answer, Asked, Page, told
from sip_guard.screen import Mistake
from sip_guard.sip.flow import Address, written
from sip_guard.transport.tls import Tls

CONNECTIONS: Final = 64
"""At a time; those beyond are closed at once."""
IDLE: Final = 30.0
"""Seconds of silence, between requests or within one, until a connection is closed."""
LIFETIME: Final = 300.0
"""Seconds until a connection is closed, whatever it does: whoever sends an octet a second must not keep its place."""

FIELDS: Final = {
    "Server": "sip_guard",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""In every answer: no other site's page shows or reads ours, and ours loads nothing from elsewhere."""


class Admin:
    """The admin listener at work."""

    def __init__(
        self,
        options: Options,
        tls: Tls | None,
        pages: Mapping[str, Page],
        reactor: Any,
        mistake: Mistake,
    ) -> None:
        """Listen, with `tls` made of the files that `options` names. Raises CannotListenError."""
        self._pages = pages
        self._reactor = reactor
        self._mistake = mistake
        self.options = options
        self._entry = _Entry(self._connections(), tls)
        host, port = options.address
        self._port = reactor.listenTCP(port, self._entry, interface=host)
        there = self._port.getHost()
        self.address: Address = (there.host, there.port)

    def change(self, options: Options, tls: Tls | None) -> None:
        """Go by other options from now on, but for the address. Who came in by the old ones has to come again."""
        self.options = options
        self._entry.close()
        self._entry.change(self._connections(), tls)

    def certify(self, tls: Tls | None) -> None:
        """Show another certificate to whoever comes from now on."""
        self._entry.change(self._entry.connections, tls)

    def _connections(self) -> "_Connections":
        lock = None
        if self.options.password is not None:
            in_thread = partial(deferToThreadPool, self._reactor, self._reactor.getThreadPool())
            lock = Lock(self.options.password, in_thread, self._reactor, secrets.token_bytes(32))
        door = Door(self._pages, self.options.hosts, lock)
        return _Connections(_Site(door, self._reactor, self._mistake), self._reactor)

    def stop(self) -> Deferred[None]:
        """Close. Fires when it does not listen any more."""
        stopped = maybeDeferred(self._port.stopListening)
        self._entry.close()
        return stopped.addCallback(lambda _: None)

    def __str__(self) -> str:
        """Give its URL."""
        return f"http{'' if self.options.tls is None else 's'}://{written(self.address)}/"


class _Request(Request):
    """One request: handed to the door, and the answer handed back. What else it carries is forgotten as it comes."""

    def __init__(self, door: Door, mistake: Mistake, channel: Any, *_: Any) -> None:
        super().__init__(channel, parsePOSTFormSubmission=False)
        self._door = door
        self._mistake = mistake
        self._gone = False

    def gotLength(self, length: int | None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Take the body, however long it says it is."""
        self.content = _Nowhere()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        """Take note that nobody waits for the answer any more."""
        self._gone = True
        super().connectionLost(reason)  # type: ignore[no-untyped-call] # Twisted's has no types

    def process(self) -> None:
        """Have it answered."""
        answered: Deferred[Answer] = maybeDeferred(self._answer)
        answered.addErrback(self._mistaken).addCallback(_write, self)

    def _answer(self) -> Any:
        return self._door.answer(_asked(self))

    def _mistaken(self, failure: Failure) -> Answer:
        self._mistake("admin", failure.value)
        return told(HTTPStatus.INTERNAL_SERVER_ERROR, "a mistake of sip_guard, see its log")

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self._gone


def _asked(request: Any) -> Asked:
    return Asked(
        method=_text(request.method),
        path=_text(request.path),
        query={_text(name): _text(values[-1]) for name, values in request.args.items()},
        host=_text(request.getRequestHostname()).lower().strip("[]"),
        accept=_text(request.getHeader(b"accept") or b""),
        authorization=request.getHeader(b"authorization") or b"",
        source=request.client.host,
    )


def _write(answer: Answer, request: Any) -> None:
    if request.gone:
        return
    request.setResponseCode(answer.status, answer.status.phrase.encode())
    said = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body))}
    for name, value in (*FIELDS.items(), *said.items(), *answer.fields):
        request.setHeader(name, value)
    request.setHeader("Date", datetimeToString())  # type: ignore[no-untyped-call] # Twisted's has no types
    request.write(answer.body)
    request.finish()


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


class _Nowhere(BytesIO):
    """A file that keeps nothing: whoever only looks has nothing to send."""

    def write(self, octets: Any) -> int:
        return len(octets)


class _Site(HTTPFactory):
    """Speaks HTTP, and keeps no log of it."""

    noisy = False

    def __init__(self, door: Door, reactor: Any, mistake: Mistake) -> None:
        super().__init__(timeout=IDLE, reactor=reactor)
        self._request = partial(_Request, door, mistake)

    def startFactory(self) -> None:  # noqa: N802 - Twisted's name
        """Open no log."""

    def stopFactory(self) -> None:  # noqa: N802 - Twisted's name
        """Close none."""

    def log(self, request: Any) -> None:
        """Write none."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """Take a connection."""
        channel: Any = super().buildProtocol(addr)
        channel.requestFactory = self._request
        return channel


class _Connection(ProtocolWrapper):
    """That of one client."""

    _end: IDelayedCall | None = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        super().connectionMade()  # type: ignore[no-untyped-call]
        self._end = self.factory.reactor.callLater(LIFETIME, self.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        if self._end is not None and self._end.active():
            self._end.cancel()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]


class _Connections(WrappingFactory):
    """All that are open."""

    noisy = False
    protocol = _Connection

    def __init__(self, site: HTTPFactory, reactor: Any) -> None:
        super().__init__(site)  # type: ignore[no-untyped-call] # Twisted's has no types
        self.reactor = reactor


class _Entry(Factory):
    """Where connections arrive: with TLS or without, and never more than there may be."""

    noisy = False

    def __init__(self, connections: _Connections, tls: Tls | None) -> None:
        self.change(connections, tls)

    def change(self, connections: _Connections, tls: Tls | None) -> None:
        """Hand over what arrives from now on."""
        self.connections = connections
        self._factory: Any = connections
        if tls is not None:
            clock = connections.reactor
            self._factory = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=connections, clock=clock)

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """Take a connection, if there is room; None: it is closed."""
        full = len(self.connections.protocols) >= CONNECTIONS
        return None if full else self._factory.buildProtocol(addr)

    def close(self) -> None:
        """End every one that is open."""
        for each in [*self.connections.protocols]:
            each.abortConnection()
