"""The way to a host that somebody else has named: looked up once, checked, and then gone to at the checked address."""

from collections.abc import Callable
from itertools import chain, zip_longest
from typing import Any, Final, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, FailureGroup, race
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import (
    IAddress,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater
from zope.interface import implementer

MAX_LOOKUPS: Final = 64
"""Look-ups in progress. The system's resolver cannot be stopped: one that nobody waits for any more still counts."""
MAX_ATTEMPTS: Final = 6
"""Addresses of a host that are tried."""
STAGGER: Final = 0.25
"""Seconds until the next address is tried beside the one before (RFC 8305 5)."""


class Unavailable(Exception):  # noqa: N818 - what came of it, not a mistake
    """It could not be had. The message says why, for people."""


class Absent(Unavailable):
    """The host answers, and does not have it: that says nothing against the host."""


class Untried(Unavailable):
    """It was not asked for, to spare the host or ourselves. That says nothing of it, and need not be remembered."""


class Forbidden(Exception):  # noqa: N818 - what came of it, not a mistake
    """It may not be asked for. The message says why, for people."""


LookUp = Callable[[str], Deferred[list[str]]]
"""Gives the addresses of a host, of a numeric one that itself, in the order of preference; none if there are none.

Fails with Unavailable, or with Untried if too much is being looked up."""


class Names:
    """Looks host names up with the reactor's resolver: the system's, in a few threads. Enough for a single command."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pending = 0

    def look_up(self, host: str) -> Deferred[list[str]]:
        """Give the addresses of `host`: a `LookUp`."""
        answer = _Answer(self._finished)
        if self._pending >= MAX_LOOKUPS:
            answer.found.errback(Untried("too many host names are being looked up"))
            return answer.found
        self._pending += 1
        IReactorPluggableNameResolver(self._reactor).nameResolver.resolveHostName(answer, host)
        return answer.found

    def _finished(self) -> None:
        self._pending -= 1


@implementer(IResolutionReceiver)
class _Answer:
    """What one look-up brings."""

    def __init__(self, finished: Callable[[], None]) -> None:
        self.found: Deferred[list[str]] = Deferred()
        self._addresses: list[str] = []
        self._finished = finished

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803
        """Nothing is to be done yet."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        """Note one address."""
        if isinstance(address, IPv4Address | IPv6Address):
            self._addresses.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """Hand all of them over."""
        self._finished()
        self.found.callback(self._addresses)


@implementer(IStreamClientEndpoint)
class CheckedEndpoint:
    """Connects over TCP to a host, if all of its addresses are allowed. `connect` fails with Unavailable or Forbidden.

    The name is looked up once and the connection made to what was checked, so a second answer has no say. One address
    that is not allowed spoils all: who may name such addresses is not to be reached by chance.
    """

    def __init__(
        self,
        reactor: Any,
        look_up: LookUp,
        host: str,
        port: int,
        allowed: Callable[[str], bool],
    ) -> None:
        self._reactor = reactor
        self._look_up = look_up
        self._host = host
        self._port = port
        self._allowed = allowed

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """Look the name up, check, and connect. Cancelling ends all attempts."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        addresses = await self._look_up(self._host)
        if not addresses:
            raise Unavailable(f"{shown(self._host)} has no address")
        for address in addresses:
            if not self._allowed(address):
                raise Forbidden(f"{shown(self._host)} resolves to {address}, which is not a public address")
        attempts = [
            deferLater(self._reactor, i * STAGGER, self._to(address).connect, factory)
            for i, address in enumerate(in_turns(addresses)[:MAX_ATTEMPTS])
        ]
        try:
            winner = await race(attempts)
        except FailureGroup as group:
            refused = any(isinstance(failure.value, Refused) for failure in group.failures)
            what = "refuses the connection" if refused else "cannot be reached"
            raise Unavailable(f"{shown(self._host)} {what}") from None
        return cast("IProtocol", winner[1])

    def _to(self, address: str) -> TCP4ClientEndpoint | TCP6ClientEndpoint:
        endpoint = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
        return endpoint(self._reactor, address, self._port)


def in_turns(addresses: list[str]) -> list[str]:
    """Give the addresses with both families by turns, beginning with that of the first (RFC 8305 4)."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    second = [address for address in addresses if (":" in address) != (":" in addresses[0])]
    return [address for address in chain.from_iterable(zip_longest(first, second)) if address is not None]


def shown(host: str) -> str:
    """Give a host as people are shown it: cut short where it is very long."""
    return host if len(host) <= 64 else f"{host[:61]}..."
