"""The guard as one thing: what outlives a configuration, and what is made of each."""

import secrets
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool

from sip_guard import secret
from sip_guard.admin.pages import pages
from sip_guard.checking import Checks, checks_of
from sip_guard.checks.emergency import urgent
from sip_guard.config import Config
from sip_guard.dashboard.pages import Dashboard
from sip_guard.dashboard.source import Source
from sip_guard.hep.mirror import Mirror
from sip_guard.journal.journal import Journal
from sip_guard.journal.latest import Latest
from sip_guard.lists.child import compile_list
from sip_guard.lists.compile import Report
from sip_guard.lists.keeper import FOLDER as LISTS
from sip_guard.lists.keeper import Keeper, ListSource
from sip_guard.log import Logger
from sip_guard.peer import Peers, Target, Transport, Trunk
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rules import Rules
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.overload import Overload
from sip_guard.record import Masking
from sip_guard.runtime import Edition, Runtime
from sip_guard.screen import Screening
from sip_guard.service.administering import Administering
from sip_guard.service.draining import Draining
from sip_guard.service.listening import Bound, Hearing, Listening
from sip_guard.service.reloading import Reloading
from sip_guard.service.trusting import Trusting
from sip_guard.signing import Authenticator
from sip_guard.sip.flow import Address, End, Flow, numeric
from sip_guard.sip.hygiene import FORGEABLE
from sip_guard.status.parts import Parts
from sip_guard.status.readiness import readiness
from sip_guard.status.registry import registry
from sip_guard.supervisor import Supervisor
from sip_guard.transport.locate import Locator
from sip_guard.transport.locations import Locations
from sip_guard.transport.name_servers import NameServers, server_address, system_servers
from sip_guard.transport.tls import Sides, Tls, read

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

SWITCH = 0.0002
"""Seconds that a message waits for the interpreter while a configuration is read: with the usual 0.005, each message
would wait several times as long as all of its work takes, and a busy guard would shed calls."""
LOOK = 1.0
"""Seconds from one look at whether it may be closed to the next."""
FORMER = 4 * 3600.0
"""Seconds for which one that is closed, or is called by another name, is taken for ours in what peers send."""
MAX_FORMER = 64


class Service:
    """The guard as one thing to start, to change and to stop."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        log: Logger,
        again: Callable[[Config], Config] | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        """Listen on the configured addresses and be ready. Raises OSError where an address or a file cannot be had.

        `again` reads the configuration once more, for a guard that runs by the one that it gets, in a thread; it
        raises ConfigError. Without it, the configuration stays what it is, and what it names is read again.
        """
        self.config = config
        self._supervisor = supervisor or Supervisor({})
        self._again = again or (lambda running: running)
        self._reactor = reactor
        self._log = log
        self._key = secret.have(config.state_directory)
        if config.state_directory is None:
            log.warning("no_state_directory", reason="calls in progress will not outlive a restart")
        self._stoppers: list[Callable[[], object]] = []
        self._stopped = False
        self._former: dict[End, float] = {}
        self._leaving: dict[Bound, float] = {}
        """Addresses that are given up, and when at the soonest."""
        self._looking: IDelayedCall | None = None
        self._located: tuple[object, ...] = ()
        """By what targets are located that have a name for an address."""
        self._locating: list[Callable[[], None]] = []
        self._lists: Keeper | None = None
        self._journal: Journal | None = None
        self._mirror: Mirror | None = None
        self._checks = Checks((), ())
        self._trusting = Trusting(reactor, log, self._mistake)
        self._overload = Overload(config.limits.lag)
        self._peers = Peers(config.trunks, config.targets)
        self._listening = Listening(reactor, log, self._overload, self._hearing())
        self._loaded = time.time()
        """When the configuration in force was taken."""
        shown = pages(
            registry(self._parts, reactor.seconds, time.time), lambda: readiness(self._parts(), reactor.seconds())
        )
        dashboard = Dashboard(self._parts, lambda: self._source, self._in_thread, reactor, time.time)
        shown |= dashboard.pages()
        self._administering = Administering(shown, reactor, log, self._mistake)
        try:
            self._start(config)
        except OSError:
            self.stop()
            raise
        self._reloading = Reloading(self._reload, log, self._supervisor)
        self._began = reactor.seconds()
        reactor.callWhenRunning(self._watch)

    def _start(self, config: Config) -> None:
        reactor = self._reactor
        opened = self._listening.open(config)
        opened.take()
        self._trusting.start(config)
        self._stoppers.append(self._trusting.stop)
        if config.lists:
            self._lists = self._keeper(config.lists)
            for item in config.lists:
                if item.name not in self._lists.missing:
                    self._log.info("list_kept", list=item.name, reason="compiled before, and in force from the start")
            reactor.callWhenRunning(self._lists.start)
        self._proxy = Proxy(
            self._peers,
            self._own(),
            self._key,
            secrets.token_bytes,
            overload=self._overload,
            epoch=time.time() - reactor.seconds(),
            **self._ways(config),
        )
        if config.record is not None:
            self._journal = Journal(config.record, reactor, self._log, self._mistake)
        latest = Latest(self._journal)
        self._source = Source(None if config.record is None else config.record.place, latest)
        self._runtime = Runtime(
            self._proxy,
            self._edition(config, 1),
            reactor,
            self._log,
            wall=time.time,
            kept=latest,
            # Guards that share a record, and the guard of yesterday, have numbers of their own.
            first=secrets.randbits(62),
        )
        self._mirrored(config)
        self._connect()
        self.draining = Draining(self._proxy, reactor, self._log, self._supervisor)
        self._stoppers += [self._runtime.stop, self.draining.stop]
        self._runtime.start()
        if self._journal is not None:
            reactor.callWhenRunning(self._journal.start)
        self._locate(config)
        self._administering.open(config.admin, _admin_tls(config))()

    @property
    def generation(self) -> int:
        """Which configuration is in force: 1 at the start, and one more with each that took the place of another."""
        return self._runtime.edition.generation

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return float(self._reactor.seconds() - self._began)

    def _watch(self) -> None:
        """Be ready, and show again and again that nothing hangs."""
        self._supervisor.ready(f"generation {self.generation}")
        if self._supervisor.interval is not None:
            beating = LoopingCall(self._supervisor.beat)
            beating.clock = self._reactor
            beating.start(self._supervisor.interval)
            self._stoppers.append(beating.stop)

    def drain(self) -> None:
        """Take no new calls, and let those in progress end; `draining.done` fires then. The second time, at once."""
        self.draining.begin(self.config.drain.seconds)

    def reload(self) -> Deferred[int]:
        """Read the configuration and all that it names again, and go by it if all of it is good.

        Gives the new generation. Fails with `Refused`, and all is as it was.
        """
        return self._reloading.ask()

    async def _reload(self) -> int:
        config, sides, admin_tls = await self._in_thread(partial(self._read, self.config))
        if config.lists and self._lists is None:
            self._lists = self._keeper(())
        take_lists = None if self._lists is None else await self._lists.prepare(config.lists)
        take_trust = await self._trusting.prepare(config)
        if self._stopped:
            raise ValueError("the guard has been stopped meanwhile")
        if not config.dns.servers and (config.dns != self.config.dns or self._named(config)):
            system_servers()
        opened = self._listening.open(config, sides)
        try:
            take_admin = self._administering.open(config.admin, admin_tls)
        except OSError:
            opened.give_up()
            raise
        # Nothing from here on can fail or wait.
        now = self._reactor.seconds()
        take_trust()
        if take_lists is not None:
            take_lists()
        before = {name for bound in self._listening.bound for name in bound.names}
        for bound in opened.take():
            self._leave(bound, now)
        self._remember(before, now)
        self._leaving = {bound: self._leaving[bound] for bound in self._listening.leaving}
        self._proxy.leaving.ends = {
            end: until for bound, until in self._leaving.items() for end in self._listening.given_up(bound)
        }
        edition = self._edition(config, self.generation + 1)
        self._connect()
        self._proxy.change(config.trunks, config.targets, self._own(), now, former=self._former, **self._ways(config))
        self._runtime.changed(edition)
        self._mirrored(config)
        self.config = config
        self._loaded = time.time()
        self._locate(config)
        take_admin()
        return edition.generation

    def _read(self, running: Config) -> tuple[Config, Sides | None, Tls | None]:
        """Read what is to be read from files: for a thread, beside which calls go on."""
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        try:
            config = self._again(running)
            return config, None if config.tls is None else read(config.tls), _admin_tls(config)
        finally:
            sys.setswitchinterval(usual)

    # What a configuration makes.

    def _ways(self, config: Config) -> dict[str, Any]:
        """Give what the proxy goes by."""
        return {
            "routes": config.routes,
            "max_transactions": config.limits.transactions,
            "private": FORGEABLE | TagOptions().names | config.tags.names,
            "urgent": lambda request, trunk: urgent(request, trunk, config.emergency),
            "sign": self._authenticator(config).sign,
        }

    def _edition(self, config: Config, generation: int) -> Edition:
        """Make what decides about calls. It goes on with what the checks before it remember."""
        lists = self._lists if config.lists else None
        trusting = self._trusting
        checks = checks_of(config, self._reactor, trusting.trusts, lambda: trusting.certificates(config).get, lists)
        checks.resume(self._checks)
        self._checks = checks
        screening = Screening(
            tuple(checks),
            Rules(config.rules, self._key),
            self._reactor,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=self._mistake,
        )
        return Edition(screening, Masking(config.log.numbers, self._key), generation)

    def _authenticator(self, config: Config) -> Authenticator:
        for name, signing in config.signing.items():
            until = datetime.fromtimestamp(signing.credential.not_after, UTC)
            self._log.info("signing", trunk=name, url=signing.credential.url, not_after=until.isoformat())
        return Authenticator(config.signing, wall=time.time, unsigned=self._unsigned, mistake=self._mistake)

    # What outlives it.

    def _keeper(self, sources: Sequence[ListSource]) -> Keeper:
        """Look after lists of protected numbers. Raises OSError where they cannot be kept."""
        state = self.config.state_directory
        if state is None:
            temporary = TemporaryDirectory(prefix="sip_guard-lists-")
            self._stoppers.append(temporary.cleanup)
            folder = Path(temporary.name)
        else:
            folder = state / LISTS
            folder.mkdir(mode=0o700, exist_ok=True)
        lists = Keeper(sources, folder, partial(compile_list, reactor=self._reactor), self._reactor, self._listed)
        self._stoppers.append(lists.stop)
        return lists

    def _listed(self, name: str, report: Report) -> None:
        if report.faults:
            for fault in report.faults:
                self._log.error("list_refused", list=name, reason=fault)
        elif not report.unchanged:
            self._log.info(
                "list_loaded", list=name, numbers=report.numbers, prefixes=report.prefixes, sha256=report.digest
            )

    def _locate(self, config: Config) -> None:
        """Keep the targets located that have a name for an address. Calls never wait for it."""
        named = self._named(config)
        spoken = {item.transport for item in config.listen}
        if (config.dns, named, spoken) == self._located:
            return
        self._located = config.dns, named, spoken
        self._stop_locating()
        if not named:
            return
        names = NameServers(self._reactor, map(server_address, config.dns.servers), config.dns.timeout)
        locations = Locations(
            Locator(names, self._reactor, config.dns, [each for each in get_args(Transport) if each in spoken]),
            self._reactor,
            named,
            told=self._runtime.located,
            lost=self._lost,
            mistake=self._mistake,
        )
        self._locating = [locations.stop, names.close]
        locations.start()

    @staticmethod
    def _named(config: Config) -> list[Target]:
        """Give the targets that have a name for an address."""
        return [target for target in config.targets if numeric(target.host) is None]

    def _stop_locating(self) -> None:
        while self._locating:
            self._locating.pop(0)()

    def _lost(self, target: Target, reason: str) -> None:
        self._log.warning("target_lost", target=target.name, host=target.host, reason=reason)

    def _mirrored(self, config: Config) -> None:
        """Mirror to the collector of a configuration from now on. The one before gets what waits for it."""
        before = self._mirror
        if (None if before is None else before.options) == config.hep:
            return
        if before is not None:
            before.stop()
        self._mirror = None
        if config.hep is not None:
            self._mirror = Mirror(config.hep, self._reactor, self._log, self._mistake)
            self._mirror.start()
        self._runtime.mirror = self._mirror

    # Addresses.

    def _own(self) -> list[End]:
        """Give what our addresses are called, and where their sockets are."""
        bound = self._listening.bound
        return [*(each.end for each in bound), *(each.socket for each in bound)]

    def _connect(self) -> None:
        """Let what goes out from our addresses go out: by a name that several had, from the one that has it now."""
        bound, leaving = self._listening.bound, self._listening.leaving
        former = {end: each.carry for each in (*bound, *leaving) for end in each.names}
        self._runtime.connect(former | {each.end: each.carry for each in bound})

    def _remember(self, names: Iterable[End], now: float) -> None:
        """Take note of what our addresses were called: calls in progress name them still."""
        self._former = {end: until for end, until in self._former.items() if until > now}
        self._former |= dict.fromkeys(names, now + FORMER)
        while len(self._former) > MAX_FORMER:
            del self._former[min(self._former, key=self._former.__getitem__)]

    def _leave(self, bound: Bound, now: float) -> None:
        """Give an address up, once nothing goes by it any more."""
        self._leaving.setdefault(bound, now + self.config.drain.seconds)
        if self._looking is None:
            self._looking = self._reactor.callLater(LOOK, self._look)

    def _look(self) -> None:
        now = self._reactor.seconds()
        for bound in [*self._listening.leaving]:
            if self._leaving[bound] <= now and not self._proxy.uses(self._listening.given_up(bound)):
                self._listening.close(bound)
                del self._leaving[bound]
                self._connect()
                transport, address = bound.socket
                self._log.info("not_listening", transport=transport, address=address[0], port=address[1])
        self._looking = self._reactor.callLater(LOOK, self._look) if self._leaving else None

    def stop(self) -> Deferred[None]:
        """Stop listening. Fires when all is closed, and the record is written."""
        self._stopped = True
        self._stop_locating()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        while self._stoppers:
            self._stoppers.pop()()
        closed = [self._listening.stop(), self._administering.stop()]
        journal, self._journal = self._journal, None
        if journal is not None:
            closed.append(journal.stop())
        mirror, self._mirror = self._mirror, None
        if mirror is not None:
            closed.append(mirror.stop())
        return gatherResults(closed).addCallback(lambda _: None)

    # What comes in, and what there is to tell.

    def _hearing(self) -> Hearing:
        return Hearing(
            received=self._received,
            broken=self._broken,
            failed=self._failed,
            admits=lambda address: self._peers.at(address) is not None,
            secured=self._peers.prove,
            closed=self._closed,
            turned_away=self._turned_away,
            server_name=self._server_name,
        )

    def _received(self, data: bytes, flow: Flow) -> None:
        self._runtime.received(data, flow)

    def _broken(self, head: bytes, reason: str, flow: Flow) -> None:
        self._runtime.broken(head, reason, flow)

    def _failed(self, flow: Flow, reason: str) -> None:
        self._runtime.failed(flow, reason)

    def _turned_away(self, flow: Flow, reason: str) -> None:
        self._runtime.turned_away(flow, reason)

    def _server_name(self, address: Address) -> str | None:
        return self._runtime.server_name(address)

    def _closed(self, flow: Flow) -> None:
        self._peers.prove(flow, frozenset())

    def _unsigned(self, trunk: Trunk, reason: str) -> None:
        self._runtime.unsigned(trunk, reason)

    def _mistake(self, where: str, error: BaseException | None) -> None:
        self._runtime.mistake(where, error)

    def _parts(self) -> Parts:
        """Give what there is to tell of, for the admin listener."""
        return Parts(
            config=self.config,
            generation=self.generation,
            loaded=self._loaded,
            reload_taken=self._reloading.taken,
            draining=self.draining.is_under_way,
            runtime=self._runtime,
            proxy=self._proxy,
            trusts=self._trusting.trusts,
            certificates=self._trusting.kept,
            fetches=self._trusting.fetches,
            lists=self._lists,
            journal=self._journal,
            lost=self._listening.lost,
            streams=self._listening.streams,
            tls=self._listening.tls,
        )

    def _in_thread(self, what: Callable[[], Any]) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), what)


def _admin_tls(config: Config) -> Tls | None:
    """Read the certificate of the admin listener. Raises ValueError."""
    return None if config.admin is None or config.admin.tls is None else Tls(config.admin.tls)


def steady(reactor: Any) -> None:
    """Let the reactor's timers run by a clock that nobody sets: by its own, an hour back would delay all by one."""
    reactor.seconds = time.monotonic
