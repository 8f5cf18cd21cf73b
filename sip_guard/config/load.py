"""From the shape of the file to its meaning: addresses, networks, rules and certificates, each checked."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from sip_guard import peer
from sip_guard.call import Code
from sip_guard.checks.emergency import Options as Emergency
from sip_guard.config import options
from sip_guard.config.fault import Fault, unknown
from sip_guard.config.source import Source
from sip_guard.number import is_country
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rule import FINDINGS, NOTES, Act, Rule
from sip_guard.repository.certificates import Options as Repository
from sip_guard.repository.https import Laboratory
from sip_guard.sip.flow import Address, bracketed
from sip_guard.sip.grammar import NAMES, canonical_name
from sip_guard.stir import x5u
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.verify import Freshness
from sip_guard.transport.connection import StreamLimits
from sip_guard.transport.tls import Tls, TlsFiles

S = TypeVar("S")
T = TypeVar("T")

_TAKEN = frozenset({*NAMES.values()} - {b"x-sip-guard"})
_OWN_RULES = ("default", Code.EMERGENCY.value, Code.PSAP_CALLBACK.value)
"""What the log calls a decision that no rule gave."""
_TRANSPORTS: dict[str, Literal["UDP", "TCP", "TLS"]] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


class Listen(msgspec.Struct, frozen=True):
    """One address to listen on."""

    transport: Literal["UDP", "TCP", "TLS"]
    address: Address
    advertised: Address | None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that was understood, each layer's part ready to be handed to it."""

    listen: tuple[Listen, ...]
    trunks: tuple[peer.Trunk, ...]
    targets: tuple[peer.Target, ...]
    anchors: Anchors | None
    """None: no trunk verifies."""
    freshness: Freshness
    time_limit: float
    repository: Repository
    emergency: Emergency
    rules: tuple[Rule, ...]
    tags: TagOptions
    log: options.Log
    tls: TlsFiles | None
    connections: StreamLimits
    limits: options.Limits
    state_directory: Path | None


def load(path: Path) -> Config:
    """Read and check a configuration file. Relative paths in it are relative to it. Raises ConfigError."""
    source = Source.read(path)
    builder = _Builder(path.parent)
    config = builder.config(source.convert(options.File))
    source.refuse(builder.faults)
    return config


class _Builder:
    """Collects every fault instead of stopping at the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []

    def config(self, file: options.File) -> Config:
        targets = tuple(self._target(t, f"targets[{i}]") for i, t in enumerate(file.targets))
        self._distinct("targets", [t.name for t in targets])
        names = tuple(t.name for t in targets)
        trunks = tuple(self._trunk(t, names, f"trunks[{i}]") for i, t in enumerate(file.trunks))
        self._distinct("trunks", [t.name for t in trunks])
        listen = tuple(self._listen(item, f"listen[{i}]") for i, item in enumerate(file.listen))
        if not self.faults:
            self._own_addresses(listen, targets)
            self._ends(listen, targets)
            self._overlaps(trunks, targets)
        rules = self._policy(file.policy, trunks)
        return Config(
            listen=listen,
            trunks=trunks,
            targets=targets,
            anchors=self._anchors(file.verification, trunks),
            freshness=Freshness(max_age=file.verification.max_age, max_future=file.verification.max_future),
            time_limit=file.verification.time_limit,
            repository=self._repository(file.verification.repository),
            emergency=self._emergency(file.emergency),
            rules=rules,
            tags=self._tags(file.tags),
            log=msgspec.structs.replace(file.log, file=self._log_file(file.log.file)),
            tls=self._tls(file),
            connections=file.connections,
            limits=file.limits,
            state_directory=self._state(file.state_directory),
        )

    # Where things are.

    def _listen(self, item: options.Listen, at: str) -> Listen:
        given = {name: text for name in _TRANSPORTS if (text := getattr(item, name)) is not None}
        if len(given) != 1:
            self._fault(at, "expected one of `udp`, `tcp` and `tls` with an ADDRESS:PORT")
        name, text = next(iter(given.items()), ("udp", "192.0.2.1:5060"))
        address = self._address(text, f"{at}.{name}", least_port=0)
        advertised = self._address(item.advertise, f"{at}.advertise") if item.advertise is not None else None
        if advertised is None and _is_wildcard(address):
            self._fault(
                f"{at}.{name}", f"{address[0]} is no address that peers can answer to; add `advertise: ADDRESS:PORT`"
            )
        if advertised is not None and (_is_wildcard(advertised) or _version(advertised) != _version(address)):
            self._fault(f"{at}.advertise", f"peers that reach {address[0]} cannot answer to {advertised[0]}")
        return Listen(_TRANSPORTS[name], address, advertised)

    def _trunk(self, item: options.Trunk, targets: tuple[str, ...], at: str) -> peer.Trunk:
        target = item.target
        if target is None:
            target = targets[0]
            if len(targets) > 1:
                self._fault(at, f"add `target`, one of: {', '.join(targets)}")
        elif target not in targets:
            self._fault(f"{at}.target", unknown("target", target, targets))
        country = item.dial_plan.country
        if country is not None and not is_country(country):
            self._fault(f"{at}.dial_plan.country", f"`{country}` is no ISO 3166-1 country code, such as GB")
        for i, prefix in enumerate(item.dial_plan.international_prefixes):
            if not re.fullmatch(r"[0-9]{1,6}", prefix):
                self._fault(f"{at}.dial_plan.international_prefixes[{i}]", f'`{prefix}` is no prefix, such as "00"')
        if not item.sources:
            self._fault(f"{at}.sources", "expected at least one address or network")
        return peer.Trunk(
            name=self._name(item.name, f"{at}.name"),
            sources=self._sources(item.sources, f"{at}.sources"),
            target=target,
            identity=item.identity,
            trust_asserted=item.trust_asserted,
            trusted=item.trusted,
            attested_number=item.attested_number,
            called_number=item.called_number,
            psap_callback=item.psap_callback,
            dial_plan=item.dial_plan,
        )

    def _target(self, item: options.Target, at: str) -> peer.Target:
        return peer.Target(
            name=self._name(item.name, f"{at}.name"),
            address=self._address(item.address, f"{at}.address"),
            sources=self._sources(item.sources, f"{at}.sources"),
            transport=_TRANSPORTS[item.transport],
            server_name=self._server_name(item, f"{at}.server_name"),
        )

    def _server_name(self, item: options.Target, at: str) -> str:
        name = item.server_name or ""
        if name and item.transport != "tls":
            self._fault(at, "only a target with `transport: tls` has a certificate")
        elif name and not _HOST_NAME.fullmatch(name):
            self._fault(at, f"`{name}` is no host name")
        return name.lower()

    def _sources(self, texts: tuple[str, ...], at: str) -> tuple[peer.Source, ...]:
        return tuple(
            source for i, text in enumerate(texts) if (source := self._try(_source, text, f"{at}[{i}]")) is not None
        )

    def _address(self, text: str, at: str, *, least_port: int = 1) -> Address:
        address = self._try(_address, text, at) or ("192.0.2.1", 5060)
        if address[1] < least_port:
            self._fault(at, "port 0 is no port to send to")
        return address

    def _own_addresses(self, listen: tuple[Listen, ...], targets: tuple[peer.Target, ...]) -> None:
        own = {address for item in listen for address in (item.address, item.advertised) if address is not None}
        loops = {(_LOOPBACK[_version(address)], address[1]) for address in own if _is_wildcard(address)}
        for i, target in enumerate(targets):
            if target.address in own | loops:
                self._fault(
                    f"targets[{i}].address", "this is the guard's own address: calls would go round in a circle"
                )
        kind = {"UDP": "UDP", "TCP": "TCP", "TLS": "TCP"}
        for what in (
            [(kind[item.transport], item.address) for item in listen],
            [(kind[item.transport], item.advertised) for item in listen if item.advertised],
        ):
            fixed = [end for end in what if end[1][1]]
            if len(set(fixed)) < len(fixed):
                self._fault("listen", "two entries have the same address")

    def _ends(self, listen: tuple[Listen, ...], targets: tuple[peer.Target, ...]) -> None:
        """Refuse a target that nothing under `listen` could reach."""
        ends = {(item.transport, _version(item.address)) for item in listen}
        for i, target in enumerate(targets):
            version = _version(target.address)
            if (target.transport, version) not in ends:
                self._fault(
                    f"targets[{i}].address",
                    f"nothing under `listen` speaks {target.transport} over IPv{version}; calls leave from there",
                )

    def _tls(self, file: options.File) -> TlsFiles | None:
        speaking = [f"listen[{i}].tls" for i, item in enumerate(file.listen) if item.tls is not None]
        speaking += [f"targets[{i}].transport" for i, item in enumerate(file.targets) if item.transport == "tls"]
        if file.tls is None:
            if speaking:
                self._fault(speaking[0], "TLS needs a section `tls` with `certificate` and `key`")
            return None
        named = {
            key: str(self.folder / name)
            for key in ("certificate", "key", "ca", "client_ca")
            if (name := getattr(file.tls, key)) is not None
        }
        files = msgspec.structs.replace(file.tls, **named)
        self._try(Tls, files, "tls")
        return files

    def _overlaps(self, trunks: tuple[peer.Trunk, ...], targets: tuple[peer.Target, ...]) -> None:
        """Refuse a source that two peers have. A trunk on a target's host, by another port, is none."""
        seen: dict[peer.Source, str] = {}
        for target in targets:
            exact = peer.Source(ipaddress.ip_network(target.address[0]), target.address[1])
            seen |= dict.fromkeys((exact, *target.sources), f"target `{target.name}`")
        for i, trunk in enumerate(trunks):
            for j, source in enumerate(trunk.sources):
                this = f"trunk `{trunk.name}`"
                other = seen.setdefault(source, this)
                if other != this:
                    self._fault(f"trunks[{i}].sources[{j}]", f"{other} has the same source; a call can be of one only")

    # What is checked and decided.

    def _anchors(self, item: options.Verification, trunks: tuple[peer.Trunk, ...]) -> Anchors | None:
        verifying = [trunk.name for trunk in trunks if trunk.identity != "ignore"]
        if not item.anchors:
            if verifying:
                self._fault(
                    "verification.anchors",
                    f"trunk `{verifying[0]}` verifies, so at least one PEM file with trust anchors is needed "
                    "(or set `identity: ignore` on every trunk)",
                )
            return None
        texts = [text for i, name in enumerate(item.anchors) for text in self._pems(name, f"verification.anchors[{i}]")]
        return None if self.faults else Anchors(b"\n".join(texts))

    def _pems(self, name: str, at: str) -> list[bytes]:
        """Read a file with trust anchors, or a folder of them."""
        path = self.folder / name
        try:
            paths = sorted(each for each in path.iterdir() if each.suffix == ".pem") if path.is_dir() else [path]
        except (OSError, ValueError) as error:
            self._fault(at, _unreadable(path, error))
            return []
        if not paths:
            self._fault(at, f"there is no *.pem file in the folder {path}")
        texts = []
        for each in paths:
            text = self._read(each, at)
            if text is not None and self._try(Anchors, text, at, f"{each}: ") is not None:
                texts.append(text)
        return texts

    def _repository(self, item: Repository) -> Repository:
        at = "verification.repository.laboratories"
        laboratories = tuple(self._laboratory(lab, f"{at}[{i}]") for i, lab in enumerate(item.laboratories))
        return msgspec.structs.replace(item, laboratories=laboratories)

    def _laboratory(self, item: Laboratory, at: str) -> Laboratory:
        host, port = item.place
        if "/" in host or x5u.fault(f"https://{bracketed(host)}:{port}", frozenset((item.place,))) is not None:
            self._fault(f"{at}.host", f"`{item.host}` is no host name or address")
        if item.web_ca is None:
            return item
        path = self.folder / item.web_ca
        pem = self._read(path, f"{at}.web_ca")
        if pem is not None:
            self._try(Anchors, pem, f"{at}.web_ca", f"{path}: ")
        return msgspec.structs.replace(item, web_ca=str(path))

    def _emergency(self, item: Emergency) -> Emergency:
        for i, number in enumerate(item.numbers):
            if not re.fullmatch(r"[0-9]{2,15}", number):
                self._fault(f"emergency.numbers[{i}]", f'`{number}` is no number as it is dialled, such as "112"')
        return item

    def _policy(self, item: options.Policy, trunks: tuple[peer.Trunk, ...]) -> tuple[Rule, ...]:
        names = [trunk.name for trunk in trunks]
        own = [self._rule(rule, names, f"policy.rules[{i}]") for i, rule in enumerate(item.rules)]
        preset = _preset(item.preset, names)
        self._distinct("policy.rules", [rule.id for rule in own])
        taken = {rule.id for rule in own}
        rules = (*own, *(rule for rule in preset if rule.id not in taken))
        for i, trunk in enumerate(trunks):
            if trunk.identity == "require" and not any(
                "require" in rule.identity and trunk.name in (rule.trunks or names) for rule in rules
            ):
                self._fault(
                    f"trunks[{i}].identity", "no rule has `when: {identity: require}`, so it would have no effect"
                )
        return rules

    def _rule(self, item: options.Rule, trunks: list[str], at: str) -> Rule:
        when = item.when
        act = self._try(Act.parse, item.then, f"{at}.then") or Act("tag")
        rule = Rule(
            id=self._name(item.id, f"{at}.id"),
            then=act,
            mode=item.mode,
            findings=self._among(when.finding, FINDINGS | NOTES, f"{at}.when.finding", "finding or outcome"),
            identity=self._among(when.identity, ("require", "prefer", "ignore"), f"{at}.when.identity", "setting"),
            trunks=self._among(when.trunk, trunks, f"{at}.when.trunk", "trunk"),
            attestation=self._among(when.attestation, ("A", "B", "C"), f"{at}.when.attestation", "level"),
        )
        if rule.id in _OWN_RULES:
            self._fault(
                f"{at}.id", f"`{rule.id}` is what the log calls a decision that no rule gave; take another name"
            )
        if rule.findings & NOTES:
            self._fault(f"{at}.when.finding", "emergency calls always pass, and no rule is asked about them")
        if rule.attestation and rule.findings and Code.PASSED.value not in rule.findings:
            self._fault(f"{at}.when", "only a token that `passed` has an attestation: this would never apply")
        return rule

    def _tags(self, item: TagOptions) -> TagOptions:
        every = (
            ("header", (item.header,) if item.header else ()),
            ("attestation_headers", item.attestation_headers),
            ("origid_headers", item.origid_headers),
        )
        seen: set[bytes] = set()
        for key, names in every:
            for name in names:
                meant = canonical_name(name.encode())
                if meant is None:
                    self._fault(f"tags.{key}", f"`{name}` is no name of a header field")
                elif meant in _TAKEN:
                    self._fault(f"tags.{key}", f"`{name}` has a meaning of its own in SIP; take a private name")
                elif meant in seen:
                    self._fault(f"tags.{key}", f"`{name}` is written already, with another meaning")
                else:
                    seen.add(meant)
        return item

    def _log_file(self, name: str) -> str:
        if name == "-":
            return name
        path = self.folder / name
        if path.is_dir() or not path.parent.is_dir():
            self._fault("log.file", f"{path} is a folder, or in one that is not there; name a file that can be written")
        return str(path)

    def _state(self, text: str | None) -> Path | None:
        if text is None:
            return None
        path = self.folder / text
        try:
            there = path.is_dir()
        except (OSError, ValueError) as error:
            self._fault("state_directory", _unreadable(path, error))
        else:
            if not there:
                self._fault("state_directory", f"the folder {path} is not there; make it, owned by the guard's user")
        return path

    # Small things.

    def _fault(self, path: str, problem: str) -> None:
        self.faults.append(Fault(path, problem))

    def _try(self, read: Callable[[S], T], value: S, at: str, before: str = "") -> T | None:
        try:
            return read(value)
        except ValueError as error:
            self._fault(at, f"{before}{error}")
            return None

    def _name(self, text: str, at: str) -> str:
        if not _NAME.fullmatch(text):
            self._fault(at, f"`{text}` is no name: up to 64 letters, digits, `_`, `-` and `.`")
        return text

    def _distinct(self, at: str, names: list[str]) -> None:
        for i, name in enumerate(names):
            if name in names[:i]:
                self._fault(f"{at}[{i}]", f"the name `{name}` is taken by an entry above")

    def _among(self, given: options.Names, known: Iterable[str], at: str, kind: str) -> frozenset[str]:
        names = (given,) if isinstance(given, str) else given
        for i, name in enumerate(names):
            if name not in known:
                where = at if isinstance(given, str) else f"{at}[{i}]"
                self._fault(where, unknown(kind, name, known))
        return frozenset(names)

    def _read(self, path: Path, at: str) -> bytes | None:
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            self._fault(at, _unreadable(path, error))
            return None


def _unreadable(path: Path, error: OSError | ValueError) -> str:
    return f"{path} cannot be read: {getattr(error, 'strerror', error)}"


def _version(address: Address) -> int:
    return 6 if ":" in address[0] else 4


def _is_wildcard(address: Address) -> bool:
    return ipaddress.ip_address(address[0]).is_unspecified


def _address(text: str) -> Address:
    """Read `ADDRESS:PORT`; an IPv6 address stands in brackets."""
    m = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", text)
    if m is None or int(m[3]) > 65_535:
        raise ValueError(f"`{text}` is no numeric address with a port, such as 192.0.2.1:5060 or [2001:db8::1]:5060")
    try:
        return str(ipaddress.ip_address(m[1] or m[2])), int(m[3])
    except ValueError:
        raise ValueError(f"`{m[1] or m[2]}` is no IP address") from None


def _source(text: str) -> peer.Source:
    """Read an address, a network, or an address with a port."""
    try:
        return peer.Source(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        host, port = _address(text)
    except ValueError:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(
                f"`{text}` is no address or network, such as 192.0.2.7, 198.51.100.0/24 or 192.0.2.7:5062"
            ) from None
        raise ValueError(f"`{text}` has bits beyond its mask; did you mean {meant}?") from None
    if not port:
        raise ValueError("port 0 is no port to send from")
    return peer.Source(ipaddress.ip_network(host), port)


def _preset(name: str, trunks: list[str]) -> list[Rule]:
    """Read a policy that ships with the guard, by the same reader as any other."""
    if name == "none":
        return []
    text = (files("sip_guard.policy") / "presets" / f"{name}.yaml").read_text("utf-8")
    source = Source(f"presets/{name}.yaml", text)
    builder = _Builder(Path())
    rules = [builder._rule(r, trunks, f"[{i}]") for i, r in enumerate(source.convert(tuple[options.Rule, ...]))]  # noqa: SLF001
    source.refuse(builder.faults)
    return rules
