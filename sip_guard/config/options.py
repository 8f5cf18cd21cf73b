"""The shape of the file: every option, its default and what it is for. `configs/sip_guard.yaml` shows them all."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sip_guard.admin.options import LISTEN
from sip_guard.checks.campaign import Options as Campaign
from sip_guard.checks.display_name import Match
from sip_guard.checks.emergency import Options as Emergency
from sip_guard.checks.replay import Options as Replay
from sip_guard.journal.options import FILE, OCTETS, Server
from sip_guard.lists.reading import Columns as ListColumns
from sip_guard.number import DialPlan
from sip_guard.peer import Probe
from sip_guard.policy.decision import TagOptions
from sip_guard.repository.options import Options as Repository
from sip_guard.stir.authentication import Level
from sip_guard.stir.profile import Profile
from sip_guard.transport.connection import StreamLimits
from sip_guard.transport.dns import DnsOptions
from sip_guard.transport.tls import TlsFiles

CONTROL = "control"
"""In the state directory: where a guard that runs is told what to do."""
Names = str | Annotated[tuple[str, ...], Meta(min_length=1)]
"""One or several, and never none: a condition without a value would hold for every call."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """One address to listen on."""

    udp: str | None = None
    """`ADDRESS:PORT`; port 0 asks the system for one. One of `udp`, `tcp` and `tls`."""
    tcp: str | None = None
    tls: str | None = None
    advertise: str | None = None
    """`ADDRESS:PORT` that Via and Record-Route name, if peers reach the guard by another address than this."""


class Attest(msgspec.Struct, frozen=True, kw_only=True):
    """How well callers with some numbers are known."""

    level: Level
    numbers: Names = ()
    """E.164 with `+`, whole or what they begin with; default: any."""


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """How calls that go out by a trunk are signed."""

    key: str
    """PEM file of the private key, on P-256 and not encrypted."""
    certificate: str
    """PEM file of its certificate, followed by those above it."""
    url: str
    """Where verifiers get that file."""
    attest: Annotated[tuple[Attest, ...], Meta(min_length=1)]
    """The first that fits counts; whom none is for gets no token."""


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that a trunk may present by contract, besides its own."""

    list: str
    """CSV file in the layout `international`."""


class Trunk(msgspec.Struct, frozen=True, kw_only=True):
    """A peer that sends calls, and gets those of our side that go out by it."""

    name: str
    sources: tuple[str, ...] = ()
    """Addresses or networks it sends from; with `:PORT` where two peers share an address."""
    certificates: tuple[str, ...] = ()
    """Domains that its TLS client certificate names (RFC 5922), another way to tell it."""
    targets: Names | None = None
    """Where its calls go; None: to every target on our side."""
    identity: Literal["require", "prefer", "ignore"] = "prefer"
    trust_asserted: bool = True
    trust_diversion: bool = False
    """Whether its Diversion and History-Info are believed."""
    trusted: bool = False
    attested_number: Literal["both", "asserted", "presented"] = "both"
    called_number: Literal["target", "either"] = "target"
    psap_callback: Literal["pass", "screen"] = "pass"
    trust: Names = ()
    """The trust groups whose signers are believed here; default: all."""
    methods: tuple[str, ...] = ()
    """What else passes outside of calls, besides INVITE."""
    calls_per_second: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    """New calls it may begin in a second; None: no limit."""
    concurrent_calls: Annotated[int, Meta(ge=1, le=200_000)] | None = None
    """Calls it may have at a time; None: no limit."""
    dial_plan: DialPlan = DialPlan()
    origin: Literal["domestic", "international_gateway", "customer", "roaming_verified", "unknown"] = "unknown"
    """Where its calls begin."""
    inserted_numbers: tuple[str, ...] = ()
    """How network numbers begin, as `+448979`, that it puts where there is none."""
    owned_numbers: tuple[str, ...] = ()
    """How the numbers begin that are its own, as `+44207946`."""
    may_present: Literal["any", "owned"] | Presentation = "any"
    """Which numbers its calls may show."""
    signing: Signing | None = None
    """How calls are signed that go out by it; None: they are not."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A place where calls go."""

    name: str
    address: str
    """`HOST`, `HOST:PORT`, `ADDRESS` or `ADDRESS:PORT`."""
    transport: Literal["udp", "tcp", "tls"] | None = None
    """None: what DNS says, or UDP."""
    trunk: str | None = None
    """The trunk that it belongs to; None: it is on our side."""
    priority: Annotated[int, Meta(ge=0, le=65_535)] = 0
    weight: Annotated[int, Meta(ge=1, le=65_535)] = 1
    server_name: str | None = None
    """The domain that its TLS certificate must name (RFC 5922); None: its host."""
    sources: tuple[str, ...] = ()
    """Further addresses or networks that it has, in its Contacts too."""
    trust_asserted: bool = True
    large_requests: Literal["udp", "tcp"] = "udp"
    redirects: Literal["pass", "follow"] = "pass"
    request_uri: Literal["keep", "rewrite"] = "keep"
    patience: Annotated[float, Meta(ge=0.5, le=32)] = 4.0
    down_after: Annotated[int, Meta(ge=1, le=1_000_000)] = 3
    retry_after: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    probe: Probe | None = None
    overload_control: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls of our side go out by which trunk."""

    trunks: Names
    """Tried in this order."""
    prefixes: tuple[str, ...] = ()
    header: str | None = None
    value: str | None = None


Refresh = Annotated[float, Meta(ge=1, le=604_800)]
"""Seconds until something is looked at again."""


class TrustList(msgspec.Struct, frozen=True, kw_only=True):
    """The signed list from which a trust group has its roots (ATIS-1000084)."""

    certificate: str
    """PEM file with the certificate that signs it, got by another way."""
    url: str | None = None
    """One of `url` and `file`."""
    file: str | None = None
    refresh: Refresh = 3600.0


class RevocationList(msgspec.Struct, frozen=True, kw_only=True):
    """One list of revoked certificates."""

    anchor: str
    """PEM file with the certificate that signs it."""
    url: str | None = None
    """One of `url` and `file`."""
    file: str | None = None


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """How a trust group asks whether a certificate is revoked."""

    lists: Annotated[tuple[RevocationList, ...], Meta(min_length=1)]
    unavailable: Literal["soft", "hard"] = "soft"
    """What holds for a certificate that no list in force speaks for: it passes with a note, or is not checkable."""
    refresh: Refresh = 3600.0


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """A trust group: an authority, and what is asked of the certificates below it."""

    name: str
    anchors: tuple[str, ...] = ()
    """PEM files, or folders of `*.pem`, with its roots. One of `anchors` and `trust_list`."""
    profile: Profile = "normal"
    """How much of the certificate profile of ATIS-1000080 a chain must keep."""
    policies: tuple[str, ...] = ()
    """OIDs of certificate policies, one of which all below the roots must name; none: any."""
    trust_list: TrustList | None = None
    revocation: Revocation | None = None
    """None: nobody is asked."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The verification service."""

    anchors: tuple[str, ...] = ()
    """PEM files, or folders of `*.pem`, with the roots that are trusted: they are the trust group `default`."""
    trust: tuple[Trust, ...] = ()
    """Trust groups, where there are several or one needs more than anchors."""
    max_age: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    """Seconds that a token's `iat` may lie before the arrival of the call."""
    max_future: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    """Seconds that it may lie after it."""
    max_diverted_age: Annotated[float, Meta(gt=0, le=86_400)] = 300.0
    """Seconds that the tokens of a diverted call may lie before its arrival, but for the last one (RFC 8946)."""
    time_limit: Annotated[float, Meta(gt=0, le=30)] = 3.0
    """Seconds that one check may take in all; past it the call goes on as could not be checked."""
    replay: Replay = Replay()
    repository: Repository = Repository()


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list has what, if not where its layout says."""

    number: Names | None = None
    """Columns that make up how the numbers of the block begin."""
    holder: str | None = None
    status: str | None = None
    allocated: tuple[str, ...] | None = None
    """What stands in `status` where the block is allocated."""
    free: tuple[str, ...] | None = None
    """What stands there where it is not."""
    delimiter: str | None = None
    encoding: str | None = None
    covers: Annotated[int, Meta(ge=0, le=7)] | None = None
    """The list has every block of the numbers that begin with these many digits of one of its own."""


class CodeList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of number blocks, such as a regulator publishes."""

    file: str
    layout: Literal["ofcom", "nanpa", "nanpa-blocks", "arcep", "international"]
    columns: Columns = Columns()


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What is found out about the numbers that a call shows."""

    home: Names = ()
    """Countries that are domestic, as ISO 3166-1 codes."""
    permitted: str | None = None
    """List of the numbers of home that may come in from abroad, in the layout `international`."""
    allocations: tuple[CodeList, ...] = ()
    """Which blocks were given to somebody."""


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A name that only one may show."""

    name: str
    also: Names = ()
    """Other names it has."""
    numbers: Names = ()
    """International numbers with `+` that may stand beside it, whole or what they begin with; default: none."""
    match: Match = "whole"
    """`whole`: with nothing beside it but words such as `Bank` or `Fraud Team`; `word`: among any others."""


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions of a rule, all of which must hold. A value that begins with `!` is one that is not taken."""

    finding: Names = ()
    attestation: Names = ()
    spc: Names = ()
    repository: Names = ()
    issuer: Names = ()
    field: Names = ()
    country: Names = ()
    kind: Names = ()
    list: Names = ()
    owner: Names = ()
    trunk: Names = ()
    origin: Names = ()
    identity: Names = ()
    caller: Names = ()
    called: Names = ()
    diverted: bool | None = None
    diverting: Names = ()
    hours: Names = ()
    days: Names = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the policy."""

    id: str
    when: When = When()
    then: str
    mode: str = "enforce"
    """`enforce`, `shadow`, `sample 5%` or `off`."""


class Redress(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a caller can complain to whose call was blocked by analytics (47 CFR 64.1200(k)(9)). One way at least."""

    url: str | None = None
    tel: str | None = None
    email: str | None = None
    id: str | None = None
    """What the operator finds the rule or the case by."""
    location: Literal["LN", "TN", "RLN", "LPN", "RPN"] = "RLN"
    """Which network it was (Q.850 2.2.3): by default, the one that serves the callee."""


Preset = Literal["default", "uk", "us", "ca", "fr", "none"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about what was found."""

    rules: tuple[Rule, ...] = ()
    """Asked in their order, before those of the presets."""
    preset: Preset | Annotated[tuple[Preset, ...], Meta(min_length=1)] = "default"
    """Policies that ship with the guard, asked in this order."""
    modes: dict[str, str] = {}
    """Modes of presets, and of single rules of theirs, which count more."""
    time_zone: str = "UTC"
    """Whose clocks `hours` and `days` go by, as `Europe/London`."""
    reason: str = "Q.850;cause=21"
    """Reason of a refusal that is not for a token; empty: none."""
    redress: Redress | None = None
    """What a `603 Network Blocked` tells; None: no rule may say it."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """The decision log."""

    file: str = "-"
    """A path to append to; `-`: standard output."""
    numbers: Literal["full", "last4", "hash"] = "full"
    """How telephone numbers appear."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions that are kept."""

    file: str = FILE
    """A whole path, or one in the state directory; empty, or without that directory: nothing is kept."""
    postgresql: Server | None = None
    """A database that decisions are kept in instead of the file."""
    days: Annotated[float, Meta(gt=0, le=36_500)] = 90.0
    """What is older is deleted."""
    max_octets: Annotated[int, Meta(ge=2**24, le=2**44)] = OCTETS
    """Of the file; beyond it the oldest decisions are deleted."""
    queue: Annotated[int, Meta(ge=100, le=1_000_000)] = 10_000
    """Decisions that may wait while nothing can be written."""


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """How the guard, or an address of it, takes its leave."""

    seconds: Annotated[float, Meta(ge=0, le=86_400)] = 30.0
    """Seconds that calls in progress may take to end."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that keep the guard alive."""

    transactions: Annotated[int, Meta(ge=100, le=10_000_000)] = 50_000
    """Requests in progress; beyond it new calls get 503."""
    lag: Annotated[float, Meta(ge=0.05, le=5)] = 0.1
    """Seconds that work may wait; from there on new calls are shed."""


class Admin(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP listener for those who run the guard."""

    listen: str = LISTEN
    """`ADDRESS:PORT`. Anywhere but on loopback it needs all of the following three."""
    certificate: str | None = None
    """PEM file of its certificate, followed by those above it; None: without TLS."""
    key: str | None = None
    """PEM file of its private key, not encrypted."""
    password: str | None = None
    """What `sip-guard hash-password` makes of it; None: none is asked for."""
    hosts: tuple[str, ...] = ()
    """Host names by which it is reached."""


class Hep(msgspec.Struct, frozen=True, kw_only=True):
    """A collector that gets a copy of every message and every decision (HEPv3)."""

    address: str
    """`HOST` or `HOST:PORT`; the port is 9060 if nothing else is said."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    ca: str | None = None
    """PEM file of who may issue its certificate; None: the system's authorities."""
    capture_id: Annotated[int, Meta(ge=0, le=4_294_967_295)] = 2001
    """By which it tells this guard from others."""
    password: str = ""
    """What it asks of those who send."""
    queue_octets: Annotated[int, Meta(ge=65_536, le=2**30)] = 16_777_216
    """Of what may wait for it; what comes beyond is not mirrored."""


class NumberList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of protected numbers."""

    name: str
    file: str | None = None
    """A CSV file. Either this or `url`."""
    url: str | None = None
    """https URL of one."""
    sha256: str | None = None
    """Of what is at `url`: 64 hexadecimal digits, or an https URL of a file where they are."""
    columns: ListColumns = ListColumns()
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    country: str | None = None
    """ISO 3166-1 country whose national numbers are in it; None: all are international."""
    owner: str = ""
    """Of rows that name none; `source` and `scope` likewise."""
    source: str = ""
    scope: str = "nobody"
    refresh: Annotated[float, Meta(ge=10, le=604_800)] = 300.0
    """Seconds from one look to the next."""
    max_octets: Annotated[int, Meta(ge=1024, le=2**33)] = 2**30
    """Of what is at `url`."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    listen: Annotated[tuple[Listen, ...], Meta(min_length=1)]
    trunks: Annotated[tuple[Trunk, ...], Meta(min_length=1)]
    targets: Annotated[tuple[Target, ...], Meta(min_length=1)]
    routes: tuple[Route, ...] = ()
    """Asked in their order about each call of our side; without one that fits, there is no way out."""
    dns: DnsOptions = DnsOptions()
    verification: Verification = Verification()
    emergency: Emergency = Emergency()
    numbers: Numbers | None = None
    """None: the numbers that a call shows are not looked at."""
    lists: Annotated[tuple[NumberList, ...], Meta(max_length=64)] = ()
    brands: Annotated[tuple[Brand, ...], Meta(max_length=1000)] = ()
    """Names of callers that are protected."""
    campaign: Campaign | None = None
    """None: calls are not counted."""
    policy: Policy = Policy()
    tags: TagOptions = TagOptions()
    log: Log = Log()
    record: Record = Record()
    admin: Admin | None = None
    """None: there is no admin listener."""
    hep: Hep | None = None
    """None: nothing is mirrored."""
    tls: TlsFiles | None = None
    """The guard's certificate, where anything speaks TLS."""
    connections: StreamLimits = StreamLimits()
    """Bounds of TCP and TLS."""
    limits: Limits = Limits()
    drain: Drain = Drain()
    control: str = CONTROL
    """Path of the Unix socket where the guard is told what to do: a whole one, or in the state directory. Empty, or
    without that directory: there is none."""
    state_directory: str | None = None
    """Where the guard keeps what must outlive a restart; None: nothing is kept."""
