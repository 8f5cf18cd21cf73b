"""Fetches what is at one URL, without doing the bidding of whoever chose it or answers (ATIS-1000074 5.3.1)."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, cast

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.error import ConnectionClosed, ConnectionDone
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, RequestTransmissionFailed, ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IAgentEndpointFactory
from zope.interface import implementer

from sip_guard import __version__
from sip_guard.repository import answer
from sip_guard.repository.answer import NO_VALIDATORS, Answer, Validators
from sip_guard.repository.endpoint import Absent, CheckedEndpoint, Forbidden, LookUp, Names, Unavailable, shown
from sip_guard.repository.reach import Place, Reach, place_of

MAX_HEAD: Final = 32_768
"""Octets that an answer may have beside its body: status line, header fields, framing."""

PEM_CHAIN: Final = "application/pem-certificate-chain"
"""What is asked for where nothing else is said (ATIS-1000074 5.3.1)."""

_BROKEN = (ResponseFailed, RequestTransmissionFailed, ConnectionClosed, SSL.Error)


class Fetcher:
    """Gets what is at a URL over HTTP, each time over a connection of its own."""

    def __init__(
        self,
        reactor: Any,
        reach: Reach,
        *,
        look_up: LookUp | None = None,
        accept: str = PEM_CHAIN,
        timeout: float = 2.0,
        max_octets: int = 65_536,
    ) -> None:
        """`look_up`: None asks the system, in threads, of which a few slow names take all: not for a service.

        `accept`: the media types that are asked for, as in the header field.

        `timeout`: seconds for looking up, connecting, TLS and answer together. `max_octets`: of the body.
        """
        self._reactor = reactor
        self._reach = reach
        self._headers = {b"Accept": accept.encode("ascii"), b"User-Agent": f"sip_guard/{__version__}".encode()}
        self._timeout = timeout
        self._max_octets = max_octets
        self._look_up = look_up or Names(reactor).look_up

    def get(self, url: str, validators: Validators = NO_VALIDATORS) -> Deferred[Answer]:
        """Give what `url` is answered with by 200, or by 304 where `validators` are sent. No redirect is followed.

        Fails with Forbidden where the URL or an address that it leads to is not allowed, and else with Unavailable.
        """
        wrong = self._reach.fault(url)
        if wrong is not None:
            return fail(Forbidden(f"the URL {wrong}"))
        place = place_of(url)

        def too_late(_: object, seconds: float) -> Answer:
            raise Unavailable(f"{shown(place[0])} gave no answer within {seconds:g} s")

        asked = Deferred.fromCoroutine(self._get(url, place, validators))
        return asked.addTimeout(self._timeout, self._reactor, too_late)

    async def _get(self, url: str, place: Place, validators: Validators) -> Answer:
        host = shown(place[0])
        connection = _Connection(self._way(url, place), self._max_octets + MAX_HEAD)
        agent: IAgent = Agent.usingEndpointFactory(self._reactor, connection)  # type: ignore[no-untyped-call]
        try:
            response = await agent.request(b"GET", url.encode("ascii"), self._fields(validators))
            if response.code == 304 and any(validators):
                return self._answer(response, None, validators)
            octets = await self._body(response, host)
            connection.raise_if_broken()
        except _BROKEN as error:
            if connection.exceeded:
                raise Absent(f"{host} sends more than {self._max_octets} octets") from None
            raise Unavailable(f"{host} {_what_broke(error)}") from None
        else:
            return self._answer(response, octets, NO_VALIDATORS)
        finally:
            connection.abort()

    def _fields(self, validators: Validators) -> Headers:
        conditions = {b"If-None-Match": validators.etag, b"If-Modified-Since": validators.last_modified}
        fields = self._headers | {name: value.encode("ascii") for name, value in conditions.items() if value}
        return Headers({name: [value] for name, value in fields.items()})

    def _answer(self, response: Any, body: bytes | None, known: Validators) -> Answer:
        """Make an answer of a response. One that is not modified need not say again what is `known`."""
        said = answer.validators(response.headers)
        return Answer(body, said if any(said) else known, answer.lifetime(response.headers))

    def _way(self, url: str, place: Place) -> IStreamClientEndpoint:
        host, port = place
        allowed = partial(self._reach.allows, place)
        way = CheckedEndpoint(self._reactor, self._look_up, host, port, allowed)
        if url[:5].lower() == "http:":
            return way
        try:
            tls = optionsForClientTLS(host, self._reach.authorities(place))
        except UnicodeError:
            raise Unavailable(f"{shown(host)} is not a host name") from None
        return wrapClientTLS(tls, way)

    async def _body(self, response: Any, host: str) -> bytes:
        if response.code != 200:
            ill = response.code >= 500 or response.code == 429
            raise (Unavailable if ill else Absent)(f"{host} answered {response.code}")
        if response.length is not UNKNOWN_LENGTH and response.length > self._max_octets:
            raise Absent(f"{host} announces more than {self._max_octets} octets")
        body = _Body()
        response.deliverBody(body)
        octets = await body.complete
        if len(octets) > self._max_octets:
            raise Absent(f"{host} sends more than {self._max_octets} octets")
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
