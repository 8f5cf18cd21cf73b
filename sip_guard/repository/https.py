"""Fetches one https URL that a stranger has chosen, without doing the stranger's bidding (ATIS-1000074 5.3.1)."""

import ssl
from collections.abc import Iterator
from typing import Annotated, Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.error import ConnectionClosed, ConnectionDone
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, RequestTransmissionFailed, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IAgentEndpointFactory
from zope.interface import implementer

from sip_guard import __version__
from sip_guard.repository.address import is_private, is_public
from sip_guard.repository.endpoint import CheckedEndpoint, Forbidden, Names, Unavailable, shown
from sip_guard.stir.x5u import fault

MAX_HEAD: Final = 32_768
"""Octets that an answer may have beside its body: status line, header fields, framing."""

_HEADERS: Final = Headers(
    {b"Accept": [b"application/pem-certificate-chain"], b"User-Agent": [f"sip_guard/{__version__}".encode()]}
)
_BROKEN = (ResponseFailed, RequestTransmissionFailed, ConnectionClosed, SSL.Error)


class Laboratory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A repository outside the rules, allowed by its very name and port. Never needed for real traffic."""

    host: str
    """As it stands in the URL: a name or a numeric address."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 443
    private_address: bool = False
    """Whether it may be at a loopback or private address."""
    web_ca: str | None = None
    """PEM file of the authorities its web server is trusted by, instead of the system's; None: the system's."""

    @property
    def place(self) -> tuple[str, int]:
        """Its host, in lower case and without brackets, and its port: what `x5u.fault` knows laboratories by."""
        return self.host.lower().strip("[]"), self.port


class Fetcher:
    """Gets what is at a URL over HTTPS, each time over a connection of its own."""

    def __init__(
        self,
        reactor: Any,
        *,
        timeout: float = 2.0,
        max_octets: int = 65_536,
        laboratories: tuple[Laboratory, ...] = (),
    ) -> None:
        """Read the web's authorities, which are kept until the end: the system's, and those of the laboratories.

        `timeout`: seconds for looking up, connecting, TLS and answer together. `max_octets`: of the body. Raises
        OSError or ValueError where a laboratory's PEM file cannot be read.
        """
        self._reactor = reactor
        self._timeout = timeout
        self._max_octets = max_octets
        self._names = Names(reactor)
        self._laboratories = {laboratory.place: laboratory for laboratory in laboratories}
        self._places = frozenset(self._laboratories)
        self._authorities = _authorities(None)
        self._own_authorities = {
            laboratory.place: _authorities(laboratory.web_ca)
            for laboratory in laboratories
            if laboratory.web_ca is not None
        }

    def get(self, url: str) -> Deferred[bytes]:
        """Give the body that `url` is answered with, by 200 and nothing else. No redirect is followed.

        Fails with Forbidden where the URL or an address that it leads to is not allowed, and else with Unavailable.
        """
        wrong = fault(url, self._places)
        if wrong is not None:
            return fail(Forbidden(f"the URL {wrong}"))
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443

        def too_late(_: object, seconds: float) -> bytes:
            raise Unavailable(f"{shown(host)} gave no answer within {seconds:g} s")

        return Deferred.fromCoroutine(self._get(url, host, port)).addTimeout(self._timeout, self._reactor, too_late)

    async def _get(self, url: str, host: str, port: int) -> bytes:
        connection = _Connection(self._way(host, port), self._max_octets + MAX_HEAD)
        agent: IAgent = Agent.usingEndpointFactory(self._reactor, connection)  # type: ignore[no-untyped-call]
        try:
            response = await agent.request(b"GET", url.encode("ascii"), _HEADERS)
            octets = await self._body(response, shown(host))
            connection.raise_if_broken()
        except _BROKEN as error:
            what = f"sends more than {self._max_octets} octets" if connection.exceeded else _what_broke(error)
            raise Unavailable(f"{shown(host)} {what}") from None
        else:
            return octets
        finally:
            connection.abort()

    def _way(self, host: str, port: int) -> IStreamClientEndpoint:
        laboratory = self._laboratories.get((host, port))
        private = laboratory is not None and laboratory.private_address
        try:
            tls = optionsForClientTLS(host, self._own_authorities.get((host, port), self._authorities))
        except UnicodeError:
            raise Unavailable(f"{shown(host)} is not a host name") from None
        return wrapClientTLS(
            tls,
            CheckedEndpoint(
                self._reactor,
                self._names,
                host,
                port,
                lambda address: is_public(address) or (private and is_private(address)),
            ),
        )

    async def _body(self, response: Any, host: str) -> bytes:
        if response.code != 200:
            raise Unavailable(f"{host} answered {response.code}")
        if response.length is not UNKNOWN_LENGTH and response.length > self._max_octets:
            raise Unavailable(f"{host} announces more than {self._max_octets} octets")
        body = _Body()
        response.deliverBody(body)
        octets = await body.complete
        if len(octets) > self._max_octets:
            raise Unavailable(f"{host} sends more than {self._max_octets} octets")
        return octets


class _Body(Protocol):
    """Collects a body. How much there can be is seen to by the connection's meter."""

    def __init__(self) -> None:
        self.complete: Deferred[bytes] = Deferred()
        self._octets = bytearray()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self._octets += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self.complete.callback(bytes(self._octets))
        else:
            self.complete.errback(reason)


class _Meter(ProtocolWrapper):
    """Counts what is received, so that neither header fields nor a body nor interim answers are without end."""

    factory: "_MeterFactory"
    octets = 0
    broken: BaseException | None = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.octets += len(data)
        if self.octets > self.factory.limit:
            self.abort()
        else:
            self.wrappedProtocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if not isinstance(reason.value, ConnectionDone):
            self.broken = reason.value
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def abort(self) -> None:
        """Drop the connection, if it is still there."""
        if self in self.factory.protocols:
            cast("ITCPTransport", self.transport).abortConnection()


class _MeterFactory(WrappingFactory[_Meter]):
    """Puts a meter around each protocol."""

    protocol = _Meter
    noisy = False

    def __init__(self, factory: IProtocolFactory, limit: int) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self.limit = limit


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
class _Connection:
    """The one connection of a fetch: metered, and dropped when the fetch is over, however it ended."""

    def __init__(self, way: IStreamClientEndpoint, limit: int) -> None:
        self._way = way
        self._limit = limit
        self._meter: _Meter | None = None

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:  # noqa: ARG002, N802
        """Give itself: the way was chosen before."""
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """Connect, with the meter between TLS and HTTP."""
        return self._way.connect(_MeterFactory(protocolFactory, self._limit)).addCallback(self._connected)

    def _connected(self, protocol: IProtocol) -> IProtocol:
        self._meter = cast("_Meter", protocol)
        return self._meter.wrappedProtocol

    @property
    def exceeded(self) -> bool:
        """Whether more came than may come."""
        return self._meter is not None and self._meter.octets > self._limit

    def raise_if_broken(self) -> None:
        """Raise what the connection was lost by. A body without a length is whole only if it was closed in due form."""
        if self._meter is not None and self._meter.broken is not None:
            raise self._meter.broken

    def abort(self) -> None:
        """Drop the connection, if there is one."""
        if self._meter is not None:
            self._meter.abort()


def _authorities(file: str | None) -> Any:
    """Read web authorities from a PEM file, or with None the system's.

    `platformTrust` would read the system's anew for each connection, and stop the reactor for 8 ms each time.
    """
    store = ssl.create_default_context(cafile=file)
    found = store.get_ca_certs(binary_form=True)
    if not found and file is None:
        return platformTrust()  # type: ignore[no-untyped-call]
    if not found:
        raise ValueError(f"there is no certificate of an authority in {file}")
    certificates = [Certificate.loadPEM(ssl.DER_cert_to_PEM_cert(der).encode()) for der in found]
    return trustRootFromCertificates(certificates)  # type: ignore[no-untyped-call]


def _what_broke(error: BaseException) -> str:
    """Say what happened to a connection, for people."""
    for cause in _causes(error):
        if isinstance(cause, VerificationError):
            return "has a web certificate for another name"
        if isinstance(cause, SSL.Error):
            reasons = [str(entry[-1]) for entry in cause.args[0]] if cause.args else []
            if "certificate verify failed" in reasons:
                return "has a web certificate that is not trusted"
            return f"failed at TLS: {', '.join(reasons) or 'the connection was closed'}"
    return "broke the connection off, or does not speak HTTP"


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    for failure in getattr(error, "reasons", ()):
        yield from _causes(failure.value)
