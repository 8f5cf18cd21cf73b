"""From a call to a decision: what waits has a limit, and a mistake costs a finding, never a call."""

from incoming import DEFAULT, call, passed
from scene import trunk
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import Check
from sip_guard.checks.emergency import Options
from sip_guard.policy.decision import Decision, TagOptions
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
from sip_guard.screen import Screening

STALE = Finding(Code.IAT_STALE, "old", token=1)
UNSIGNED = Finding(Code.NO_IDENTITY)
NOTE = Finding(Code.CLAIM_INVALID, "from another check")
LIMIT = 3.0


class AtOnce:
    """A check that need not wait."""

    def __init__(self, *found: Finding, mistake: Exception | None = None, name: str = "at-once") -> None:
        self.name = name
        self.calls: list[Call] = []
        self._found = list(found)
        self._mistake = mistake

    def check(self, call: Call) -> list[Finding]:
        self.calls.append(call)
        if self._mistake is not None:
            raise self._mistake
        return self._found


class Later:
    """A check that is answered when the test says so."""

    def __init__(self, name: str = "later") -> None:
        self.name = name
        self.left = 0
        self.calls: list[Call] = []
        self.found: Deferred[list[Finding]] = Deferred(self._leave)

    def check(self, call: Call) -> Deferred[list[Finding]]:
        self.calls.append(call)
        return self.found

    def _leave(self, _: object) -> None:
        self.left += 1


class Deaf(Later):
    """A check that goes on when it is told to stop."""

    def __init__(self) -> None:
        super().__init__("deaf")
        self.found = Deferred()


class Desk:
    """Screens one call at a time, on a clock that only the test moves."""

    def __init__(self, *checks: Check, rules: Rules | None = None) -> None:
        self.clock = Clock()
        self.mistakes: list[tuple[str, str]] = []
        self.decisions: list[Decision] = []
        self.failures: list[BaseException] = []
        self._screening = Screening(
            checks,
            rules or Rules(DEFAULT),
            self.clock,
            emergency=Options(),
            tags=TagOptions(),
            time_limit=LIMIT,
            mistake=lambda where, error: self.mistakes.append((where, str(error))),
        )

    def decides(self, of: Call | None = None) -> Decision:
        """Screen a call that need not wait."""
        decision = self._screening.screen(of or call())
        assert isinstance(decision, Decision)
        return decision

    def begins(self) -> Deferred[Decision]:
        """Screen a call that has to wait."""
        decision = self._screening.screen(call())
        assert isinstance(decision, Deferred)
        decision.addCallbacks(self.decisions.append, lambda failure: self.failures.append(failure.value))
        return decision

    def decided(self) -> list[str]:
        """Give the reasons of the decisions so far."""
        return [decision.reason for decision in self.decisions]

    def only(self) -> Decision:
        (decision,) = self.decisions
        return decision


def test_a_call_that_need_not_wait_is_decided_at_once() -> None:
    decision = Desk(AtOnce(STALE)).decides()
    assert (decision.rule, decision.findings) == ("stale", (STALE,))


def test_the_findings_of_all_checks_are_put_together() -> None:
    assert Desk(AtOnce(STALE), AtOnce(), AtOnce(NOTE, UNSIGNED)).decides().findings == (STALE, NOTE, UNSIGNED)


def test_without_checks_the_policy_alone_decides() -> None:
    assert Desk().decides().rule == "default"


def test_an_emergency_call_is_not_screened() -> None:
    check = AtOnce(STALE)
    decision = Desk(check).decides(call(uri="sip:112@guard.example"))
    assert (decision.rule, decision.action, decision.findings[0].code) == ("emergency", "allow", Code.EMERGENCY)
    assert check.calls == []


def test_a_call_back_is_screened_where_its_trunk_says_so() -> None:
    marked = "Priority: psap-callback"
    assert Desk(AtOnce(STALE)).decides(call(marked)).rule == "psap-callback"
    assert Desk(AtOnce(STALE)).decides(call(marked, trunk=trunk(psap_callback="screen"))).rule == "stale"


def test_a_call_that_waits_is_decided_when_the_last_check_is_done() -> None:
    one, two = Later("one"), Later("two")
    desk = Desk(one, AtOnce(UNSIGNED), two)
    desk.begins()
    two.found.callback([STALE])
    assert desk.decided() == []
    one.found.callback([NOTE])
    assert desk.only().findings == (UNSIGNED, NOTE, STALE)
    assert desk.clock.getDelayedCalls() == []


def test_a_check_that_is_done_already_is_not_waited_for() -> None:
    check = Later()
    check.found.callback([STALE])
    desk = Desk(check)
    desk.begins()
    assert desk.decided() == ["iat-stale"]
    assert desk.clock.getDelayedCalls() == []


def test_a_check_that_takes_too_long_is_unavailable() -> None:
    check = Later("identity")
    desk = Desk(check)
    desk.begins()
    desk.clock.advance(LIMIT - 0.001)
    assert desk.decided() == []
    desk.clock.advance(0.001)
    assert desk.only().findings == (Finding(Code.CHECK_UNAVAILABLE, "identity took longer than 3 s"),)
    assert (desk.only().rule, check.left, desk.mistakes) == ("unavailable", 1, [])


def test_each_check_has_its_own_limit() -> None:
    quick, slow = Later("quick"), Later("slow")
    desk = Desk(quick, slow)
    desk.begins()
    quick.found.callback([passed()])
    desk.clock.advance(LIMIT)
    assert [finding.code for finding in desk.only().findings] == [Code.PASSED, Code.CHECK_UNAVAILABLE]
    assert (quick.left, slow.left) == (0, 1)


def test_an_answer_after_the_limit_is_too_late() -> None:
    check = Deaf()
    desk = Desk(check)
    desk.begins()
    desk.clock.advance(LIMIT)
    check.found.callback([passed()])
    assert desk.decided() == ["check-unavailable"]


def test_a_check_that_raises_is_a_mistake_and_a_finding() -> None:
    desk = Desk(AtOnce(mistake=RuntimeError("oh"), name="broken"), AtOnce(UNSIGNED))
    decision = desk.decides()
    assert [finding.code for finding in decision.findings] == [Code.CHECK_UNAVAILABLE, Code.NO_IDENTITY]
    assert decision.findings[0].detail == "broken failed: a mistake of sip_guard, see its log"
    assert desk.mistakes == [("broken", "oh")]


def test_a_check_that_fails_later_is_a_mistake_and_a_finding() -> None:
    check = Later("broken")
    desk = Desk(check, AtOnce(STALE))
    desk.begins()
    check.found.errback(RuntimeError("oh"))
    assert [finding.code for finding in desk.only().findings] == [Code.IAT_STALE, Code.CHECK_UNAVAILABLE]
    assert desk.mistakes == [("broken", "oh")]
    assert desk.clock.getDelayedCalls() == []


def test_a_time_limit_within_a_check_is_no_mistake() -> None:
    check = Later("identity")
    desk = Desk(check)
    desk.begins()
    check.found.cancel()
    assert desk.mistakes == []
    assert desk.only().findings == ()


def test_cancelling_stops_every_check_and_decides_nothing() -> None:
    one, two = Later("one"), Later("two")
    desk = Desk(one, two)
    decision = desk.begins()
    decision.cancel()
    assert (one.left, two.left) == (1, 1)
    assert [type(failure) for failure in desk.failures] == [CancelledError]
    assert (desk.decisions, desk.mistakes) == ([], [])
    assert desk.clock.getDelayedCalls() == []


def test_an_answer_after_cancelling_is_nobodys_concern() -> None:
    check = Deaf()
    desk = Desk(check)
    desk.begins().cancel()
    check.found.callback([passed()])
    desk.clock.advance(LIMIT)
    assert (desk.decisions, len(desk.failures)) == ([], 1)


def test_a_mistake_of_the_policy_is_passed_on() -> None:
    class Broken(Rules):
        def about(self, *_: object) -> tuple[Rule, ...]:
            raise RuntimeError("oh")

    check = Later()
    desk = Desk(check, rules=Broken())
    desk.begins()
    check.found.callback([])
    assert [str(failure) for failure in desk.failures] == ["oh"]
