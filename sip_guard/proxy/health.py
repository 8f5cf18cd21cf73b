"""Which addresses of targets are up: what calls and probes found there (RFC 3263 4.3)."""

import math

import msgspec

from sip_guard.peer import Target
from sip_guard.sip.flow import End

LONGEST_REFUSAL = 300.0
"""Seconds of a Retry-After that are believed: a wrong one shall not take a target away for a day."""


class _Trouble(msgspec.Struct):
    """What is known of an address that is not simply up."""

    unanswered: int = 0
    answered: int = 0
    """Answers in a row since it was marked down."""
    down_until: float = 0.0
    refusing: bool = False
    """It is there, and has said that it wants to be left alone for so long."""


class Health:
    """Keeps what is wrong with the addresses of targets. Of one that answers nothing is kept."""

    def __init__(self) -> None:
        self._troubles: dict[End, _Trouble] = {}
        self.troubled = self._troubles.keys()
        """The addresses of which something is kept."""

    def is_up(self, end: End, now: float) -> bool:
        """Tell whether calls may go there."""
        trouble = self._troubles.get(end)
        return trouble is None or trouble.down_until <= now

    def tried(self, end: End, target: Target, now: float) -> None:
        """Take note that a request is sent there. If it was down, this one tries it, and others wait for what comes."""
        trouble = self._troubles.get(end)
        if trouble is not None and trouble.unanswered >= target.down_after:
            trouble.down_until = max(trouble.down_until, now + target.retry_after)

    def answered(self, end: End, target: Target, now: float) -> bool:
        """Take note of any answer. True if that marks it up."""
        trouble = self._troubles.get(end)
        if trouble is None:
            return False
        trouble.unanswered = 0
        trouble.answered += 1
        if trouble.refusing and now < trouble.down_until:
            return False
        if trouble.down_until == math.inf and target.probe is not None and trouble.answered < target.probe.up_after:
            return False
        del self._troubles[end]
        return trouble.down_until > 0

    def unanswered(self, end: End, target: Target, now: float) -> bool:
        """Take note of a request that had no answer. True if that marks it down."""
        trouble = self._troubles.setdefault(end, _Trouble())
        trouble.answered = 0
        trouble.unanswered += 1
        if trouble.unanswered < target.down_after:
            return False
        was_up = trouble.unanswered == target.down_after
        trouble.refusing = False
        trouble.down_until = math.inf if target.probe is not None else now + target.retry_after
        return was_up

    def refused(self, end: End, seconds: float, now: float) -> bool:
        """Take note of a 503 with Retry-After (RFC 3261 21.5.4). True if that marks it down."""
        trouble = self._troubles.setdefault(end, _Trouble())
        was_up = trouble.down_until <= now
        trouble.refusing = True
        trouble.down_until = max(trouble.down_until, now + min(seconds, LONGEST_REFUSAL))
        return was_up

    def forget(self, end: End) -> None:
        """Let go of an address that is no target's any more."""
        self._troubles.pop(end, None)
