"""Builds the whole from a configuration and a reactor."""

import errno
import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.threads import deferToThreadPool

from sip_guard import secret
from sip_guard.checking import checks_of
from sip_guard.checks.emergency import urgent
from sip_guard.config import Config, Listen
from sip_guard.journal.journal import Journal
from sip_guard.lists.child import compile_list
from sip_guard.lists.compile import Report
from sip_guard.lists.keeper import FOLDER as LISTS
from sip_guard.lists.keeper import Keeper
from sip_guard.log import Logger
from sip_guard.peer import Peers, Target, Transport, Trunk
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rules import Rules
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.overload import Overload
from sip_guard.record import Masking
from sip_guard.repository.breaker import Breakers
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.disk import FOLDER as CERTIFICATES
from sip_guard.repository.disk import Disk
from sip_guard.repository.endpoint import LookUp
from sip_guard.repository.https import Fetcher
from sip_guard.repository.published import FOLDER as SIGNED_LISTS
from sip_guard.repository.published import Means, fetch
from sip_guard.repository.reach import Public
from sip_guard.runtime import Carry, Runtime
from sip_guard.screen import Screening
from sip_guard.signing import Authenticator
from sip_guard.sip.flow import Address, End, Flow, numeric, written
from sip_guard.sip.hygiene import FORGEABLE
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.transport.addresses import Addresses
from sip_guard.transport.locate import Locator
from sip_guard.transport.locations import Locations
from sip_guard.transport.name_servers import NameServers, server_address
from sip_guard.transport.stream import StreamPort, StreamTransport
from sip_guard.transport.tls import Tls
from sip_guard.transport.udp import RECEIVE_BUFFER, UdpPort

_Stop = Callable[[], None]


class Service:
    """The guard as one thing to start and stop."""

    def __init__(self, config: Config, reactor: Any, log: Logger) -> None:
        """Listen on the configured addresses and be ready. Raises OSError where an address or a file cannot be had."""
        self._log = log
        self._peers = Peers(config.trunks, config.targets)
        key = secret.have(config.state_directory)
        if config.state_directory is None:
            log.warning("no_state_directory", reason="calls in progress will not outlive a restart")
        trusts = Trusts(group.trust() for group in config.trust)
        self._tls: Tls | None = None
        self._stoppers: list[_Stop] = []
        self._journal: Journal | None = None
        self._lists = self._keep(config, reactor) if config.lists else None
        checks = checks_of(
            config, reactor, trusts, lambda: self._certificates(config, reactor, trusts).get, self._lists
        )
        overload = Overload(config.limits.lag)
        self._streams = self._stream_transports(config, reactor)
        ends: dict[End, Carry] = {}
        bound: list[End] = []
        try:
            for item in config.listen:
                port, carry = self._listen(item, reactor, overload, config.limits.lag)
                ends[End(item.transport, port.local)] = carry
                bound.append(End(item.transport, port.address))
        except OSError:
            self.stop()
            raise
        proxy = Proxy(
            self._peers,
            [*ends, *bound],
            key,
            secrets.token_bytes,
            routes=config.routes,
            max_transactions=config.limits.transactions,
            overload=overload,
            epoch=time.time() - reactor.seconds(),
            private=FORGEABLE | TagOptions().names | config.tags.names,
            urgent=lambda request, trunk: urgent(request, trunk, config.emergency),
            sign=self._authenticator(config).sign,
        )
        screening = Screening(
            tuple(checks),
            Rules(config.rules, key),
            reactor,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=self._mistake,
        )
        masking = Masking(config.log.numbers, key)
        self._journal = Journal(config.record, reactor, log, self._mistake) if config.record is not None else None
        keep = self._journal.add if self._journal is not None else None
        self._runtime = Runtime(proxy, screening, reactor, log, masking=masking, wall=time.time, keep=keep)
        for end, carry in ends.items():
            self._runtime.add_end(end, carry)
        self._stoppers.append(self._runtime.stop)
        self._runtime.start()
        if self._journal is not None:
            reactor.callWhenRunning(self._journal.start)
        self._locate(config, reactor)
        self._follow(config, reactor, trusts)
        for transport, address in bound:
            log.info("listening", transport=transport, address=address[0], port=address[1])

    def _keep(self, config: Config, reactor: Any) -> Keeper:
        """Have the lists of protected numbers ready, and look after them. Raises OSError where they cannot be kept."""
        if config.state_directory is None:
            temporary = TemporaryDirectory(prefix="sip_guard-lists-")
            self._stoppers.append(temporary.cleanup)
            folder = Path(temporary.name)
        else:
            folder = config.state_directory / LISTS
            folder.mkdir(mode=0o700, exist_ok=True)
        lists = Keeper(config.lists, folder, partial(compile_list, reactor=reactor), reactor, self._listed)
        self._stoppers.append(lists.stop)
        for item in config.lists:
            if item.name not in lists.missing:
                self._log.info("list_kept", list=item.name, reason="compiled before, and in force from the start")
        reactor.callWhenRunning(lists.start)
        return lists

    def _listed(self, name: str, report: Report) -> None:
        if report.faults:
            for fault in report.faults:
                self._log.error("list_refused", list=name, reason=fault)
        elif not report.unchanged:
            self._log.info(
                "list_loaded", list=name, numbers=report.numbers, prefixes=report.prefixes, sha256=report.digest
            )

    def stop(self) -> Deferred[None]:
        """Stop listening. Fires when all is closed, and the record is written."""
        while self._stoppers:
            self._stoppers.pop()()
        closed = [stream.close() for stream in self._streams.values()]
        journal, self._journal = self._journal, None
        if journal is not None:
            closed.append(journal.stop())
        closing = gatherResults(closed)
        return closing.addCallback(lambda _: None)

    def _locate(self, config: Config, reactor: Any) -> None:
        """Keep the targets located that have a name for an address. Calls never wait for it."""
        if all(numeric(target.host) for target in config.targets):
            return
        names = self._name_servers(config, reactor)
        spoken = {item.transport for item in config.listen}
        locations = Locations(
            Locator(names, reactor, config.dns, [each for each in get_args(Transport) if each in spoken]),
            reactor,
            config.targets,
            told=self._runtime.located,
            lost=self._lost,
            mistake=self._mistake,
        )
        self._stoppers.append(locations.stop)
        locations.start()

    def _name_servers(self, config: Config, reactor: Any) -> NameServers:
        names = NameServers(reactor, map(server_address, config.dns.servers), config.dns.timeout)
        self._stoppers.append(names.close)
        return names

    def _lost(self, target: Target, reason: str) -> None:
        self._log.warning("target_lost", target=target.name, host=target.host, reason=reason)

    def _listen(self, item: Listen, reactor: Any, overload: Overload, lag: float) -> tuple[UdpPort | StreamPort, Carry]:
        try:
            if item.transport == "UDP":
                queue = overload.queue()
                udp = UdpPort(
                    IReactorFDSet(reactor),
                    item.address,
                    item.advertised,
                    self._received,
                    delayed=lambda seconds: queue.delayed(seconds, reactor.seconds()),
                    full=2 * lag,
                )
                self._stoppers.append(udp.close)
                if udp.room < RECEIVE_BUFFER:
                    what = f"the system grants {udp.room} octets for bursts of datagrams; raise net.core.rmem_max"
                    self._log.warning("small_buffer", address=written(udp.address), reason=what)
                return udp, partial(self._send, udp, reactor)
            stream = self._streams[item.transport]
            port = stream.listen(item.address, item.advertised)
        except OSError as error:
            where = f"cannot listen on {item.transport} {written(item.address)}: {error.strerror}"
            why = "is another guard running?" if error.errno == errno.EADDRINUSE else "see `listen`"
            raise OSError(error.errno, f"{where}; {why}") from None
        return port, stream.send

    def _stream_transports(self, config: Config, reactor: Any) -> dict[str, StreamTransport]:
        tls = None
        if config.tls is not None:
            tls = self._tls = Tls(config.tls, self._server_name)
            expired = _is_over(tls)
            say = self._log.error if expired else self._log.info
            say("certificate", file=config.tls.certificate, not_after=tls.not_after.isoformat(), expired=expired)
        certified = any(trunk.certificates for trunk in config.trunks)
        wanted = {item.transport for item in config.listen}
        transports: tuple[Literal["TCP", "TLS"], ...] = ("TCP", "TLS")
        return {
            transport: StreamTransport(
                reactor,
                transport,
                received=self._received,
                broken=self._broken,
                failed=self._failed,
                limits=config.connections,
                tls=tls if transport == "TLS" else None,
                admits=lambda address: self._peers.at(address) is not None,
                secured=self._secured if certified and transport == "TLS" else None,
                closed=self._closed,
                turned_away=self._turned_away,
            )
            for transport in transports
            if transport in wanted
        }

    def reload(self) -> None:
        """Read our certificate again, for connections to come, and look at the lists. What is bad changes nothing."""
        if self._lists is not None:
            self._lists.reload()
        if self._tls is None:
            if self._lists is None:
                self._log.info(
                    "nothing_reloaded", reason="there are no `tls` and no `lists`; nothing else is read again"
                )
            return
        try:
            _refuse_expired(Tls(self._tls.files))
            self._tls.reload()
        except ValueError as error:
            self._log.error("certificate_not_reloaded", reason=str(error))
        else:
            what = "the configuration itself is read at the start only"
            self._log.info("certificate_reloaded", not_after=self._tls.not_after.isoformat(), reason=what)

    def _server_name(self, address: Address) -> str | None:
        return self._runtime.server_name(address)

    def _secured(self, flow: Flow, domains: frozenset[str]) -> bool:
        """Take note of whose certificate was shown; tell whether that makes it a peer of ours."""
        trunk = self._peers.certified(domains)
        if trunk is not None:
            self._peers.prove(flow, trunk)
        return trunk is not None

    def _turned_away(self, flow: Flow, reason: str) -> None:
        self._runtime.turned_away(flow, reason)

    def _closed(self, flow: Flow) -> None:
        self._peers.prove(flow, None)

    def _send(self, udp: UdpPort, reactor: Any, octets: bytes, flow: Flow, back: Address | None) -> None:
        """Send a datagram. That a request cannot be sent at all is told once it is known that it was to be sent."""
        reason = udp.send(octets, flow.remote)
        if reason and back is None:
            reactor.callLater(0, self._failed, flow, reason)

    def _received(self, data: bytes, flow: Flow) -> None:
        self._runtime.received(data, flow)

    def _broken(self, head: bytes, reason: str, flow: Flow) -> None:
        self._runtime.broken(head, reason, flow)

    def _failed(self, flow: Flow, reason: str) -> None:
        self._runtime.failed(flow, reason)

    def _authenticator(self, config: Config) -> Authenticator:
        for name, signing in config.signing.items():
            until = datetime.fromtimestamp(signing.credential.not_after, UTC)
            self._log.info("signing", trunk=name, url=signing.credential.url, not_after=until.isoformat())
        return Authenticator(config.signing, wall=time.time, unsigned=self._unsigned, mistake=self._mistake)

    def _unsigned(self, trunk: Trunk, reason: str) -> None:
        self._runtime.unsigned(trunk, reason)

    def _mistake(self, where: str, error: BaseException | None) -> None:
        self._runtime.mistake(where, error)

    def _follow(self, config: Config, reactor: Any, trusts: Trusts) -> None:
        """Keep the lists fresh that trust groups go by. What is on this machine is read at once."""
        if not any(group.trust_list or group.revocation for group in config.trust):
            return
        means = Means(
            fetch(reactor, self._look_up(config, reactor)),
            reactor,
            time.time,
            random.random,
            partial(deferToThreadPool, reactor, reactor.getThreadPool()),
            self._log,
            self._mistake,
            config.state_directory and config.state_directory / SIGNED_LISTS,
        )
        for group in config.trust:
            for each in group.lists(trusts.groups[group.name], means):
                self._stoppers.append(each.stop)
                each.start()

    def _certificates(self, config: Config, reactor: Any, trusts: Trusts) -> Certificates[Judgement]:
        options = config.repository
        reach = Public(options.laboratories, options.repositories)
        fetcher = Fetcher(
            reactor,
            reach,
            look_up=self._look_up(config, reactor),
            timeout=options.timeout,
            max_octets=options.max_octets,
        )
        breakers = Breakers(
            fetcher.get,
            reactor,
            random.random,
            self._log.warning,
            down_after=options.down_after,
            retry_after=options.retry_after,
        )
        disk = self._disk(config, reactor)
        certificates = Certificates(
            breakers.get,
            options,
            trusts.judge,
            reactor,
            random.random,
            generation=lambda: trusts.generation,
            mistake=self._mistake,
            disk=disk,
        )
        if disk is not None:
            disk.load(
                options.cache_entries,
                wanted=lambda kept: reach.fault(kept.url) is None and certificates.offer(kept, time.time()),
                loaded=lambda count: self._log.info("certificates_loaded", count=count),
            )
        return certificates

    def _look_up(self, config: Config, reactor: Any) -> LookUp:
        """Give what looks the hosts of repositories up. Whatever their owners do, targets are looked up apart."""
        dns = msgspec.structs.replace(config.dns, timeout=min(config.dns.timeout, config.repository.timeout))
        return Addresses(Locator(self._name_servers(config, reactor), reactor, dns)).look_up

    def _disk(self, config: Config, reactor: Any) -> Disk | None:
        if config.state_directory is None:
            return None
        return Disk(
            config.state_directory / CERTIFICATES,
            partial(deferToThreadPool, reactor, reactor.getThreadPool()),
            self._log.warning,
            max_octets=config.repository.max_octets,
            mistake=self._mistake,
        )


def steady(reactor: Any) -> None:
    """Let the reactor's timers run by a clock that nobody sets: by its own, an hour back would delay all by one."""
    reactor.seconds = time.monotonic


def _is_over(tls: Tls) -> bool:
    return tls.not_after.timestamp() < time.time()


def _refuse_expired(tls: Tls) -> None:
    if _is_over(tls):
        raise ValueError(f"{tls.files.certificate}: expired at {tls.not_after.isoformat()}")
