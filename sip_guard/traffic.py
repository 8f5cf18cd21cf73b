"""What comes and what is decided about it, counted: plain counters, for every call pays for them.

Their keys are words of the configuration and of the code, never of peers: there are as many as those have.
"""

from collections import Counter
from typing import Final

from sip_guard.call import Call, Outcome
from sip_guard.histogram import Histogram
from sip_guard.policy.decision import Decision
from sip_guard.policy.weighing import deciding

DECISION_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""From a check that knows the certificate to one that waits for it until the time limit."""


class Traffic:
    """The counters of a guard at work."""

    def __init__(self) -> None:
        self.invites: Counter[str] = Counter()
        """INVITEs that begin a call and were taken to be judged, by trunk."""
        self.decisions: Counter[tuple[str, str, str, str]] = Counter()
        """By trunk, action, rule and mode. With `shadow` it was not done, and stands beside what was."""
        self.verifications: Counter[tuple[str, str, str]] = Counter()
        """What the tokens of calls came to, by trunk, result and the code of the finding that it came from."""
        self.attestations: Counter[tuple[str, str]] = Counter()
        """Calls whose token passed, by trunk and level."""
        self.replays = 0
        """Calls with a token that came before with another call."""
        self.malformed: Counter[int] = Counter()
        """Messages that could not be read, by what the sender is told."""
        self.seconds = Histogram(DECISION_SECONDS)
        """From an INVITE to the decision about it."""

    def decided(self, call: Call, decision: Decision, seconds: float) -> None:
        """Count a decision that took so many seconds."""
        trunk = call.trunk.name
        self.seconds.add(seconds)
        # Of `sample 5%` one word: the share is the configuration's, and may change.
        mode = decision.mode if decision.mode == "enforce" else "sample"
        self.decisions[trunk, decision.action, decision.rule, mode] += 1
        for shadow in decision.shadows:
            self.decisions[trunk, shadow.action, shadow.rule, "shadow"] += 1
        found = deciding(decision.findings)
        self.verifications[trunk, decision.result, "-" if found is None else found.code.value] += 1
        if found is not None:
            if found.attestation is not None:
                self.attestations[trunk, found.attestation.level or "-"] += 1
            elif found.code.outcome is Outcome.REPLAYED:
                self.replays += 1
