"""What is said of each rule is what `decide` goes by."""

from hypothesis import given
from hypothesis import strategies as st
from incoming import DEFAULT, call, decide, passed, rule

from sip_guard.call import Code, Finding, Outcome
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
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
    steps = why(CALL, decision.findings, Rules(rules))
    assert [step.rule for step in steps] == rules
    applied = [step.rule for step in steps if step.applies]
    assert [each.id for each in applied if each.mode.word == "shadow"] == [shadow.rule for shadow in decision.shadows]
    assert decision.rule in {"default", *(each.id for each in applied if each.mode.word == "enforce")}
    ended = [each for each in applied if each.mode.word == "enforce" and each.then.ends]
    assert [each.id for each in ended] == ([decision.rule] if ended else [])
    asked = [step.asked for step in steps]
    assert asked == sorted(asked, reverse=True)
    assert all(step.unmet for step in steps if step.asked and not step.applies)


def test_a_condition_that_holds_for_another_finding_than_the_one_that_is_named_is_unmet() -> None:
    apart = rule("r", "tag", "no-identity", attestation="A")
    [step] = why(CALL, [Finding(Code.NO_IDENTITY), passed("A")], Rules([apart]))
    assert step.unmet == ("attestation: A",)


def test_findings_that_weigh_nothing_make_no_rule_apply() -> None:
    light = Finding(Code.NO_IDENTITY, weighs=False)
    [step] = why(CALL, [light], Rules([rule("r", "tag", "no-identity")]))
    assert step.unmet == ("finding: no-identity",)
