"""From a request to a decision: every check is asked, each with its time limit, then the policy decides."""

from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.defer import TimeoutError as TimeLimitPassed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import Check, Follows
from sip_guard.checks.emergency import Options as EmergencyOptions
from sip_guard.checks.emergency import emergency
from sip_guard.policy.decision import Decision, TagOptions, decide, passed_by
from sip_guard.policy.rules import Rules

Mistake = Callable[[str, BaseException | None], None]
"""Takes a mistake of our own, with the check that made it, to be logged and counted."""


class Screening:
    """Asks and decides. A call that need not wait costs no waiting."""

    def __init__(
        self,
        checks: Sequence[Check],
        rules: Rules,
        clock: IReactorTime,
        *,
        emergency: EmergencyOptions,
        tags: TagOptions,
        time_limit: float,
        mistake: Mistake,
    ) -> None:
        """`time_limit`: seconds that each check may take; past it, it counts as unavailable."""
        self._checks = checks
        self._following = [check for check in checks if isinstance(check, Follows)]
        self._rules = rules
        self._clock = clock
        self._emergency = emergency
        self._tags = tags
        self._time_limit = time_limit
        self._mistake = mistake

    def screen(self, call: Call) -> Decision | Deferred[Decision]:
        """Decide about a call. Cancelling what is waited for stops the finding out."""
        always = emergency(call, self._emergency)
        if always is not None:
            return passed_by(always, self._tags)
        findings, later = asked(self._checks, call, self._mistake)
        waiting = [self._limited(check, found) for check, found in later]
        if not waiting:
            return self._decide(call, findings)
        return self._decided_later(call, findings, waiting)

    def ended(self, caller: int, duration: float) -> None:
        """Tell the checks that want to know it how many seconds an answered call of a caller has lasted."""
        for check in self._following:
            check.ended(caller, duration)

    def _decided_later(
        self, call: Call, findings: list[Finding], waiting: list[Deferred[list[Finding]]]
    ) -> Deferred[Decision]:
        decision: Deferred[Decision] = Deferred()
        gathered: Deferred[list[tuple[bool, list[Finding]]]] = DeferredList(waiting)
        gathered.addCallback(
            lambda results: self._decide(call, findings + [finding for _, found in results for finding in found])
        ).chainDeferred(decision)

        def stop(failure: Failure) -> Failure:
            gathered.cancel()
            return failure

        return decision.addErrback(stop)

    def _limited(self, check: Check, found: Deferred[list[Finding]]) -> Deferred[list[Finding]]:
        found.addTimeout(self._time_limit, self._clock)

        def failed(failure: Failure) -> list[Finding]:
            return self._failed(check, failure.value)

        return found.addErrback(failed)

    def _failed(self, check: Check, error: BaseException | None) -> list[Finding]:
        if isinstance(error, TimeLimitPassed):
            return [Finding(Code.CHECK_UNAVAILABLE, f"{check.name} took longer than {self._time_limit:g} s")]
        if isinstance(error, CancelledError):
            return []
        return mistaken(check, error, self._mistake)

    def _decide(self, call: Call, findings: list[Finding]) -> Decision:
        return decide(call, findings, self._rules, self._tags)


def asked(
    checks: Iterable[Check], call: Call, mistake: Mistake
) -> tuple[list[Finding], list[tuple[Check, Deferred[list[Finding]]]]]:
    """Ask checks about a call: give what was found at once, and what has yet to be found out."""
    findings: list[Finding] = []
    later: list[tuple[Check, Deferred[list[Finding]]]] = []
    for check in checks:
        try:
            found = check.check(call)
        except Exception as error:  # noqa: BLE001 - our own mistake costs a finding, never a call
            findings += mistaken(check, error, mistake)
            continue
        if isinstance(found, list):
            findings += found
        else:
            later.append((check, found))
    return findings, later


def mistaken(check: Check, error: BaseException | None, mistake: Mistake) -> list[Finding]:
    """Give the finding that a mistake of our own costs, and tell of it."""
    mistake(check.name, error)
    return [Finding(Code.CHECK_UNAVAILABLE, f"{check.name} failed: a mistake of sip_guard, see its log")]
