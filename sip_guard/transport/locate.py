"""Where a host leads: RFC 3263 4, from NAPTR over SRV to addresses."""

from collections.abc import Coroutine, Sequence
from math import inf
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IResolver
from twisted.python.failure import Failure

from sip_guard.peer import Transport
from sip_guard.proxy.place import Place
from sip_guard.repository.endpoint import in_turns, shown
from sip_guard.sip.flow import numeric
from sip_guard.transport.dns import (
    IPV4,
    IPV6,
    MOST_TTL,
    POINTERS,
    RETRY,
    SERVICES,
    Dns,
    DnsOptions,
    Kind,
    Unlocatable,
    host_name,
)

MAX_SERVERS: Final = 32
"""Servers of one host whose addresses are asked for."""
MAX_PLACES: Final = 128
"""Places that one host has."""

_PORTS: Final[dict[Transport, int]] = {"UDP": 5060, "TCP": 5060, "TLS": 5061}
_LABELS: Final[dict[Transport, str]] = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}
_POINTED: Final[dict[str, Transport]] = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}
_WRITTEN: Final[dict[str, Transport]] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_SECURE: Final[dict[str, Transport]] = {"tcp": "TLS", "tls": "TLS"}

_T = TypeVar("_T")


class Located(msgspec.Struct, frozen=True):
    """Where a host leads: an answer, even if it is that there is no place."""

    places: tuple[Place, ...]
    """For `place.order`. None is at an address that nobody may be sent to."""
    expires: float
    """When the host has to be located again, by the clock of the `Locator`."""
    reason: str = ""
    """Why there is no place, for people."""
    outage: str = ""
    """Why it is what was known before, if it could not be found out anew."""


class Locator:
    """Finds the places that a host leads to, by RFC 3263 4.1 and 4.2. Never blocks."""

    def __init__(
        self,
        resolver: IResolver,
        clock: IReactorTime,
        options: DnsOptions,
        transports: Sequence[Transport] = ("UDP", "TCP", "TLS"),
        hosts: str = "/etc/hosts",
    ) -> None:
        """Ask `resolver`, such as `NameServers`, for places over `transports`, those that we speak.

        `hosts` is the path of a file as in hosts(5).
        """
        self._clock = clock
        self._options = options
        self._transports = transports
        self._dns = Dns(resolver, clock, options, hosts)

    def locate(self, host: str, port: int | None, transport: str | None, *, secure: bool) -> Deferred[Located]:
        """Give the places for the host, the port and the `transport` parameter of a URI, which is `secure` if sips.

        Fails with Unlocatable if that cannot be found out in time. Cancelling ends the waiting, not the questions.
        """
        return Deferred.fromCoroutine(self._located(host, port, transport, secure=secure))

    def addresses(self, host: str) -> Deferred[list[str]]:
        """Give all that DNS has for a host name, both families by turns, good or bad: for what is no SIP.

        None if it is no name. Fails with Unlocatable if that cannot be found out in time.
        """
        return Deferred.fromCoroutine(self._addresses(host))

    async def _addresses(self, host: str) -> list[str]:
        name = host_name(host)
        return [] if name is None else await _Search(self._dns, self._clock, self._options, name).named(name)

    async def _located(self, host: str, port: int | None, transport: str | None, *, secure: bool) -> Located:
        now = self._clock.seconds()
        transports = self._usable(transport, secure=secure)
        address = numeric(host)
        name = host_name(host)
        if not transports:
            return Located((), now + MOST_TTL, f"no transport for it: {shown(transport or 'none named')}")
        if port is not None and not 0 < port < 65_536:
            return Located((), now + MOST_TTL, f"there is no port {port}")
        if address is not None:
            place = Place(transports[0], (address, port or _PORTS[transports[0]]))
            return Located((place,), now + MOST_TTL)
        if name is None:
            return Located((), now + MOST_TTL, f"nothing can be sent to {shown(host)!r}")
        search = _Search(self._dns, self._clock, self._options, name)
        if port is not None:
            await search.by_address(transports[0], port)
        else:
            welcome = transports if secure else self._transports
            pointed = [] if transport is not None else await search.pointed(welcome)
            await search.by_service(pointed or [(each, f"{_LABELS[each]}.{name}") for each in transports])
        return search.located()

    def _usable(self, transport: str | None, *, secure: bool) -> list[Transport]:
        """Give the transports that come into question without NAPTR, the usual one first; none if there is none."""
        if transport is not None:
            named = (_SECURE if secure else _WRITTEN).get(transport.lower())
            return [named] if named is not None and named in self._transports else []
        usual: list[Transport] = ["TLS"] if secure else ["UDP", "TCP"]
        return [each for each in usual if each in self._transports]


class _Search:
    """One host being located. What some questions bring is used, even if others end in an outage."""

    def __init__(self, dns: Dns, clock: IReactorTime, options: DnsOptions, name: str) -> None:
        self._dns = dns
        self._clock = clock
        self._families = [IPV4 if family == "ipv4" else IPV6 for family in options.families]
        self._name = name
        self._until = clock.seconds() + options.timeout
        self._grace = options.grace
        self._expires = inf
        self._places: list[Place] = []
        self._outage: BaseException | None = None
        self._stale = ""

    def located(self) -> Located:
        """Give what was found. Raises Unlocatable if that is nothing, and there may be something."""
        if self._places:
            places = sorted(self._places, key=lambda place: place.priority)[:MAX_PLACES]
            return Located(tuple(places), self._expires, outage=self._stale)
        if self._outage is not None:
            raise self._outage
        return Located((), self._expires, f"{shown(self._name)} leads to no address")

    async def pointed(self, welcome: Sequence[Transport]) -> list[tuple[Transport, str]]:
        """Give transports and SRV names from NAPTR, best first: of the first order that has any (RFC 3403 4.1)."""
        usable = [
            (pointer, _POINTED[pointer.service])
            for pointer in await self._ask(self._name, POINTERS)
            if _POINTED.get(pointer.service) in welcome
        ]
        return [(transport, pointer.name) for pointer, transport in usable if pointer.order == usable[0][0].order]

    async def by_service(self, asked: Sequence[tuple[Transport, str]]) -> None:
        """Find the servers that SRV records name; where there is no such record, the addresses of the host itself."""
        answers = await self._all([self._ask(name, SERVICES) for _, name in asked])
        if not any(answers):
            transport = asked[0][0]
            await self.by_address(transport, _PORTS[transport])
            return
        servers = [
            (transport, rank << 16 | service.priority, service)
            for rank, ((transport, _), services) in enumerate(zip(asked, answers, strict=True))
            for service in services
            if service.host and service.port
        ][:MAX_SERVERS]
        found = await self._all([self._addresses(each.host, each.addresses) for _, _, each in servers])
        self._places = [
            Place(transport, (address, service.port), priority, service.weight, self._name, service.host)
            for (transport, priority, service), addresses in zip(servers, found, strict=True)
            for address in addresses
        ]

    async def by_address(self, transport: Transport, port: int) -> None:
        """Find the addresses of the host itself."""
        addresses = await self._addresses(self._name)
        self._places = [Place(transport, (each, port), name=self._name, server=self._name) for each in addresses]

    async def named(self, host: str, came: Sequence[str] = ()) -> list[str]:
        """Give the addresses of `host`, both families by turns. What came with an SRV record is not asked for.

        One family waits for the other as long as for an older answer, so that an address once known is not lost.
        """
        asked = [self._family(kind, host, came) for kind in self._families]
        return in_turns([address for of_family in await self._all(asked, self._grace) for address in of_family])

    async def _addresses(self, host: str, came: Sequence[str] = ()) -> Sequence[str]:
        """Give those that somebody may be sent to."""
        return [address for each in await self.named(host, came) if (address := numeric(each)) is not None]

    async def _family(self, kind: Kind[str], host: str, came: Sequence[str]) -> Sequence[str]:
        known = [address for address in came if (":" in address) == (kind is IPV6)]
        return known or await self._ask(host, kind)

    async def _ask(self, name: str, kind: Kind[_T]) -> Sequence[_T]:
        """Give the records of a name. One that is too long for DNS has none."""
        if host_name(name) is None:
            return ()
        answer = await self._dns.ask(name, kind, max(self._until - self._clock.seconds(), 0.0))
        self._expires = min(self._expires, answer.expires)
        self._stale = self._stale or answer.outage
        return answer.records

    def _all(
        self, asked: Sequence[Coroutine[Any, Any, Sequence[_T]]], grace: float | None = None
    ) -> Deferred[list[Sequence[_T]]]:
        """Wait for all, or for `grace` seconds after the first that brings something. Nothing stands for an outage.

        Fails with Unlocatable if there was an outage, and none brings anything.
        """
        found: list[Sequence[_T]] = [()] * len(asked)
        waiting = len(asked)
        done: Deferred[list[Sequence[_T]]] = Deferred()
        started = False

        def note(result: Sequence[_T] | Failure, number: int) -> None:
            nonlocal waiting
            waiting -= 1
            if isinstance(result, Failure):
                result.trap(Unlocatable)  # type: ignore[no-untyped-call]
                self._outage = self._outage or result.value
                self._expire_soon()
            else:
                found[number] = result
            if started:
                go_on()

        def go_on() -> None:
            if not waiting:
                finish()
            elif grace is not None and any(found):
                self._clock.callLater(grace, finish)

        def finish() -> None:
            if done.called:
                return
            if waiting:
                self._expire_soon()
            if self._outage is not None and not any(found):
                done.errback(self._outage)
            else:
                done.callback(found.copy())

        for number, coroutine in enumerate(asked):
            Deferred.fromCoroutine(coroutine).addBoth(note, number).addErrback(done.errback)
        started = True
        go_on()
        return done

    def _expire_soon(self) -> None:
        self._expires = min(self._expires, self._clock.seconds() + RETRY)
