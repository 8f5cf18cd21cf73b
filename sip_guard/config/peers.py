"""Trunks and targets: each by itself, and whether they can stand beside each other."""

import ipaddress
import re

from sip_guard import peer
from sip_guard.config import addresses, options
from sip_guard.config.fault import Faults, unknown
from sip_guard.config.listening import TRANSPORTS, Listen, own
from sip_guard.config.numbers import beginning
from sip_guard.config.trust import group_names as trust_groups
from sip_guard.number import is_country
from sip_guard.sip.flow import numeric

_METHODS = ("MESSAGE", "NOTIFY", "PUBLISH", "REGISTER")
"""What there is outside of calls."""
_NEVER = (
    dict.fromkeys(
        ("ACK", "BYE", "CANCEL", "INFO", "PRACK", "UPDATE"), "belongs to calls, and passes within them; leave it out"
    )
    | dict.fromkeys(
        ("REFER", "SUBSCRIBE"),
        "outside of calls begins a dialog that nothing proves; within calls it passes; leave it out",
    )
    | {
        "INVITE": "begins calls, which always pass to the checks; leave it out",
        "OPTIONS": "is answered by the guard itself outside of calls, and passes within them; leave it out",
    }
)
_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}
_NOWHERE = ("192.0.2.1", None)
"""Stands for an address that is a fault already."""


class Reader:
    """Reads `trunks` and `targets`."""

    def __init__(self, file: options.File, faults: Faults) -> None:
        self._file = file
        self._faults = faults
        self._ours = tuple(item.name for item in file.targets if item.trunk is None)
        """Names of the targets on our side."""
        self._trunks = tuple(item.name for item in file.trunks)
        self._groups = trust_groups(file.verification)

    def trunks(self) -> tuple[peer.Trunk, ...]:
        """Give the trunks."""
        self._faults.distinct("trunks", self._trunks)
        return tuple(self._trunk(item, f"trunks[{i}]") for i, item in enumerate(self._file.trunks))

    def targets(self) -> tuple[peer.Target, ...]:
        """Give the targets."""
        self._faults.distinct("targets", [item.name for item in self._file.targets])
        if not self._ours:
            self._faults.add("targets", "every one has a `trunk`; add one on our side, where the calls of trunks go")
        return tuple(self._target(item, f"targets[{i}]") for i, item in enumerate(self._file.targets))

    def _trunk(self, item: options.Trunk, at: str) -> peer.Trunk:
        self._dial_plan(item, f"{at}.dial_plan")
        if not (item.sources or item.certificates or any(target.trunk == item.name for target in self._file.targets)):
            self._faults.add(
                at, "nothing tells its messages from those of strangers; add `sources`, or `certificates` for TLS"
            )
        return peer.Trunk(
            name=self._faults.name(item.name, f"{at}.name"),
            sources=self._sources(item.sources, f"{at}.sources"),
            certificates=self._certificates(item.certificates, f"{at}.certificates"),
            targets=self._ours if item.targets is None else self._its_targets(item.targets, f"{at}.targets"),
            identity=item.identity,
            trust_asserted=item.trust_asserted,
            trust_diversion=item.trust_diversion,
            trusted=item.trusted,
            attested_number=item.attested_number,
            called_number=item.called_number,
            psap_callback=item.psap_callback,
            trust=frozenset(self._faults.among(item.trust, self._groups, f"{at}.trust", "trust group")),
            methods=self._methods(item.methods, f"{at}.methods"),
            calls_per_second=item.calls_per_second,
            concurrent_calls=item.concurrent_calls,
            dial_plan=item.dial_plan,
            origin=item.origin,
            inserted_numbers=self._inserted(item.inserted_numbers, f"{at}.inserted_numbers"),
        )

    def _its_targets(self, given: options.Names, at: str) -> tuple[str, ...]:
        sides = {item.name: item.trunk for item in self._file.targets}
        names = self._faults.among(given, sides, at, "target")
        for i, name in enumerate(names):
            if sides.get(name) is not None:
                self._faults.add(
                    at if isinstance(given, str) else f"{at}[{i}]",
                    f"target `{name}` belongs to trunk `{sides[name]}`; calls of a trunk go to targets on our side, "
                    "which have no `trunk`",
                )
        return names

    def _certificates(self, given: tuple[str, ...], at: str) -> tuple[str, ...]:
        if given:
            if all(item.tls is None for item in self._file.listen):
                self._faults.add(at, "nothing under `listen` has `tls`, so that nobody can show a certificate")
            elif self._file.tls is not None and self._file.tls.client_ca is None:
                self._faults.add(at, "add `tls.client_ca`: without it no certificate is asked for")
        read = [self._faults.attempt(_certified, text, f"{at}[{i}]") for i, text in enumerate(given)]
        return tuple(name for name in read if name is not None)

    def _methods(self, given: tuple[str, ...], at: str) -> frozenset[str]:
        for i, method in enumerate(given):
            capitals = method.upper()
            if capitals in _NEVER:
                self._faults.add(f"{at}[{i}]", f"{capitals} {_NEVER[capitals]}")
            elif capitals in _METHODS and method != capitals:
                self._faults.add(f"{at}[{i}]", f"`{method}`: methods are written in capitals: `{capitals}`")
            elif method not in _METHODS:
                self._faults.add(f"{at}[{i}]", unknown("method", method, _METHODS))
        return frozenset(given)

    def _dial_plan(self, item: options.Trunk, at: str) -> None:
        country = item.dial_plan.country
        if country is not None and not is_country(country):
            self._faults.add(f"{at}.country", f"`{country}` is no ISO 3166-1 country code, such as GB")
        for i, prefix in enumerate(item.dial_plan.international_prefixes):
            if not re.fullmatch(r"[0-9]{1,6}", prefix):
                self._faults.add(f"{at}.international_prefixes[{i}]", f'`{prefix}` is no prefix, such as "00"')

    def _inserted(self, given: tuple[str, ...], at: str) -> tuple[str, ...]:
        return tuple(beginning(text, self._faults, f"{at}[{i}]") for i, text in enumerate(given))

    def _target(self, item: options.Target, at: str) -> peer.Target:
        if item.trunk is not None:
            self._faults.among(item.trunk, self._trunks, f"{at}.trunk", "trunk")
            if not item.trust_asserted:
                self._faults.add(f"{at}.trust_asserted", "on the far side that of the trunk counts; set it there")
        host, port = self._faults.attempt(addresses.place, item.address, f"{at}.address") or _NOWHERE
        if item.probe is not None and item.probe.timeout > item.probe.every:
            self._faults.add(
                f"{at}.probe.timeout", "an answer may not take longer than `every`, until the next OPTIONS"
            )
        return peer.Target(
            name=self._faults.name(item.name, f"{at}.name"),
            host=host,
            port=port,
            transport=None if item.transport is None else TRANSPORTS[item.transport],
            trunk=item.trunk or "",
            priority=item.priority,
            weight=item.weight,
            server_name=self._server_name(item, f"{at}.server_name"),
            sources=self._sources(item.sources, f"{at}.sources"),
            trust_asserted=item.trust_asserted,
            large_requests=item.large_requests,
            redirects=item.redirects,
            request_uri=item.request_uri,
            patience=item.patience,
            down_after=item.down_after,
            retry_after=item.retry_after,
            probe=item.probe,
            overload_control=item.overload_control,
        )

    def _server_name(self, item: options.Target, at: str) -> str:
        if not item.server_name:
            return ""
        if item.transport != "tls":
            self._faults.add(at, "only a target with `transport: tls` has a certificate")
        return numeric(item.server_name) or self._faults.attempt(_certified, item.server_name, at) or ""

    def _sources(self, texts: tuple[str, ...], at: str) -> tuple[peer.Source, ...]:
        read = [self._faults.attempt(addresses.source, text, f"{at}[{i}]") for i, text in enumerate(texts)]
        return tuple(source for source in read if source is not None)


def _certified(text: str) -> str:
    if text.startswith("*"):
        raise ValueError(f"`{text}`: a wildcard names nobody in SIP (RFC 5922 7.2); write the whole domain")
    return addresses.domain(text)


def reach(listen: tuple[Listen, ...], targets: tuple[peer.Target, ...], faults: Faults) -> None:
    """Refuse a target that nothing under `listen` could reach, and one that is the guard itself."""
    ends = {(item.transport, item.version) for item in listen}
    spoken = {item.transport for item in listen}
    itself = own(listen)
    for i, target in enumerate(targets):
        at = f"targets[{i}].address"
        host = numeric(target.host)
        transport = target.transport or "UDP"
        if host is None:
            if not spoken & ({target.transport} if target.transport else {"UDP", "TCP"}):
                over = target.transport or "UDP or TCP"
                more = "" if target.transport else ", or `transport: tls`"
                faults.add(at, f"nothing under `listen` speaks {over}, by which calls leave for it; add it{more}")
        elif (transport, addresses.version(host)) not in ends:
            faults.add(
                at,
                f"nothing under `listen` speaks {transport} over IPv{addresses.version(host)}; calls leave from there",
            )
        elif (host, target.port or _PORTS[transport]) in itself:
            faults.add(at, "this is the guard's own address: calls would go round in a circle")
        _large_requests(target, host, ends, f"targets[{i}].large_requests", faults)


def _large_requests(
    target: peer.Target, host: str | None, ends: set[tuple[peer.Transport, int]], at: str, faults: Faults
) -> None:
    if target.large_requests == "udp":
        return
    versions = (4, 6) if host is None else (addresses.version(host),)
    if target.transport not in (None, "UDP"):
        faults.add(at, f"only by UDP a request can be too large, and this target has {target.transport}")
    elif not any(("TCP", version) in ends for version in versions):
        over = f" over IPv{versions[0]}" if len(versions) == 1 else ""
        faults.add(at, f"nothing under `listen` speaks TCP{over}, by which they would leave; add it")


def overlaps(trunks: tuple[peer.Trunk, ...], targets: tuple[peer.Target, ...], faults: Faults) -> None:
    """Refuse what would be two peers' at once: a source, or the domain of a certificate.

    A trunk on the host of a target on our side, by another port, is none; nor are two targets of one side.
    """
    seen: dict[peer.Source | str, tuple[str, str]] = {}
    places: dict[tuple[str, int, str, str], str] = {}

    def claim(what: peer.Source | str, side: str, name: str, at: str) -> None:
        other, its_name = seen.setdefault(what, (side, name))
        if other != side:
            kind = "certificate" if isinstance(what, str) else "source"
            faults.add(at, f"{its_name} has the same {kind}; a call can be of one only")

    for i, target in enumerate(targets):
        host = numeric(target.host)
        named = f"target `{target.name}`"
        if host is not None:
            network = ipaddress.ip_network(host)
            port = target.port or _PORTS[target.transport or "UDP"]
            twin = places.setdefault((host, port, target.transport or "UDP", target.trunk), named)
            if twin != named:
                faults.add(f"targets[{i}].address", f"{twin} has the same address; it cannot stand in for itself")
            claim(peer.Source(network, port), target.trunk, named, f"targets[{i}].address")
            if target.trunk:
                seen.setdefault(peer.Source(network), (target.trunk, named))
        for j, source in enumerate(target.sources):
            claim(source, target.trunk, named, f"targets[{i}].sources[{j}]")
    for i, trunk in enumerate(trunks):
        named = f"trunk `{trunk.name}`"
        for j, source in enumerate(trunk.sources):
            claim(source, trunk.name, named, f"trunks[{i}].sources[{j}]")
        for j, domain in enumerate(trunk.certificates):
            claim(domain, trunk.name, named, f"trunks[{i}].certificates[{j}]")
