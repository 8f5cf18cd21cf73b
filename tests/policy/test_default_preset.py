"""The policy that ships: what fails attestation is refused, the rest is tagged, whatever code it is."""

import pytest
from incoming import DEFAULT, call, decide, passed, rule
from scene import trunk

from sip_guard.call import Code, Finding, Outcome
from sip_guard.policy.decision import TagOptions
from sip_guard.verdict import Forward, Reject

FAILED = {Outcome.MISMATCH, Outcome.STALE, Outcome.BAD_SIGNATURE, Outcome.UNTRUSTED, Outcome.MALFORMED}
TAGGED = {Outcome.UNSIGNED, Outcome.UNAVAILABLE, Outcome.UNATTESTED, Outcome.REPLAYED}


def codes(outcomes: set[Outcome]) -> list[Code]:
    return [code for code in Code if code.outcome in outcomes]


@pytest.mark.parametrize("code", codes(FAILED), ids=lambda code: code.value)
def test_what_fails_is_refused_with_the_answer_of_its_code(code: Code) -> None:
    decision = decide(call(), [Finding(code, token=1)], DEFAULT, TagOptions())
    assert decision.verdict == Reject(code.sip_code, code.phrase)
    assert (decision.rule, decision.action) == (code.outcome.value, f"reject {code.sip_code}")
    assert (decision.result, decision.reason) == ("failed", code.value)


@pytest.mark.parametrize("code", codes(TAGGED), ids=lambda code: code.value)
def test_what_could_not_be_judged_is_tagged(code: Code) -> None:
    decision = decide(call(), [Finding(code)], DEFAULT, TagOptions())
    assert isinstance(decision.verdict, Forward)
    assert decision.verdict.tags.verstat is None
    assert (decision.rule, decision.action, decision.reason) == (code.outcome.value, "tag", code.value)
    assert decision.result == ("absent" if code.outcome is Outcome.UNSIGNED else "unable")


def test_what_passed_is_tagged_as_passed() -> None:
    decision = decide(call(), [passed("B")], DEFAULT, TagOptions())
    assert isinstance(decision.verdict, Forward)
    assert decision.verdict.tags.verstat == "TN-Validation-Passed"
    assert (decision.rule, decision.result, decision.action) == ("attested", "passed", "tag")


@pytest.mark.parametrize("code", codes({Outcome.UNSIGNED}), ids=lambda code: code.value)
def test_a_trunk_can_require_tokens(code: Code) -> None:
    decision = decide(call(trunk=trunk(identity="require")), [Finding(code)], DEFAULT, TagOptions())
    assert decision.verdict == Reject(428, code.phrase)
    assert decision.rule == "identity-required"


@pytest.mark.parametrize("code", codes(TAGGED - {Outcome.UNSIGNED}), ids=lambda code: code.value)
def test_an_outage_is_no_missing_token_even_where_tokens_are_required(code: Code) -> None:
    decision = decide(call(trunk=trunk(identity="require")), [Finding(code)], DEFAULT, TagOptions())
    assert decision.action == "tag"


def test_a_trunk_that_ignores_tokens_is_let_through_untagged() -> None:
    decision = decide(call(trunk=trunk(identity="ignore")), [], DEFAULT, TagOptions())
    assert decision.verdict == Forward()
    assert (decision.rule, decision.action, decision.result, decision.reason) == ("default", "allow", "absent", "-")


PLANNED = [code for code in codes({Outcome.NUMBER}) if code is not Code.NUMBER_PROTECTED]


@pytest.mark.parametrize("code", PLANNED, ids=lambda code: code.value)
def test_what_is_wrong_with_a_number_is_only_shown_until_the_operator_enforces_it(code: Code) -> None:
    decision = decide(call(), [Finding(code)], DEFAULT, TagOptions())
    assert (decision.action, decision.reason, decision.result) == ("tag", code.value, "absent")
    assert [(shadow.rule, shadow.action) for shadow in decision.shadows] == [("number", "reject 403")]
    enforced = [rule("number", "reject", "number"), *DEFAULT[1:]]
    assert decide(call(), [passed("A"), Finding(code)], enforced, TagOptions()).verdict == Reject(403, "Forbidden")


@pytest.mark.parametrize("code", codes({Outcome.CAMPAIGN}), ids=lambda code: code.value)
def test_what_is_only_guessed_is_tagged_and_nobody_is_refused_for_it(code: Code) -> None:
    decision = decide(call(), [Finding(code), Finding(Code.NO_IDENTITY)], DEFAULT, TagOptions())
    assert (decision.action, decision.rule, decision.result, decision.shadows) == ("tag", "campaign", "absent", ())


def test_there_is_a_rule_for_every_outcome() -> None:
    assert FAILED | TAGGED | {Outcome.NUMBER, Outcome.CAMPAIGN, Outcome.PASSED, Outcome.NOTE, Outcome.EXEMPT} == set(
        Outcome
    )


@pytest.mark.parametrize("more", [Finding(Code.NO_IDENTITY), Finding(Code.TOKEN_REPLAYED), passed("A")])
def test_a_protected_number_is_refused_whatever_else_is_found(more: Finding) -> None:
    decision = decide(call(), [more, Finding(Code.NUMBER_PROTECTED)], DEFAULT, TagOptions())
    assert decision.verdict == Reject(403, "Forbidden", (b"Q.850;cause=21",))
    assert (decision.rule, decision.reason) == ("protected", "number-protected")
