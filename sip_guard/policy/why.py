"""Why each rule of a policy did or did not apply to a call."""

from collections.abc import Sequence

import msgspec

from sip_guard.call import Call, Finding
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
from sip_guard.policy.weighing import exempt


class Step(msgspec.Struct, frozen=True):
    """One rule, as it was asked about a call."""

    rule: Rule
    asked: bool
    """False: an earlier rule had ended the list."""
    unmet: tuple[str, ...] = ()
    """Conditions that did not hold, as they are written in a rule, or none if it applied."""
    in_shadow: bool = False
    """Whether it only says what it would have done, as all do that are in sample and not for this call."""
    matched: tuple[Finding, ...] = ()
    """The findings that made it apply, perhaps none."""

    @property
    def applies(self) -> bool:
        """Whether all its conditions held."""
        return self.asked and not self.unmet

    @property
    def outcome(self) -> str:
        """What came of it, in a word or two."""
        if not self.asked:
            return "not asked"
        if not self.applies:
            return "does not apply"
        return "in shadow" if self.in_shadow else "applies"

    @property
    def because(self) -> str:
        """Why that came of it, for people."""
        if not self.asked:
            return "an earlier rule ended the list"
        if self.unmet:
            return f"not so: {'; '.join(self.unmet)}"
        codes = dict.fromkeys(finding.code.value for finding in self.matched)
        return ", ".join(codes) or "it holds for every such call"


def why(call: Call, findings: Sequence[Finding], rules: Rules) -> list[Step]:
    """Ask the rules as `decide` does, and say of each what came of it. `findings` are those of the decision.

    Gives none where the call passes whatever the rules say.
    """
    if exempt(findings) is not None:
        return []
    weighing = [finding for finding in findings if finding.weighs]
    steps: list[Step] = []
    ended = False
    for rule in rules:
        if ended:
            steps.append(Step(rule, asked=False))
            continue
        matched = rule.when.match(call, weighing)
        if matched is None:
            steps.append(Step(rule, asked=True, unmet=rule.when.unmet(call, weighing)))
            continue
        in_shadow = rules.mode(rule, call).word == "shadow"
        steps.append(Step(rule, asked=True, in_shadow=in_shadow, matched=tuple(matched)))
        ended = rule.then.ends and not in_shadow
    return steps
