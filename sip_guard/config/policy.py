"""Rules: from words of the file to conditions, with all that makes a rule one that can never apply."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from functools import cache
from importlib.resources import files
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from sip_guard.call import Code
from sip_guard.config import options
from sip_guard.config.fault import Faults, unknown
from sip_guard.config.source import Source
from sip_guard.peer import Origin, Trunk
from sip_guard.plans.reading import Kind
from sip_guard.policy.act import NETWORK_BLOCKED, Act, Mode
from sip_guard.policy.covering import codes, contradicts, hidden_by
from sip_guard.policy.hours import DAYS, Hours
from sip_guard.policy.rule import EXEMPT, FINDINGS, Rule
from sip_guard.policy.weighing import RESULTS
from sip_guard.policy.when import NUMBER, SIGNER, TOKEN, TRUNK, When
from sip_guard.policy.words import ANY, NOT, Words

_OWN_RULES = ("default", Code.EMERGENCY.value, Code.PSAP_CALLBACK.value)
"""What the log calls a decision that no rule gave."""
_ANALYTICS = frozenset(code.value for code in Code if code.outcome.value == "campaign")
"""Findings that are no facts but guesses, which alone are told by `603 Network Blocked` (FCC 25-15)."""
_OF_TOKENS = frozenset(code.value for code in Code if code.outcome in RESULTS)
_NETWORK_BLOCK = f"603 {NETWORK_BLOCKED}"

_COUNTRY = re.compile(r"[A-Z]{2}").fullmatch
_PREFIX = re.compile(r"\+?[0-9*#]{1,20}", re.ASCII).fullmatch
_SPC = re.compile(r"[A-Za-z0-9]{1,16}", re.ASCII).fullmatch
_HOST = re.compile(r"[a-z0-9][a-z0-9.\-]*|\[[0-9a-f:.]+\]", re.ASCII).fullmatch
_REASON = re.compile(r"[A-Za-z0-9.\-]+(?:;[a-z]+=(?:[A-Za-z0-9.\-]+|\"[ !#-\[\]-~]*\"))*", re.ASCII).fullmatch
_CONTACT = re.compile(r"[!#-:<-\[\]-~]{1,200}", re.ASCII).fullmatch
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII).fullmatch


@cache
def _shipped(name: str) -> tuple[Source, tuple[options.Rule, ...]]:
    """Read the file of a preset, which does not change while we run."""
    text = (files("sip_guard.policy") / "presets" / f"{name}.yaml").read_text("utf-8")
    source = Source(f"presets/{name}.yaml", text)
    return source, source.convert(tuple[options.Rule, ...])


class Reader:
    """Reads the section `policy`."""

    def __init__(self, item: options.Policy, faults: Faults, *, trunks: Iterable[Trunk], lists: Iterable[str]) -> None:
        """`trunks` and `lists` are those of the configuration: a rule can name no others."""
        self._item = item
        self._faults = faults
        self._trunks = tuple(trunks)
        self._lists = tuple(lists)
        self._zone = self._time_zone(item.time_zone)
        self._reason = self._usual_reason(item.reason)
        self._redress = b"" if item.redress is None else self._network_block(item.redress)

    def rules(self) -> tuple[Rule, ...]:
        """Give the rules in their order: first the operator's own."""
        own = [self._own(rule, f"policy.rules[{i}]") for i, rule in enumerate(self._item.rules)]
        self._faults.distinct("policy.rules", [rule.id for rule in own])
        for i, rule in enumerate(own):
            hidden = hidden_by(rule, own[:i])
            if hidden is not None:
                what = f"`{hidden.id}` above ends the list for all that this takes: it can never apply"
                self._faults.add(f"policy.rules[{i}].when", what)
            if rule.then.is_network_block:
                self._redressed(f"policy.rules[{i}].then")
        presets = self._presets({rule.id for rule in own})
        for rule in presets:
            if rule.then.is_network_block and rule.mode.share:
                self._redressed("policy.modes")
        rules = (*own, *presets)
        self._required(rules)
        return rules

    def _redressed(self, at: str) -> None:
        if self._item.redress is None:
            what = "whom a caller can complain to, with a `url`, a `tel` or an `email`"
            self._faults.add(at, f"{_NETWORK_BLOCK} needs `policy.redress`: {what} (ATIS-1000099)")

    def _presets(self, taken: set[str]) -> list[Rule]:
        given = self._item.preset
        names = (given,) if isinstance(given, str) else given
        if "none" in names and len(names) > 1:
            self._faults.add("policy.preset", "`none` stands beside others; leave it out")
        self._faults.distinct("policy.preset", names)
        presets = {name: [rule for rule in self.preset(name) if rule.id not in taken] for name in names}
        modes = {
            name: self._faults.attempt(Mode.parse, text, f"policy.modes.{name}") or Mode()
            for name, text in self._item.modes.items()
        }
        known = {*(presets.keys() - {"none"}), *(rule.id for rules in presets.values() for rule in rules)}
        for name in modes:
            if name not in known:
                self._faults.add(f"policy.modes.{name}", unknown("preset in use, or rule of one,", name, known))
        return [
            _in_mode(rule, modes.get(rule.id), modes.get(name)) for name, rules in presets.items() for rule in rules
        ]

    def preset(self, name: str) -> list[Rule]:
        """Read a policy that ships with the guard, by the same reader as any other."""
        if name == "none":
            return []
        source, items = _shipped(name)
        mine, self._faults = self._faults, Faults()
        rules = [self._rule(item, f"[{i}]") for i, item in enumerate(items)]
        of_preset, self._faults = self._faults, mine
        source.refuse(of_preset.found)
        return rules

    def _required(self, rules: tuple[Rule, ...]) -> None:
        for i, trunk in enumerate(self._trunks):
            if trunk.identity == "require" and not any(
                "require" in rule.when.identity.wanted and rule.when.of_trunk(trunk) for rule in rules
            ):
                self._faults.add(
                    f"trunks[{i}].identity", "no rule has `when: {identity: require}`, so it would have no effect"
                )

    # One rule.

    def _own(self, item: options.Rule, at: str) -> Rule:
        before = len(self._faults.found)
        rule = self._rule(item, at)
        if len(self._faults.found) == before:
            self._placed(rule, at)
        self._faults.name(rule.id, f"{at}.id")
        if rule.id in _OWN_RULES:
            self._faults.add(
                f"{at}.id", f"`{rule.id}` is what the log calls a decision that no rule gave; take another name"
            )
        return rule

    def _placed(self, rule: Rule, at: str) -> None:
        if self._trunks and not any(rule.when.of_trunk(trunk) for trunk in self._trunks):
            named = " and ".join(f"`{name}`" for name in TRUNK if getattr(rule.when, name))
            self._faults.add(f"{at}.when", f"there is no trunk with this {named}: this would never apply")
        elif self._trunks and _needs_diversion(rule.when):
            if not any(trunk.trust_diversion and rule.when.of_trunk(trunk) for trunk in self._trunks):
                what = "no trunk that this is about has `trust_diversion: true`: this would never apply"
                self._faults.add(f"{at}.when", what)
            elif "false" in rule.when.diverted.wanted:
                self._faults.add(f"{at}.when", "nobody diverted a call that was not diverted: this would never apply")

    def _rule(self, item: options.Rule, at: str) -> Rule:
        act = self._faults.attempt(Act.parse, item.then, f"{at}.then") or Act("tag")
        when = self._when(item.when, f"{at}.when")
        return Rule(
            id=item.id,
            when=when,
            then=act,
            mode=self._faults.attempt(Mode.parse, item.mode, f"{at}.mode") or Mode(),
            reason=self._reason_of(act, when, f"{at}.then"),
        )

    def _when(self, item: options.When, at: str) -> When:
        hours = (item.hours,) if isinstance(item.hours, str) else item.hours
        when = When(
            finding=self._among(item.finding, FINDINGS | EXEMPT, f"{at}.finding", "finding or outcome"),
            attestation=self._among(item.attestation, ("A", "B", "C"), f"{at}.attestation", "level"),
            spc=self._like(item.spc, _SPC, f"{at}.spc", "service provider code, such as 1234"),
            repository=self._like(item.repository, _HOST, f"{at}.repository", "host, such as certs.example.com"),
            issuer=self._words(item.issuer, f"{at}.issuer"),
            field=self._among(item.field, ("from", "asserted", "name"), f"{at}.field", "field"),
            country=self._like(item.country, _COUNTRY, f"{at}.country", "country as in ISO 3166-1, such as GB"),
            kind=self._among(item.kind, get_args(Kind), f"{at}.kind", "kind of number"),
            list=self._among(item.list, self._lists, f"{at}.list", "list"),
            owner=self._words(item.owner, f"{at}.owner"),
            trunk=self._among(item.trunk, [trunk.name for trunk in self._trunks], f"{at}.trunk", "trunk"),
            origin=self._among(item.origin, get_args(Origin), f"{at}.origin", "origin"),
            identity=self._among(item.identity, ("require", "prefer", "ignore"), f"{at}.identity", "setting"),
            caller=self._prefixes(item.caller, f"{at}.caller"),
            called=self._prefixes(item.called, f"{at}.called"),
            diverted=ANY if item.diverted is None else Words.of((str(item.diverted).lower(),)),
            diverting=self._prefixes(item.diverting, f"{at}.diverting"),
            hours=self._faults.attempt(Hours.parse, hours, f"{at}.hours") if hours else None,
            days=self._among(_days(item.days), DAYS, f"{at}.days", "day"),
            zone=self._zone,
        )
        self._together(when, at)
        return when

    def _together(self, when: When, at: str) -> None:
        """Find conditions that cannot hold together for one finding."""
        if (when.finding.wanted | when.finding.refused) & EXEMPT:
            self._faults.add(f"{at}.finding", "emergency calls always pass, and no rule is asked about them")
        wanted = codes(when.finding).wanted
        if contradicts(codes(when.finding)) and not contradicts(when.finding):
            self._faults.add(f"{at}.finding", "what is named is refused as well: this would never apply")
        of_token = any(getattr(when, name) for name in TOKEN)
        of_signer = any(getattr(when, name) for name in SIGNER)
        of_number = [name for name in NUMBER if getattr(when, name)]
        if of_token and wanted and Code.PASSED.value not in wanted:
            self._faults.add(at, "only a token that `passed` has an attestation: this would never apply")
        elif (of_token or of_signer) and of_number:
            self._faults.add(at, f"`{of_number[0]}` is of no finding about a token: this would never apply")
        elif of_signer and wanted and not wanted & _OF_TOKENS:
            self._faults.add(at, "only a token has a signer: this would never apply")
        elif of_number and wanted and wanted <= _OF_TOKENS:
            self._faults.add(at, f"`{of_number[0]}` is of no finding named here: this would never apply")

    def _reason_of(self, act: Act, when: When, at: str) -> bytes:
        """Give the Reason of a refusal. That of a token is told where tokens are."""
        if act.verb != "reject":
            return b""
        wanted = codes(when.finding).wanted
        if not act.is_network_block:
            return b"" if wanted & _OF_TOKENS else self._reason
        if not wanted or not wanted <= _ANALYTICS:
            what = f"{_NETWORK_BLOCK} is for what was guessed from many calls (`finding: campaign`), and for no fact"
            self._faults.add(at, f"{what}; a rule about numbers or tokens takes 403 (FCC 25-15)")
        return self._redress

    # Words.

    def _words(self, given: options.Names, at: str, *, prefixes: bool = False) -> Words:
        words = Words.of((given,) if isinstance(given, str) else given)
        if contradicts(words, prefixes=prefixes):
            self._faults.add(at, "what is named is refused as well: this would never apply")
        return words

    def _among(self, given: options.Names, known: Iterable[str], at: str, kind: str) -> Words:
        for i, each in enumerate(() if isinstance(given, str) else given):
            self._faults.among(each.removeprefix(NOT), known, f"{at}[{i}]", kind)
            if each in given[:i]:
                self._faults.add(f"{at}[{i}]", f"`{each}` stands twice; keep one of them")
        if isinstance(given, str):
            self._faults.among(given.removeprefix(NOT), known, at, kind)
        return self._words(given, at)

    def _like(
        self, given: options.Names, is_good: Callable[[str], object], at: str, kind: str, *, prefixes: bool = False
    ) -> Words:
        words = self._words(given, at, prefixes=prefixes)
        for text in sorted(words.wanted | words.refused):
            if not is_good(text):
                self._faults.add(at, f"`{text}` is no {kind}")
        return words

    def _prefixes(self, given: options.Names, at: str) -> Words:
        kind = "beginning of a number, international as +44 or as it is dialled"
        return self._like(given, _PREFIX, at, kind, prefixes=True)

    # What holds for all rules.

    def _time_zone(self, name: str) -> tzinfo:
        if name == "UTC":
            return UTC
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            self._faults.add("policy.time_zone", f"`{name}` is no time zone, such as Europe/London, that is known here")
            return UTC

    def _usual_reason(self, text: str) -> bytes:
        if text and not _REASON(text):
            self._faults.add("policy.reason", f"`{text}` is no value of Reason, such as `Q.850;cause=21`")
        return text.encode("ascii", "replace")

    def _network_block(self, item: options.Redress) -> bytes:
        """Write the Reason that goes with 603 Network Blocked (ATIS-1000099)."""
        at = "policy.redress"
        ways = {name: value for name in ("url", "tel", "email") if (value := getattr(item, name)) is not None}
        if not ways:
            self._faults.add(at, "needs a `url`, a `tel` or an `email`: it is whom a caller complains to")
        for name, value in ways.items():
            if not _CONTACT(value) or (name == "url" and not value.startswith("https://")):
                kind = "https URL" if name == "url" else name
                self._faults.add(f"{at}.{name}", f"`{value}` is no {kind} that can stand there")
        if item.id is not None and not _ID(item.id):
            self._faults.add(f"{at}.id", f"`{item.id}` is none: up to 64 letters, digits, `_` and `-`")
        more = {"id": item.id} if item.id is not None else {}
        text = "".join(f";{name}={value}" for name, value in {**ways, **more}.items())
        return f'SIP;cause=603;text="v=analytics1{text}";location={item.location}'.encode("ascii", "replace")


def preset(name: str) -> tuple[Rule, ...]:
    """Give the rules of a preset as it ships."""
    return tuple(Reader(options.Policy(), Faults(), trunks=(), lists=()).preset(name))


def _needs_diversion(when: When) -> bool:
    return "true" in when.diverted.wanted or bool(when.diverting.wanted)


def _in_mode(rule: Rule, own: Mode | None, of_preset: Mode | None) -> Rule:
    """Set the mode of a preset's rule. One that ships `off` is turned on by its own name alone."""
    mode = own or (of_preset if rule.mode.word != "off" else None)
    return rule if mode is None else msgspec.structs.replace(rule, mode=mode)


def _days(given: options.Names) -> options.Names:
    """Write `mon-fri` as its days; over the end of the week, as `sat-mon`, too. What is none is left as it is."""
    days: list[str] = []
    for each in (given,) if isinstance(given, str) else given:
        not_, name = (NOT, each[1:]) if each.startswith(NOT) else ("", each)
        first, _, last = name.partition("-")
        if first in DAYS and last in DAYS:
            start, end = DAYS.index(first), DAYS.index(last)
            days += [not_ + DAYS[day % 7] for day in range(start, end + 1 + (7 if end < start else 0))]
        else:
            days.append(each)
    return given if isinstance(given, str) and [given] == days else tuple(days)
