"""A rule: conditions over what was found, and what is done when they all hold."""

from collections.abc import Iterable
from typing import Literal, Self

import msgspec

from sip_guard.call import Call, Code, Finding, Outcome

MODES = ("enforce", "shadow")

EXEMPT = frozenset([Outcome.EXEMPT.value, *(code.value for code in Code if code.outcome is Outcome.EXEMPT)])
"""Findings of calls that pass before any rule is asked."""
FINDINGS = frozenset([*(code.value for code in Code), *(outcome.value for outcome in Outcome)]) - EXEMPT
"""What `finding` in a rule can name: a code, or an outcome for all its codes."""


class Act(msgspec.Struct, frozen=True):
    """What a rule does: `allow` and `reject` end the list, `tag` lets later rules speak."""

    verb: Literal["allow", "tag", "reject"]
    code: int = 0
    """SIP code of a rejection; 0: that of the finding."""
    phrase: str = ""
    """Reason phrase of a rejection; empty: that of the finding if it has this code, else the usual one."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `allow`, `tag`, `reject`, `reject 403` or `reject 403 Some Phrase`. Raises ValueError."""
        verb, _, rest = text.strip().partition(" ")
        if verb in ("allow", "tag") and not rest:
            return cls("allow" if verb == "allow" else "tag")
        code, _, phrase = rest.strip().partition(" ")
        if verb != "reject" or (code and not (code.isascii() and code.isdigit() and 400 <= int(code) <= 699)):
            raise ValueError("expected `allow`, `tag`, `reject` or `reject CODE [PHRASE]` with a code from 400 to 699")
        if not all(" " <= c < "\x7f" for c in phrase):
            raise ValueError("a reason phrase holds printable ASCII characters only")
        return cls("reject", int(code or 0), phrase.strip())

    def __str__(self) -> str:
        """Give it as it is written in a rule."""
        return " ".join(filter(None, (self.verb, str(self.code or ""), self.phrase)))


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the policy. An empty condition holds for every call."""

    id: str
    then: Act
    mode: Literal["enforce", "shadow"] = "enforce"
    findings: frozenset[str] = frozenset()
    """Codes and outcomes, one of which has to be among the findings that weigh."""
    identity: frozenset[str] = frozenset()
    """The trunk's `identity` setting is one of these."""
    trunks: frozenset[str] = frozenset()
    """The trunk's name is one of these."""
    attestation: frozenset[str] = frozenset()
    """A token that passed has one of these levels."""

    def match(self, call: Call, findings: Iterable[Finding]) -> list[Finding] | None:
        """Give the findings that made the rule apply, perhaps none; None where it does not apply."""
        if self.trunks and call.trunk.name not in self.trunks:
            return None
        if self.identity and call.trunk.identity not in self.identity:
            return None
        if not self.findings and not self.attestation:
            return []
        matched = [
            finding
            for finding in findings
            if (not self.findings or finding.code.value in self.findings or finding.code.outcome in self.findings)
            and (
                not self.attestation
                or (finding.attestation is not None and finding.attestation.level in self.attestation)
            )
        ]
        return matched or None
