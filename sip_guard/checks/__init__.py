"""What is found out about a call, one check a file."""

from typing import Protocol, runtime_checkable

from twisted.internet.defer import Deferred

from sip_guard.call import Call, Finding

MAX_IDENTITIES = 8
"""Tokens of a call that are looked at."""


class Check(Protocol):
    """Finds out one thing. At once where it can, so that a call that need not wait pays for no waiting."""

    name: str

    def check(self, call: Call) -> list[Finding] | Deferred[list[Finding]]:
        """Give what was found. What could not be found out is a finding too, never an exception."""


@runtime_checkable
class Follows(Protocol):
    """A check that learns how calls have ended that were answered."""

    def ended(self, caller: int, duration: float) -> None:
        """Take note of one, by `Call.caller`, after so many seconds, when it ends."""
