"""Who sends us calls and where calls go."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
from msgspec import Meta

from sip_guard.number import PLAIN, DialPlan
from sip_guard.sip.flow import Address, Flow, numeric

MAX_SEEN = 8192
"""Addresses whose peer is remembered, so that most datagrams cost one look-up. Strangers are not remembered."""

FORMER = 4 * 3600.0
"""Seconds that an address is a peer's after its name has ceased to lead there, or it has left the configuration."""
MAX_FORMER = 1024
MAX_CONFIGURATIONS = 8
"""Former configurations whose peers are known still."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Transport = Literal["UDP", "TCP", "TLS"]
"""In the spelling of a Via header."""

Origin = Literal["domestic", "international_gateway", "customer", "roaming_verified", "unknown"]
"""Where the calls of a trunk begin: at home; abroad; with a customer of ours; abroad, and whoever shows a mobile number
of home is known to be roaming."""


class Source(msgspec.Struct, frozen=True):
    """Where a trunk's requests come from: a network, and a port if only that one counts."""

    network: Network
    port: int | None = None


class Trunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A peer that sends us calls, told from others by the address it sends from or by its certificate."""

    side: ClassVar[bytes] = b"trunk"
    """What tells it from a target of the same name."""
    name: str
    sources: tuple[Source, ...] = ()
    """Networks or addresses, with a port where two peers share an address."""
    certificates: tuple[str, ...] = ()
    """SIP domains, in lower case, one of which its TLS client certificate names (RFC 5922); another way to tell it."""
    targets: tuple[str, ...]
    """Names of the targets that its calls go to, by their priority and weight."""
    identity: Literal["require", "prefer", "ignore"] = "prefer"
    """Whether a call has to be signed, may be, or whether Identity headers are not looked at."""
    trust_asserted: bool = True
    """Whether it is in our trust domain (RFC 3325): its P-Asserted-Identity says who calls, and it gets ours. False:
    the field is removed, from it and towards it, and From alone counts."""
    trust_diversion: bool = False
    """Whether its Diversion and History-Info say truly who diverted a call. False: they count for nothing."""
    trusted: bool = False
    """Whether this peer's own verstat and attestation headers are believed. False: they are removed."""
    attested_number: Literal["both", "asserted", "presented"] = "both"
    """Which number a token must attest, where P-Asserted-Identity and From show different ones."""
    called_number: Literal["target", "either"] = "target"
    """Whether a token has to be for the number that the call goes to (Request-URI), or one for To is as good."""
    psap_callback: Literal["pass", "screen"] = "pass"
    """What happens to a call marked as an emergency centre's call back (RFC 7090)."""
    trust: frozenset[str] = frozenset()
    """Names of the trust groups whose signers are believed here; empty: all."""
    methods: frozenset[str] = frozenset()
    """What else passes outside of calls, besides INVITE and in both directions, such as `MESSAGE` and `REGISTER`."""
    calls_per_second: float | None = None
    """New calls it may begin in a second, with bursts of as many; None: no limit."""
    concurrent_calls: int | None = None
    """Calls it may have at a time; None: no limit."""
    dial_plan: DialPlan = PLAIN
    origin: Origin = "unknown"
    """Where its calls begin."""
    inserted_numbers: tuple[str, ...] = ()
    """How network numbers begin, in digits, that it puts where there is none. They are nobody's to show."""


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a target is asked whether it is there: by OPTIONS, whose every answer but 503 says that it is."""

    every: Annotated[float, Meta(ge=1, le=3600)] = 15.0
    """Seconds from one OPTIONS to the next."""
    timeout: Annotated[float, Meta(ge=0.5, le=32)] = 4.0
    """Seconds an answer may take."""
    up_after: Annotated[int, Meta(ge=1, le=100)] = 2
    """Answers in a row until a target that is down is used again."""


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where calls go, such as the PBX; or a trunk, for calls that go out."""

    side: ClassVar[bytes] = b"target"
    """What tells it from a trunk of the same name."""
    name: str
    host: str
    """A numeric IP address, or a name that DNS leads on from (RFC 3263)."""
    port: int | None = None
    """None: what DNS says, or the usual one of the transport."""
    transport: Transport | None = None
    """None: what DNS says, or UDP."""
    trunk: str = ""
    """Name of the trunk that it belongs to: calls of our side go out there. Empty: it is on our side."""
    priority: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """The smaller, the sooner it is tried."""
    weight: Annotated[int, Meta(ge=1, le=65_535)] = 1
    """Its share of the calls among the targets of the same priority."""
    server_name: str = ""
    """What its TLS certificate must name; empty: its host."""
    sources: tuple[Source, ...] = ()
    """What other addresses it has: its messages come from there, and requests of a call may go there."""
    trust_asserted: bool = True
    """Whether it may see P-Asserted-Identity of callers who asked for privacy (RFC 3325 7)."""
    large_requests: Literal["udp", "tcp"] = "udp"
    """How a request over 1300 octets goes to a target by UDP: in fragments, or by TCP first (RFC 3261 18.1.1)."""
    redirects: Literal["pass", "follow"] = "pass"
    """What becomes of its 3xx answers: they go to the caller, or the guard tries the contacts they name."""
    request_uri: Literal["keep", "rewrite"] = "keep"
    """Whether the Request-URI of a call names the guard, as it came, or this target: for one that is a proxy."""
    patience: Annotated[float, Meta(ge=0.5, le=32)] = 4.0
    """Seconds without any answer until the next target is tried, if there is one."""
    down_after: Annotated[int, Meta(ge=1, le=1_000_000)] = 3
    """Requests in a row without any answer until it is not used any more."""
    retry_after: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    """Seconds until a target that is down and not probed is tried again."""
    probe: Probe | None = None
    """None: nothing is asked, only what becomes of calls counts."""
    overload_control: bool = False
    """Whether it is offered RFC 7339, and gets fewer calls when it asks for fewer."""

    def is_where(self, other: "Target") -> bool:
        """Tell whether it is found at the same place as another one."""
        return (self.host, self.port, self.transport) == (other.host, other.port, other.transport)


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls of our side go out by which trunk. The first route that fits counts."""

    trunks: tuple[str, ...]
    """Names of trunks: those that follow are tried when the targets of the first cannot be reached."""
    prefixes: tuple[str, ...] = ()
    """What the called number begins with; none: any."""
    header: str = ""
    """Name of a header field, in lower case, that chooses the route and is removed; empty: none does."""
    value: str = ""
    """The value it must have; empty: any."""


class _Index:
    """Finds the peer at an address, as one configuration has it."""

    def __init__(
        self, ends: Mapping[Address, "Trunk | Target"], sources: Iterable[tuple[Source, "Trunk | Target"]]
    ) -> None:
        """Know the peers at whole addresses, and by sources: where two are the same, the last counts."""
        self._exact = dict(ends)
        self._networks: dict[tuple[int, int, int], dict[int, Trunk | Target]] = {}
        self.seen: dict[Address, Trunk | Target] = {}
        """Peers by address, as far as they were asked for."""
        self._strangers: set[Address] = set()
        """Addresses that are nobody's, as many a datagram of a flood may ask."""
        for source, peer in sources:
            self._add(source, peer)
        self._order = sorted(self._networks, reverse=True)

    def _add(self, source: Source, peer: Trunk | Target) -> None:
        network = source.network
        port = source.port or 0
        if port and network.prefixlen == network.max_prefixlen:
            self._exact[(str(network.network_address), port)] = peer
        key = (1 if port else 0, network.prefixlen, network.version)
        shifted = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        self._networks.setdefault(key, {})[shifted << 16 | port] = peer

    def at(self, address: Address) -> Trunk | Target | None:
        """Give the peer; None for a stranger."""
        peer = self.seen.get(address)
        if peer is not None or address in self._strangers:
            return peer
        peer = self._exact.get(address) or self._look_up(address)
        seen = self._strangers if peer is None else self.seen
        if len(seen) >= MAX_SEEN:
            seen.clear()
        if peer is None:
            self._strangers.add(address)
        else:
            self.seen[address] = peer
        return peer

    def _look_up(self, address: Address) -> Trunk | Target | None:
        packed = ipaddress.ip_address(address[0])
        value = int(packed)
        for with_port, length, version in self._order:
            if version != packed.version:
                continue
            shifted = value >> (packed.max_prefixlen - length)
            found = self._networks[with_port, length, version].get(shifted << 16 | (address[1] if with_port else 0))
            if found is not None:
                return found
        return None


class _Former(NamedTuple):
    """The peers of a configuration that is in force no more."""

    until: float
    """When they are forgotten."""
    trunks: Mapping[str, Trunk]
    addresses: _Index
    proven: Mapping[Flow, Trunk]

    def of(self, flow: Flow) -> Trunk | Target | None:
        return self.proven.get(flow) or self.addresses.at(flow.remote)


class Peers:
    """Finds the peer that a message came from. The most specific entry wins; a port counts more than a network."""

    def __init__(self, trunks: Iterable[Trunk], targets: Iterable[Target]) -> None:
        self._located: dict[str, tuple[Address, ...]] = {}
        self._former: dict[tuple[str, Address], float] = {}
        self._proven: dict[Flow, Trunk] = {}
        self._domains: dict[Flow, frozenset[str]] = {}
        self._before: list[_Former] = []
        """The newest first."""
        self._set(trunks, targets)

    def change(self, trunks: Iterable[Trunk], targets: Iterable[Target], now: float) -> None:
        """Know these peers from `now` on. Who is one no more is known for some hours, for the calls in progress."""
        before = _Former(now + FORMER, self.trunks, self._index, self._proven)
        known = self.trunks, self.targets
        self._set(trunks, targets)
        same = {name for name, each in self.targets.items() if name in known[1] and each.is_where(known[1][name])}
        self._located = {name: addresses for name, addresses in self._located.items() if name in same}
        self._former = {key: until for key, until in self._former.items() if key[0] in same}
        self._proven = {flow: self.certified(domains) or before.proven[flow] for flow, domains in self._domains.items()}
        self._fill()
        kept = [each for each in self._before if each.until > now]
        self._before = (kept if known == (self.trunks, self.targets) else [before, *kept])[:MAX_CONFIGURATIONS]

    def _set(self, trunks: Iterable[Trunk], targets: Iterable[Target]) -> None:
        self.trunks = {t.name: t for t in trunks}
        self.targets = {t.name: t for t in targets}
        self._beyond = {
            name: tuple(target for target in self.targets.values() if target.trunk == name) for name in self.trunks
        }
        self._fill()

    def _fill(self) -> None:
        ends: dict[Address, Trunk | Target] = {}
        sources: list[tuple[Source, Trunk | Target]] = []
        for target in self.targets.values():
            side = self._side(target)
            addresses = self._addresses(target)
            ends |= dict.fromkeys(addresses, side)
            hosts = [Source(ipaddress.ip_network(host)) for host, _ in addresses]
            sources += [(source, side) for source in (*hosts, *target.sources)]
        for trunk in self.trunks.values():
            sources += [(source, trunk) for source in trunk.sources]
        self._index = _Index(ends, sources)
        self._seen = self._index.seen

    def _side(self, target: Target) -> Trunk | Target:
        return self.trunks[target.trunk] if target.trunk else target

    def _addresses(self, target: Target) -> tuple[Address, ...]:
        host = numeric(target.host)
        if host is None:
            return (
                *self._located.get(target.name, ()),
                *(address for name, address in self._former if name == target.name),
            )
        return ((host, target.port or (5061 if target.transport == "TLS" else 5060)),)

    def beyond(self, trunk: Trunk) -> tuple[Target, ...]:
        """Give the targets that calls of our side to a trunk go to."""
        return self._beyond.get(trunk.name, ())

    def locate(self, target: str, addresses: Iterable[Address], now: float) -> None:
        """Take note of the addresses that the name of a target leads to from `now` on: its messages come from there.

        Former ones are known for some hours more, for the calls that are in progress there.
        """
        located = tuple(addresses)
        before = self._located.get(target, ())
        self._former = {key: until for key, until in self._former.items() if until > now}
        self._former |= {(target, address): now + FORMER for address in before if address not in located}
        while len(self._former) > MAX_FORMER:
            del self._former[next(iter(self._former))]
        self._located[target] = located
        self._fill()

    def prove(self, flow: Flow, domains: frozenset[str]) -> bool:
        """Take note of whose certificate was shown on a TLS connection; tell whether it is that of a trunk.

        Without any domain: the connection is closed.
        """
        self._proven.pop(flow, None)
        self._domains.pop(flow, None)
        trunk = self.certified(domains)
        if trunk is not None:
            self._proven[flow] = trunk
            self._domains[flow] = domains
        return trunk is not None

    def certified(self, domains: Iterable[str]) -> Trunk | None:
        """Give the trunk that is told by a certificate which makes its holder these domains (RFC 5922 7.1)."""
        held = set(domains)
        return next((trunk for trunk in self.trunks.values() if held.intersection(trunk.certificates)), None)

    def of(self, flow: Flow) -> Trunk | Target | None:
        """Give the peer whose messages come along `flow`: by its certificate, or else by its address."""
        return (self._proven.get(flow) if self._proven else None) or self._seen.get(flow.remote) or self.at(flow.remote)

    def at(self, address: Address) -> Trunk | Target | None:
        """Give the peer whose messages come from `address`, which may be a former one; None for a stranger."""
        peer = self._index.at(address)
        if peer is None and self._before:
            return next((known for each in self._before if (known := each.addresses.at(address)) is not None), None)
        return peer

    def is_former(self, peer: Trunk | Target) -> bool:
        """Tell whether a peer has left the configuration: its calls in progress go on, and it may begin none."""
        known = self.trunks if isinstance(peer, Trunk) else self.targets
        return known.get(peer.name) is not peer

    def before(self, flow: Flow) -> list[Trunk | Target]:
        """Give whose messages came along `flow` under former configurations, but for who is called the same now."""
        if not self._before:
            return []
        now = self.of(flow)
        known = {} if now is None else {(type(now), now.name): now}
        every = {(type(peer), peer.name): peer for each in self._before if (peer := each.of(flow)) is not None}
        return [peer for name, peer in every.items() if name not in known]

    def side(self, target: Target) -> Trunk | Target | None:
        """Give the peer that a target is an address of: itself, or its trunk; None: that is not known any more."""
        if not target.trunk:
            return target
        every = (self.trunks, *(each.trunks for each in self._before))
        return next((trunks[target.trunk] for trunks in every if target.trunk in trunks), None)
