"""What is said of each rule is what `decide` goes by."""

from hypothesis import given
from hypothesis import strategies as st
from incoming import DEFAULT, call, passed, rule

from sip_guard.call import Code, Finding, Outcome
from sip_guard.policy.decision import TagOptions, decide
from sip_guard.policy.rule import Rule
from sip_guard.policy.why import why

CALL = call()
CODES = [code for code in Code if code.outcome not in (Outcome.PASSED, Outcome.EXEMPT)]
FINDINGS = st.lists(st.sampled_from([*map(Finding, CODES), passed("A"), passed("B")]), max_size=4)
RULES = st.lists(
    st.builds(
        rule,
        st.just("r"),
        st.sampled_from(["allow", "tag", "reject 403"]),
        st.sampled_from(["passed", "number", "unsigned"]),
        mode=st.sampled_from(["enforce", "shadow"]),
    ),
    max_size=3,
)


@given(FINDINGS, RULES)
def test_the_rules_that_apply_are_those_that_decide(findings: list[Finding], own: list[Rule]) -> None:
    rules = [*own, *DEFAULT]
    decision = decide(CALL, findings, rules, TagOptions())
    steps = why(CALL, decision.findings, rules)
    assert [step.rule for step in steps] == rules
    applied = [step.rule for step in steps if step.applies]
    assert [each.id for each in applied if each.mode == "shadow"] == [shadow.rule for shadow in decision.shadows]
    assert decision.rule in {"default", *(each.id for each in applied if each.mode == "enforce")}
    ended = [each for each in applied if each.mode == "enforce" and each.then.verb != "tag"]
    assert [each.id for each in ended] == ([decision.rule] if ended else [])
    asked = [step.asked for step in steps]
    assert asked == sorted(asked, reverse=True)
    assert all(step.unmet for step in steps if step.asked and not step.applies)


def test_conditions_that_hold_for_two_findings_apart_are_named_together() -> None:
    apart = rule("r", "tag", "no-identity", attestation="A")
    [step] = why(CALL, [Finding(Code.NO_IDENTITY), passed("A")], [apart])
    assert step.unmet == ("finding: no-identity with attestation: A",)


def test_findings_that_weigh_nothing_make_no_rule_apply() -> None:
    light = Finding(Code.NO_IDENTITY, weighs=False)
    [step] = why(CALL, [light], [rule("r", "tag", "no-identity")])
    assert step.unmet == ("finding: no-identity",)
