"""The addresses that we listen at: opened before others are given up, and given up once nothing goes by them."""

import errno
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorFDSet

from sip_guard.config import Config, Listen
from sip_guard.log import Logger
from sip_guard.proxy.overload import Overload
from sip_guard.runtime import Carry
from sip_guard.sip.flow import Address, End, Flow, written
from sip_guard.transport.stream import StreamPort, StreamTransport
from sip_guard.transport.tls import Sides, Tls
from sip_guard.transport.udp import RECEIVE_BUFFER, UdpPort


class Hearing(NamedTuple):
    """Who is told what comes in, each as `StreamTransport` has it."""

    received: Callable[[bytes, Flow], None]
    broken: Callable[[bytes, str, Flow], None]
    failed: Callable[[Flow, str], None]
    admits: Callable[[Address], bool]
    secured: Callable[[Flow, frozenset[str]], bool]
    closed: Callable[[Flow], None]
    turned_away: Callable[[Flow, str], None]
    server_name: Callable[[Address], str | None]


class Bound:
    """One address that we listen at."""

    def __init__(self, item: Listen, port: UdpPort | StreamPort, carry: Carry, close: Callable[[], None]) -> None:
        self.item = item
        self.carry = carry
        self.close = close
        self._port = port
        self.names = {self.end}
        """All ends of ours that it was called, for what is in progress."""

    @property
    def end(self) -> End:
        """What it is called: in Via and Record-Route, and in flows."""
        return End(self.item.transport, self._port.local)

    @property
    def socket(self) -> End:
        """Where its socket is."""
        return End(self.item.transport, self._port.address)

    @property
    def lost(self) -> int:
        """Datagrams that could not be sent."""
        return self._port.lost if isinstance(self._port, UdpPort) else 0

    def advertise(self, item: Listen, streams: dict[str, StreamTransport]) -> None:
        """Be called as another entry of the configuration says."""
        if item != self.item:
            self.item = item
            if isinstance(self._port, UdpPort):
                self._port.advertise(item.advertised)
            else:
                streams[item.transport].advertise(self._port, item.advertised)
            self.names.add(self.end)

    def lag(self, seconds: float) -> None:
        """Let what comes wait for so long before calls are shed."""
        if isinstance(self._port, UdpPort):
            self._port.full = 2 * seconds


class Opened(NamedTuple):
    """Addresses that are ready to be used: `take` puts them in force, `give_up` closes those that are new."""

    take: Callable[[], list[Bound]]
    """Gives those that are not listened at any more; they are open still."""
    give_up: Callable[[], None]


class Listening:
    """All our addresses."""

    def __init__(self, reactor: Any, log: Logger, overload: Overload, hearing: Hearing) -> None:
        self.bound: list[Bound] = []
        """Those in force."""
        self.leaving: list[Bound] = []
        """Those that take no new calls any more."""
        self.tls: Tls | None = None
        self._reactor = reactor
        self._log = log
        self._overload = overload
        self._hearing = hearing
        self._lost = 0
        """At addresses that are closed."""
        self.streams: dict[str, StreamTransport] = {}
        """By the transport."""

    @property
    def lost(self) -> int:
        """Datagrams that could not be sent."""
        return self._lost + sum(bound.lost for bound in (*self.bound, *self.leaving))

    def open(self, config: Config, sides: Sides | None = None) -> Opened:
        """Open what a configuration has and we have not. Raises OSError, and has opened nothing then.

        `sides` is what was read from the files of its `tls` anew, beside the calls; None: they are read when needed.
        """
        tls = self.tls
        if config.tls is not None and tls is None:
            tls = Tls(config.tls, self._hearing.server_name)
        streams = self.streams | {
            item.transport: self._stream(item.transport, config, tls)
            for item in config.listen
            if item.transport != "UDP" and item.transport not in self.streams
        }
        left = [*self.bound, *self.leaving]
        chosen: list[tuple[Bound, Listen]] = []
        opened: list[Bound] = []

        def give_up() -> None:
            for each in opened:
                each.close()

        try:
            for item in config.listen:
                bound = next((each for each in left if _same(each.item, item)), None)
                if bound is None:
                    bound = self._bind(item, streams, config.limits.lag)
                    opened.append(bound)
                else:
                    left.remove(bound)
                chosen.append((bound, item))
        except OSError:
            give_up()
            raise

        def take() -> list[Bound]:
            self._certify(tls, config, sides)
            self.streams = streams
            for transport, stream in streams.items():
                stream.change(config.connections, self._secured(transport, config))
            self._overload.aim(config.limits.lag)
            for bound, item in chosen:
                bound.advertise(item, streams)
                bound.lag(config.limits.lag)
            self.bound = [bound for bound, _ in chosen]
            self.leaving = left
            for bound in opened:
                transport, address = bound.socket
                self._log.info("listening", transport=transport, address=address[0], port=address[1])
            return left

        return Opened(take, give_up)

    def _certify(self, tls: Tls | None, config: Config, sides: Sides | None) -> None:
        """Show the certificate of a configuration from now on, and tell until when it is valid, if that is news."""
        before = None if self.tls is None else self.tls.not_after
        self.tls = tls
        if tls is None or config.tls is None:
            return
        if sides is not None:
            tls.take(config.tls, sides)
        if tls.not_after != before:
            expired = tls.not_after.timestamp() < time.time()
            say = self._log.error if expired else self._log.info
            until = tls.not_after.isoformat()
            say("certificate", file=config.tls.certificate, not_after=until, expired=expired)

    def given_up(self, bound: Bound) -> set[End]:
        """Give what an address that is leaving was called, but for what another one is called now."""
        return bound.names - {each.end for each in self.bound}

    def close(self, bound: Bound) -> None:
        """Close an address that is leaving, and the connections that go by its names: their peers open others."""
        self.leaving.remove(bound)
        self._lost += bound.lost
        bound.close()
        for transport, local in self.given_up(bound):
            if transport in self.streams:
                self.streams[transport].finish(local)

    def stop(self) -> Deferred[None]:
        """Close all. Fires when that is done."""
        for bound in [*self.bound, *self.leaving]:
            bound.close()
        self.bound, self.leaving = [], []
        closing = gatherResults([stream.close() for stream in self.streams.values()])
        return closing.addCallback(lambda _: None)

    def _bind(self, item: Listen, streams: dict[str, StreamTransport], lag: float) -> Bound:
        try:
            if item.transport == "UDP":
                return self._bind_udp(item, lag)
            stream = streams[item.transport]
            port = stream.listen(item.address, item.advertised)
        except OSError as error:
            where = f"cannot listen on {item.transport} {written(item.address)}: {error.strerror}"
            why = "see `listen`"
            if error.errno == errno.EADDRINUSE:
                ours = any(each.socket.address[1] == item.address[1] for each in (*self.bound, *self.leaving))
                why = "this guard has it under another entry; restart it" if ours else "is another guard running?"
            raise OSError(error.errno, f"{where}; {why}") from None
        return Bound(item, port, stream.send, partial(stream.unlisten, port))

    def _bind_udp(self, item: Listen, lag: float) -> Bound:
        queue = self._overload.queue()
        try:
            udp = UdpPort(
                IReactorFDSet(self._reactor),
                item.address,
                item.advertised,
                self._hearing.received,
                delayed=lambda seconds: queue.delayed(seconds, self._reactor.seconds()),
                full=2 * lag,
            )
        except OSError:
            self._overload.forget(queue)
            raise
        if udp.room < RECEIVE_BUFFER:
            what = f"the system grants {udp.room} octets for bursts of datagrams; raise net.core.rmem_max"
            self._log.warning("small_buffer", address=written(udp.address), reason=what)

        def close() -> None:
            udp.close()
            self._overload.forget(queue)

        return Bound(item, udp, partial(self._send, udp), close)

    def _send(self, udp: UdpPort, octets: bytes, flow: Flow, back: Address | None) -> None:
        """Send a datagram. That a request cannot be sent at all is told once it is known that it was to be sent."""
        reason = udp.send(octets, flow.remote)
        if reason and back is None:
            self._reactor.callLater(0, self._hearing.failed, flow, reason)

    def _stream(self, transport: Any, config: Config, tls: Tls | None) -> StreamTransport:
        return StreamTransport(
            self._reactor,
            transport,
            received=self._hearing.received,
            broken=self._hearing.broken,
            failed=self._hearing.failed,
            limits=config.connections,
            tls=tls if transport == "TLS" else None,
            admits=self._hearing.admits,
            secured=self._secured(transport, config),
            closed=self._hearing.closed,
            turned_away=self._hearing.turned_away,
        )

    def _secured(self, transport: str, config: Config) -> Callable[[Flow, frozenset[str]], bool] | None:
        certified = any(trunk.certificates for trunk in config.trunks)
        return self._hearing.secured if certified and transport == "TLS" else None


def _same(one: Listen, other: Listen) -> bool:
    return (one.transport, one.address) == (other.transport, other.address)
