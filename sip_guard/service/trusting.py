"""Whom we trust: the groups, the lists that they go by, and the certificates that were fetched and judged by them."""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from sip_guard.call import Finding
from sip_guard.config import Config
from sip_guard.config.trust import Group
from sip_guard.log import Logger
from sip_guard.repository.answer import Fetch
from sip_guard.repository.breaker import Breakers
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.disk import FOLDER as CERTIFICATES
from sip_guard.repository.disk import Disk
from sip_guard.repository.fetches import Fetches
from sip_guard.repository.https import Fetcher
from sip_guard.repository.options import Options
from sip_guard.repository.published import FOLDER as SIGNED_LISTS
from sip_guard.repository.published import Means, Published, fetch
from sip_guard.repository.reach import Public
from sip_guard.repository.revocation_lists import Signed
from sip_guard.screen import Mistake
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.trust import Judgement, Trust, Trusts
from sip_guard.transport.addresses import Addresses
from sip_guard.transport.locate import Locator
from sip_guard.transport.name_servers import NameServers, server_address

if TYPE_CHECKING:
    from sip_guard.transport.dns import DnsOptions


class _Trusted(NamedTuple):
    """A group at work."""

    group: Group
    trust: Trust
    lists: list[Published[Any]]


class _Hosts:
    """Looks the hosts of repositories up. Whatever their owners do, targets are looked up apart."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._options: DnsOptions | None = None
        self._names: NameServers | None = None
        self._addresses: Addresses | None = None

    def ask(self, config: Config) -> None:
        """Ask whom a configuration says, from now on."""
        options = msgspec.structs.replace(config.dns, timeout=min(config.dns.timeout, config.repository.timeout))
        if options != self._options:
            self.close()
            self._options = options
            self._names = NameServers(self._reactor, map(server_address, options.servers), options.timeout)
            self._addresses = Addresses(Locator(self._names, self._reactor, options))

    def look_up(self, host: str) -> Deferred[list[str]]:
        """Give the addresses of a host: a `repository.endpoint.LookUp`."""
        assert self._addresses is not None  # noqa: S101 - asked for before
        return self._addresses.look_up(host)

    def close(self) -> None:
        """Read the file of the system's name servers no more."""
        if self._names is not None:
            self._names.close()


class Trusting:
    """Keeps groups and certificates over configurations, as far as those are the same."""

    def __init__(self, reactor: Any, log: Logger, mistake: Mistake) -> None:
        self._reactor = reactor
        self._log = log
        self._mistake = mistake
        self._groups: dict[str, _Trusted] = {}
        self._list_hosts = _Hosts(reactor)
        self._certificate_hosts = _Hosts(reactor)
        self._certificates: Certificates[Judgement] | None = None
        self.fetches = Fetches(reactor)
        """Of certificates."""
        self._options = Options()
        """Of the certificates."""
        self.trusts = Trusts(())
        """Those in force."""

    async def prepare(self, config: Config) -> Callable[[], None]:
        """Read what is on this machine for a configuration, and give what puts it in force, at once.

        Raises OSError or ValueError if a list is not good; all stays as it is then.
        """
        groups = self._made(config)
        takes = [await each.read_again() for made in groups for each in made.lists]
        return partial(self._take, config, groups, takes)

    def start(self, config: Config) -> None:
        """Go by the first configuration. A list that is not good is told, and looked at again."""
        self._take(config, self._made(config), [])

    def certificates(self, config: Config) -> Certificates[Judgement]:
        """Give what knows the certificates of signers, from now on by these options."""
        options = config.repository
        if self._certificates is None:
            self._certificates = self._made_certificates(config)
        elif self._options != options:
            self._certificates.change(self._fetch(options), options)
        self._options = options
        self._certificate_hosts.ask(config)
        return self._certificates

    @property
    def kept(self) -> Certificates[Judgement] | None:
        """The certificates of signers; None: no trunk has verified yet."""
        return self._certificates

    def stop(self) -> None:
        """Fetch nothing any more."""
        for made in self._groups.values():
            for each in made.lists:
                each.stop()
        for hosts in (self._list_hosts, self._certificate_hosts):
            hosts.close()

    def _made(self, config: Config) -> list[_Trusted]:
        """Make the groups of a configuration. One that is as it was is the same."""
        return [self._made_group(group, self._groups.get(group.name), config) for group in config.trust]

    def _made_group(self, group: Group, former: _Trusted | None, config: Config) -> _Trusted:
        if former is not None and former.group == group:
            return former
        trust = group.trust()
        lists = group.lists(trust, self._means(config)) if group.signed else []
        before = {} if former is None else dict(zip(map(_known_by, former.group.signed), former.lists, strict=True))
        for signed, each in zip(group.signed, lists, strict=True):
            known = before.get(_known_by(signed))
            if known is not None:
                each.resume(known)
        return _Trusted(group, trust, lists)

    def _take(self, config: Config, groups: list[_Trusted], takes: list[Callable[[], None]]) -> None:
        if any(made.lists for made in groups):
            self._list_hosts.ask(config)
        before, self._groups = self._groups, {made.group.name: made for made in groups}
        if [*before.values()] != groups:
            self.trusts = Trusts([made.trust for made in groups], after=self.trusts.generation)
        for take in takes:
            take()
        for name, made in before.items():
            if self._groups.get(name) is not made:
                for each in made.lists:
                    each.stop()
        for made in groups:
            if before.get(made.group.name) is not made:
                for each in made.lists:
                    each.start()

    def _means(self, config: Config) -> Means:
        return Means(
            fetch(self._reactor, self._list_hosts.look_up),
            self._reactor,
            time.time,
            random.random,
            self._in_thread,
            self._log,
            self._mistake,
            config.state_directory and config.state_directory / SIGNED_LISTS,
        )

    def _made_certificates(self, config: Config) -> Certificates[Judgement]:
        options, folder = config.repository, config.state_directory
        disk = None
        if folder is not None:
            disk = Disk(
                folder / CERTIFICATES,
                self._in_thread,
                self._log.warning,
                max_octets=options.max_octets,
                mistake=self._mistake,
            )
        certificates = Certificates(
            self._fetch(options),
            options,
            self._judge,
            self._reactor,
            random.random,
            generation=lambda: self.trusts.generation,
            mistake=self._mistake,
            disk=disk,
        )
        if disk is not None:
            reach = _reach(options)
            disk.load(
                options.cache_entries,
                wanted=lambda kept: reach.fault(kept.url) is None and certificates.offer(kept, time.time()),
                loaded=lambda count: self._log.info("certificates_loaded", count=count),
            )
        return certificates

    def _judge(self, pem: bytes, when: float) -> Judgement | Finding:
        return self.trusts.judge(pem, when)

    def _fetch(self, options: Options) -> Fetch:
        fetcher = Fetcher(
            self._reactor,
            _reach(options),
            look_up=self._certificate_hosts.look_up,
            timeout=options.timeout,
            max_octets=options.max_octets,
        )
        return Breakers(
            self.fetches.counted(fetcher.get),
            self._reactor,
            random.random,
            self._log.warning,
            down_after=options.down_after,
            retry_after=options.retry_after,
        ).get

    def _in_thread(self, what: Callable[[], Any]) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), what)


def _reach(options: Options) -> Public:
    return Public(options.laboratories, options.repositories)


def _known_by(signed: Signed) -> tuple[str, Pinned]:
    """Give what makes a list the same over configurations."""
    return signed.source.place, signed.pinned
