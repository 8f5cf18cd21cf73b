"""Why each rule of a policy did or did not apply to a call."""

from collections.abc import Sequence

import msgspec

from sip_guard.call import Call, Finding
from sip_guard.policy.rule import Rule


class Step(msgspec.Struct, frozen=True):
    """One rule, as it was asked about a call."""

    rule: Rule
    asked: bool
    """False: an earlier rule had ended the list."""
    unmet: tuple[str, ...] = ()
    """Conditions that did not hold, as they are written in a rule, or none if it applied."""
    matched: tuple[Finding, ...] = ()
    """The findings that made it apply, perhaps none."""

    @property
    def applies(self) -> bool:
        """Whether all its conditions held."""
        return self.asked and not self.unmet


def why(call: Call, findings: Sequence[Finding], rules: Sequence[Rule]) -> list[Step]:
    """Ask the rules as `decide` does, and say of each what came of it. `findings` are those of the decision."""
    weighing = [finding for finding in findings if finding.weighs]
    steps: list[Step] = []
    ended = False
    for rule in rules:
        if ended:
            steps.append(Step(rule, asked=False))
            continue
        matched = rule.match(call, weighing)
        if matched is None:
            steps.append(Step(rule, asked=True, unmet=_unmet(rule, call, weighing)))
            continue
        steps.append(Step(rule, asked=True, matched=tuple(matched)))
        ended = rule.mode == "enforce" and rule.then.verb != "tag"
    return steps


def _unmet(rule: Rule, call: Call, findings: Sequence[Finding]) -> tuple[str, ...]:
    unmet = []
    if rule.trunks and call.trunk.name not in rule.trunks:
        unmet.append(_written("trunk", rule.trunks))
    if rule.identity and call.trunk.identity not in rule.identity:
        unmet.append(_written("identity", rule.identity))
    names = {name for finding in findings for name in (finding.code.value, finding.code.outcome.value)}
    if rule.findings and names.isdisjoint(rule.findings):
        unmet.append(_written("finding", rule.findings))
    levels = {finding.attestation.level for finding in findings if finding.attestation is not None}
    if rule.attestation and levels.isdisjoint(rule.attestation):
        unmet.append(_written("attestation", rule.attestation))
    return tuple(unmet) or (f"{_written('finding', rule.findings)} with {_written('attestation', rule.attestation)}",)


def _written(name: str, values: frozenset[str]) -> str:
    return f"{name}: {', '.join(sorted(values))}"
