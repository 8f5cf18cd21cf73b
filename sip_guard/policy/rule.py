"""A rule: conditions over what was found, and what is done when they all hold."""

import msgspec

from sip_guard.call import Code, Outcome
from sip_guard.policy.act import ENFORCE, Act, Mode
from sip_guard.policy.when import When

EXEMPT = frozenset([Outcome.EXEMPT.value, *(code.value for code in Code if code.outcome is Outcome.EXEMPT)])
"""Findings of calls that pass before any rule is asked."""
FINDINGS = frozenset([*(code.value for code in Code), *(outcome.value for outcome in Outcome)]) - EXEMPT
"""What `finding` in a rule can name: a code, or an outcome for all its codes."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the policy."""

    id: str
    when: When = When()
    then: Act
    mode: Mode = ENFORCE
    reason: bytes = b""
    """A value of Reason (RFC 3326) that a refusal carries; empty: none."""
