"""The conditions of a rule: about the call, and about one of the findings."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Final

import msgspec

from sip_guard.call import Call, Finding, Party
from sip_guard.peer import Trunk
from sip_guard.policy.hours import DAYS, Hours
from sip_guard.policy.words import ANY, Words

TRUNK: Final = ("trunk", "origin", "identity")
"""Conditions that a trunk alone decides about."""
NUMBER: Final = ("field", "country", "kind", "list", "owner")
"""Conditions about a finding that its particulars decide about."""
BEGINNINGS: Final = ("caller", "called", "diverting")
"""Conditions on how a number of the call begins."""
TOKEN: Final = ("attestation", "spc")
"""Conditions about a finding that the token decides about."""
SIGNER: Final = ("repository", "issuer")
"""Conditions about a finding that the certificate of a token's signer decides about."""
ONE_FINDING: Final = (*TOKEN, *SIGNER, *NUMBER)


class When(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Conditions, all of which must hold; an empty one does. Those about a finding must hold for the same one."""

    finding: Words = ANY
    """Codes and outcomes: one of them weighs, or none of them does."""
    attestation: Words = ANY
    """Level of a token that passed."""
    spc: Words = ANY
    """Service provider codes of its signer."""
    repository: Words = ANY
    """Host that its certificate is fetched from."""
    issuer: Words = ANY
    """Name of who issued that certificate (RFC 4514)."""
    field: Words = ANY
    """`from`, `asserted` or `name`: where the number stands."""
    country: Words = ANY
    """Of the number, as ISO 3166-1 code."""
    kind: Words = ANY
    """Of the number by its country's plan: `mobile`, `geographic`, ..."""
    list: Words = ANY
    """Name of the list that the number is on."""
    owner: Words = ANY
    """Whose number it is by that list."""
    trunk: Words = ANY
    origin: Words = ANY
    """Where the trunk's calls begin."""
    identity: Words = ANY
    """The trunk's `identity`."""
    caller: Words = ANY
    """How a number that is shown begins: From, or by the trunk's word."""
    called: Words = ANY
    """How the number begins that the call goes to."""
    diverted: Words = ANY
    """`true` or `false`: whether it was diverted on its way, by the word of a trunk that is believed about it."""
    diverting: Words = ANY
    """How a number that diverted it begins, by the same word."""
    hours: Hours | None = None
    """When the call comes; None: at any time."""
    days: Words = ANY
    zone: tzinfo = UTC
    """Whose clocks `hours` and `days` go by."""

    @property
    def conditions(self) -> dict[str, str]:
        """Give what is asked for, by name, as it is written in a rule."""
        given = msgspec.structs.asdict(self)
        return {name: str(value) for name, value in given.items() if name != "zone" and value}

    def of_trunk(self, trunk: Trunk) -> bool:
        """Tell whether calls of a trunk can be meant at all."""
        return (
            self.trunk.take((trunk.name,))
            and self.origin.take((trunk.origin,))
            and self.identity.take((trunk.identity,))
        )

    def of_names(self, names: frozenset[str]) -> bool:
        """Tell whether calls with findings of these codes and outcomes, and no others, can be meant."""
        return self.finding.take(names)

    def match(self, call: Call, findings: Sequence[Finding]) -> Sequence[Finding] | None:
        """Give the findings that made it hold, perhaps none; None where it does not hold."""
        if not (self.of_trunk(call.trunk) and self.of_names(names_of(findings))):
            return None
        return self.match_rest(call, findings)

    def match_rest(self, call: Call, findings: Sequence[Finding]) -> Sequence[Finding] | None:
        """Do as `match` where `of_trunk` and `of_names` hold already."""
        if self._asks_of_call and not (self._of_numbers(call) and self._of_diversion(call) and self._of_time(call)):
            return None
        about = self._of_one_finding
        if not about and not self.finding.wanted:
            return ()
        matched = self._named(findings)
        if about:
            matched = [each for each in matched if all(_takes(words, name, each) for name, words in about)]
        return tuple(matched) or None

    @cached_property
    def _asks_of_call(self) -> bool:
        """Whether it asks for anything but the trunk and the findings."""
        return self.hours is not None or any(getattr(self, name) for name in (*BEGINNINGS, "diverted", "days"))

    @cached_property
    def _of_one_finding(self) -> tuple[tuple[str, Words], ...]:
        """What is asked of one finding beside its name."""
        return tuple((name, words) for name in ONE_FINDING if (words := getattr(self, name)))

    def unmet(self, call: Call, findings: Sequence[Finding]) -> tuple[str, ...]:
        """Name the conditions that do not hold, as they are written in a rule; none: it holds.

        Where each of those about a finding holds for one, and all of them for none, they are named together.
        """
        asked: dict[str, Callable[[], bool]] = {
            "trunk": lambda: self.trunk.take((call.trunk.name,)),
            "origin": lambda: self.origin.take((call.trunk.origin,)),
            "identity": lambda: self.identity.take((call.trunk.identity,)),
            "caller": lambda: self.caller.begin(_callers(call)),
            "called": lambda: self.called.begin(_texts(call.target)),
            "diverted": lambda: self.diverted.take((str(call.diverted).lower(),)),
            "diverting": lambda: self.diverting.begin(_diverting(call)),
            "hours": lambda: self.hours is None or self.hours.include(_minute(self._moment(call))),
            "days": lambda: self.days.take((_day(self._moment(call)),)),
            "finding": lambda: self.of_names(names_of(findings)),
        }
        written = self.conditions
        unmet = [name for name, holds in asked.items() if name in written and not holds()]
        if not unmet and self.match(call, findings) is None:
            about = [str(name) for name in ONE_FINDING if name in written]
            named = self._named(findings)
            apart = [name for name in about if not any(_takes(getattr(self, name), name, finding) for finding in named)]
            unmet = apart or about
        return tuple(f"{name}: {written[name]}" for name in unmet)

    def _named(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        """Give those of the names that are asked for."""
        wanted = self.finding.wanted
        return [finding for finding in findings if not wanted or not wanted.isdisjoint(_names(finding))]

    def _of_numbers(self, call: Call) -> bool:
        return (self.caller is ANY or self.caller.begin(_callers(call))) and (
            self.called is ANY or self.called.begin(_texts(call.target))
        )

    def _of_diversion(self, call: Call) -> bool:
        return (self.diverted is ANY or self.diverted.take((str(call.diverted).lower(),))) and (
            self.diverting is ANY or self.diverting.begin(_diverting(call))
        )

    def _of_time(self, call: Call) -> bool:
        if self.hours is None and self.days is ANY:
            return True
        moment = self._moment(call)
        return (self.hours is None or self.hours.include(_minute(moment))) and self.days.take((_day(moment),))

    def _moment(self, call: Call) -> datetime:
        return datetime.fromtimestamp(call.arrival, self.zone)


def names_of(findings: Iterable[Finding]) -> frozenset[str]:
    """Give all names by which a rule can mean one of these findings."""
    return frozenset(name for finding in findings for name in _names(finding))


def _names(finding: Finding) -> tuple[str, str]:
    return finding.code.value, finding.code.outcome


def _takes(words: Words, name: str, finding: Finding) -> bool:
    """Tell whether the condition `name` about a finding, which asks for `words`, holds."""
    if name not in TOKEN:
        found = [str(value) for key, value in finding.particulars if key == name or key.endswith(f"_{name}")]
        return words.take(found) and (bool(found) or name not in SIGNER)
    attestation = finding.attestation
    if attestation is None:
        return False
    return words.take((attestation.level,) if name == "attestation" else attestation.spc.split(","))


def _callers(call: Call) -> tuple[str, ...]:
    return tuple(text for _, party in call.shown() for text in _texts(party))


def _diverting(call: Call) -> tuple[str, ...]:
    parties = call.diverting if call.trunk.trust_diversion else ()
    return tuple(text for party in parties for text in _texts(party))


def _texts(party: Party) -> tuple[str, ...]:
    """Give a number as it was dialled, and if it is international as `+44...`."""
    user = party.uri.user.decode("utf-8", "replace") if party.uri is not None else ""
    number = party.number
    # Service numbers and star codes stay national (RFC 8224 8.3).
    return (user,) if number is None or len(number) <= 6 or not number.isdecimal() else (user, f"+{number}")


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _day(moment: datetime) -> str:
    return DAYS[moment.weekday()]
