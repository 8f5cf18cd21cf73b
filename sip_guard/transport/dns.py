"""What DNS answers, kept as long as it lives: an outage of the name servers is not an answer (RFC 8767)."""

import ipaddress
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime, IResolver
from twisted.names import dns
from twisted.names.error import AuthoritativeDomainError, DNSNameError
from twisted.names.hosts import searchFileForAll
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath

from sip_guard.sip.flow import numeric
from sip_guard.transport.name_servers import MAX_SERVERS, server_address

LEAST_TTL: Final = 5.0
"""Seconds that an answer is kept at least."""
MOST_TTL: Final = 86_400.0
"""Seconds that an answer is kept at most."""
NEGATIVE_TTL: Final = 30.0
"""Seconds that it is remembered that there is nothing."""
HOSTS_TTL: Final = 30.0
"""Seconds until the hosts file is looked at again."""
RETRY: Final = 10.0
"""Seconds after an outage until the question is asked again."""
MAX_STALE: Final = 3 * 86_400.0
"""Seconds that an answer may be used after its end, while no newer one can be had (RFC 8767 5)."""
MAX_ANSWERS: Final = 10_000
"""Answers that are kept: those used last."""
MAX_QUESTIONS: Final = 256
"""Questions in progress. Each has a socket of its own."""
MAX_ADDRESSES: Final = 16
"""Addresses of one host and family that are considered."""
MAX_ALIASES: Final = 8
"""CNAME records that are followed in one answer."""
LATE: Final = "no answer in time"
TOO_MANY: Final = "too many names are being looked up"

_name = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*(?!(?:0x[0-9a-f]*|[0-9]+)\Z)[a-z0-9_-]{1,63}").fullmatch

_T = TypeVar("_T")

Question = tuple[str, int]
"""A name, and a type of records."""
Sections = tuple[Sequence[Any], Sequence[Any], Sequence[Any]]
"""Answers, authorities and additional records, as an `IResolver` gives them."""
Additional = dict[str, list[str]]
"""Addresses by host, from the additional section of one answer. Good for the records of that answer alone."""


class Unlocatable(Exception):  # noqa: N818 - what came of it, not a mistake
    """It could not be found out. The message says why, for people."""


class Busy(Unlocatable):
    """Nobody was asked, since too much is being asked already."""


class DnsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the names of targets are looked up. Nothing waits for it: calls go to what was found last."""

    servers: Annotated[tuple[str, ...], Meta(max_length=MAX_SERVERS)] = ()
    """Name servers, `ADDRESS` or `ADDRESS:PORT`, asked in this order until one answers; none: those of the system."""
    timeout: Annotated[float, Meta(ge=0.5, le=30)] = 4.0
    """Seconds until a host has to be located, all questions together."""
    families: Annotated[tuple[Literal["ipv4", "ipv6"], ...], Meta(min_length=1, max_length=2)] = ("ipv4", "ipv6")
    """The addresses that are asked for. Those of the first are tried first."""

    def __post_init__(self) -> None:
        if len({*self.families}) < len(self.families):
            raise ValueError("a family stands twice")
        for text in self.servers:
            server_address(text)

    @property
    def grace(self) -> float:
        """Seconds that more is waited for, where something can be used already."""
        return self.timeout / 4


class Service(NamedTuple):
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    host: str
    """Empty where the record says that there is no such service, or names what is no host."""
    addresses: tuple[str, ...]
    """Those of the host that came with the answer, of both families."""


class Pointer(NamedTuple):
    """A NAPTR record that leads to SRV records by replacement (RFC 3403 4.1)."""

    order: int
    preference: int
    service: str
    """In upper case."""
    name: str


class Kind(msgspec.Struct, Generic[_T], frozen=True):
    """A type of records."""

    type: int
    method: str
    """What asks an `IResolver` for it."""
    most: int
    """Records that are considered; the others are dropped."""
    read: Callable[[Any, "Additional"], _T | None]
    """Gives a record's meaning from its payload, or None where it has none for us."""
    rank: Callable[[_T], Any] | None = None
    """By what they are sorted."""


class Answer(msgspec.Struct, Generic[_T], frozen=True):
    """What there is of one name and kind."""

    records: tuple[_T, ...]
    """Empty: it is known that there are none."""
    expires: float
    outage: str = ""
    """Why it is an older answer, if there should be a newer one."""


def _read_service(payload: Any, additional: Additional) -> Service:
    host = host_name(_text(payload.target.name)) or ""
    addresses = tuple(additional.get(host, ())[:MAX_ADDRESSES])
    return Service(payload.priority, payload.weight, payload.port, host, addresses)


def _read_pointer(payload: Any, _: Additional) -> Pointer | None:
    name = host_name(_text(payload.replacement.name))
    if name is None or payload.regexp.string or payload.flags.string.lower() != b"s":
        return None
    return Pointer(payload.order, payload.preference, _text(payload.service.string).upper(), name)


def _read_address(payload: Any, _: Additional) -> str:
    return str(ipaddress.ip_address(payload.address))


IPV4: Final = Kind(dns.A, "lookupAddress", MAX_ADDRESSES, _read_address)
IPV6: Final = Kind(dns.AAAA, "lookupIPV6Address", MAX_ADDRESSES, _read_address)
SERVICES: Final = Kind(dns.SRV, "lookupService", 32, _read_service, lambda service: service.priority)
POINTERS: Final = Kind(
    dns.NAPTR,
    "lookupNamingAuthorityPointer",
    16,
    _read_pointer,
    lambda pointer: (pointer.order, pointer.preference),
)


class _Kept(msgspec.Struct):
    """What is known of one question."""

    answer: Answer[Any] | None = None
    outage: str = ""
    """Why there is no newer answer."""
    ask_at: float = 0.0
    """Until then nobody is asked again."""


class Dns:
    """Gives records, and asks one question no more than once at a time.

    An answer is kept for its time to live. When a newer one cannot be had, the older one is used on, and the question
    asked again soon. The hosts file, where it knows a name, says all about its addresses.
    """

    def __init__(self, resolver: IResolver, clock: IReactorTime, options: DnsOptions, hosts: str) -> None:
        """`clock` counts lifetimes; `hosts` is the path of a file as in hosts(5)."""
        self._resolver = resolver
        self._clock = clock
        self._timeout = options.timeout
        self._grace = options.grace
        self._hosts = FilePath(hosts)
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._asking: dict[Question, list[Deferred[Answer[Any]]]] = {}

    def ask(self, name: str, kind: Kind[_T], limit: float) -> Deferred[Answer[_T]]:
        """Give the records of `name`, which is as `host_name` gives it. Fails with Unlocatable after `limit` seconds.

        Where an older answer is known, it is given after the `grace` of the options. A Deferred may be cancelled:
        the question stays for the others that wait for it, and for those to come.
        """
        question = name, kind.type
        waiter: Deferred[Answer[_T]] = Deferred()
        if question in self._kept:
            self._kept.move_to_end(question)
        if self._is_open(question):
            if len(self._asking) >= MAX_QUESTIONS:
                known = self._known(question, TOO_MANY)
                waiter.callback(Failure(Busy(TOO_MANY)) if isinstance(known, Failure) else known)  # type: ignore[no-untyped-call]
                return waiter
            self._asking[question] = []
            asked = Deferred.fromCoroutine(self._asked(name, kind))
            asked.addCallback(lambda found: self._settle(found, name, kind))
        if question not in self._asking:
            waiter.callback(self._known(question))
            return waiter
        self._asking[question].append(waiter)
        if self._usable(question) is not None:
            limit = min(limit, self._grace)
        return waiter.addTimeout(limit, self._clock, lambda *_: self._known(question, _said(name, kind, LATE)))

    def _is_open(self, question: Question) -> bool:
        """Tell whether it is to be asked now."""
        kept = self._kept.get(question)
        return question not in self._asking and (kept is None or self._clock.seconds() >= kept.ask_at)

    def _usable(self, question: Question) -> Answer[Any] | None:
        """Give the last answer, if it is not too old."""
        kept = self._kept.get(question)
        if kept is None or kept.answer is None or self._clock.seconds() >= kept.answer.expires + MAX_STALE:
            return None
        return kept.answer

    def _known(self, question: Question, outage: str = "") -> Any:
        """Give the last answer, in its time or for want of a newer one; without one, a Failure that says why."""
        now = self._clock.seconds()
        answer = self._usable(question)
        if answer is None:
            return Failure(Unlocatable(outage or self._kept[question].outage))  # type: ignore[no-untyped-call]
        if now < answer.expires:
            return answer
        return msgspec.structs.replace(answer, expires=now + RETRY, outage=outage or self._kept[question].outage)

    async def _asked(self, name: str, kind: Kind[_T]) -> Answer[_T] | str:
        """Ask the hosts file and then the name servers; give what they say, or why they do not."""
        from_file = self._from_file(name, kind)
        if from_file is not None:
            return Answer(from_file, self._clock.seconds() + HOSTS_TTL)
        asked: Deferred[Sections] = maybeDeferred(getattr(self._resolver, kind.method), name)
        try:
            found = _followed(name, kind, await asked.addTimeout(self._timeout, self._clock))
        except (DNSNameError, AuthoritativeDomainError):
            found = []
        except TimedOut:
            return LATE
        except Exception as error:  # noqa: BLE001 - however the network fails, nobody shall wait for ever
            return type(error).__name__
        answer = self._answer(kind, found)
        if kind.type != dns.SRV:
            return answer
        return msgspec.structs.replace(answer, records=tuple(map(self._as_in_file, answer.records)))

    def _as_in_file(self, service: Any) -> Any:
        """Drop the addresses that came with a service for a host that the hosts file knows."""
        known = service.addresses and self._from_file(service.host, IPV4) is not None
        return service._replace(addresses=()) if known else service

    def _from_file(self, name: str, kind: Kind[Any]) -> tuple[Any, ...] | None:
        """Give the addresses from the hosts file; None where it does not know the name."""
        if kind.type not in (dns.A, dns.AAAA):
            return None
        found = searchFileForAll(self._hosts, name.encode())  # type: ignore[no-untyped-call]
        known = [address for each in found if (address := numeric(each)) is not None]
        of_kind = [address for address in known if (":" in address) == (kind.type == dns.AAAA)]
        return tuple(of_kind[: kind.most]) if found else None

    def _answer(self, kind: Kind[_T], found: list[tuple[_T, float]]) -> Answer[_T]:
        """Choose the records that count, and say how long they do."""
        now = self._clock.seconds()
        if not found:
            return Answer((), now + NEGATIVE_TTL)
        rank = kind.rank
        if rank is not None:
            found.sort(key=lambda entry: rank(entry[0]))
        ttl = min(max(min(ttl for _, ttl in found), LEAST_TTL), MOST_TTL)
        return Answer(tuple(record for record, _ in found[: kind.most]), now + ttl)

    def _settle(self, found: Answer[Any] | str, name: str, kind: Kind[Any]) -> None:
        """Keep what came of a question, and tell those who wait for it."""
        question = name, kind.type
        kept = self._kept.setdefault(question, _Kept())
        if isinstance(found, Answer):
            kept.answer, kept.outage, kept.ask_at = found, "", found.expires
        else:
            kept.outage, kept.ask_at = _said(name, kind, found), self._clock.seconds() + RETRY
        known = self._known(question)
        self._kept.move_to_end(question)
        if len(self._kept) > MAX_ANSWERS:
            self._kept.popitem(last=False)
        for waiter in self._asking.pop(question):
            waiter.callback(known)


def host_name(text: str) -> str | None:
    """Give a host name in its usual spelling: lower case, without a dot at its end; None if it is none.

    What DNS cannot carry is none, nor is what ends like an address, in whatever spelling. Other scripts have to be
    written as DNS has them (`xn--`).
    """
    name = text.removesuffix(".").lower() if text.isascii() else ""
    return name if _name(name) else None


def _said(name: str, kind: Kind[Any], outage: str) -> str:
    return f"{name} {dns.QUERY_TYPES[kind.type]}: {outage}"


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _followed(name: str, kind: Kind[_T], sections: Sections) -> list[tuple[_T, float]]:
    """Give the records in an answer, CNAMEs followed, each with the seconds it may be kept."""
    answers, _, more = sections
    owned: dict[str, list[Any]] = {}
    for record in answers:
        if record.cls == dns.IN:
            owned.setdefault(_text(record.name.name).lower(), []).append(record)
    additional: Additional = {}
    ttls: list[float] = [MOST_TTL]
    for record in more if kind is SERVICES else ():
        if record.cls == dns.IN and record.type in (dns.A, dns.AAAA):
            addresses = additional.setdefault(_text(record.name.name).lower(), [])
            addresses.append(_read_address(record.payload, {}))
            ttls.append(_seconds(record))
    for _ in range(MAX_ALIASES + 1):
        here = owned.get(name, [])
        found = [record for record in here if record.type == kind.type]
        alias = next((record for record in here if record.type == dns.CNAME), None)
        if found or alias is None:
            break
        ttls.append(_seconds(alias))
        name = _text(alias.payload.name.name).lower()
    read = ((kind.read(record.payload, additional), _seconds(record)) for record in found)
    return [(meaning, min(ttl, *ttls)) for meaning, ttl in read if meaning is not None]


def _seconds(record: Any) -> int:
    """Give a record's time to live; a number with the highest bit set is none (RFC 2181 8)."""
    return record.ttl if record.ttl < 2**31 else 0
