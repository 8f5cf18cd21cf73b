"""A rule applies where all its conditions hold, and says what is done in few words."""

import pytest
from incoming import call, passed, rule
from scene import trunk

from sip_guard.call import Code, Finding, Outcome
from sip_guard.policy.rule import EXEMPT, FINDINGS, Act

STALE = Finding(Code.IAT_STALE)
UNSIGNED = Finding(Code.NO_IDENTITY)


@pytest.mark.parametrize(
    ("text", "act", "again"),
    [
        ("allow", Act("allow"), "allow"),
        ("tag", Act("tag"), "tag"),
        ("reject", Act("reject"), "reject"),
        ("reject 403", Act("reject", 403), "reject 403"),
        ("reject 699", Act("reject", 699), "reject 699"),
        ("reject 403 Not Welcome", Act("reject", 403, "Not Welcome"), "reject 403 Not Welcome"),
        ("  reject   403   Not Welcome  ", Act("reject", 403, "Not Welcome"), "reject 403 Not Welcome"),
    ],
)
def test_what_is_done_is_read_and_written(text: str, act: Act, again: str) -> None:
    assert Act.parse(text) == act
    assert str(act) == again


@pytest.mark.parametrize(
    "text",
    [
        "",
        "drop",
        "Reject",
        "allow 403",
        "tag it",
        "reject 200",
        "reject 399",
        "reject 700",
        "reject -403",
        "reject 4\u0660\u0663",
        "reject Busy",
        "reject " + "4" * 5000,
        "reject 403 A\r\nX: y",
        "reject 403 \u00dcbel",
        "reject 403 \x7f",
    ],
)
def test_what_cannot_be_done_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the configuration's to show
        Act.parse(text)


def test_a_rule_without_conditions_holds_for_every_call() -> None:
    assert rule("x", "tag").match(call(), []) == []
    assert rule("x", "tag").match(call(), [STALE]) == []


@pytest.mark.parametrize(("name", "holds"), [("iat-stale", True), ("stale", True), ("iat-future", False)])
def test_a_finding_is_named_by_its_code_or_its_outcome(name: str, *, holds: bool) -> None:
    assert rule("x", "tag", name).match(call(), [UNSIGNED, STALE]) == ([STALE] if holds else None)


def test_one_of_several_findings_is_enough() -> None:
    assert rule("x", "tag", "mismatch", "unsigned").match(call(), [STALE, UNSIGNED]) == [UNSIGNED]
    assert rule("x", "tag", "mismatch", "malformed").match(call(), [STALE, UNSIGNED]) is None


def test_all_conditions_must_hold() -> None:
    strict = call(trunk=trunk(identity="require"))
    both = rule("x", "tag", "unsigned", identity="require", trunks="carrier other")
    assert both.match(strict, [UNSIGNED]) == [UNSIGNED]
    assert both.match(strict, [STALE]) is None
    assert both.match(call(), [UNSIGNED]) is None
    assert both.match(call(trunk=trunk(identity="require", name="third")), [UNSIGNED]) is None


def test_a_rule_about_a_trunk_alone_needs_no_finding() -> None:
    assert rule("x", "tag", trunks="carrier").match(call(), []) == []
    assert rule("x", "tag", trunks="other").match(call(), []) is None


def test_a_level_is_that_of_a_token_that_passed() -> None:
    low = rule("x", "tag", attestation="BC")
    assert low.match(call(), [passed("B")]) == [passed("B")]
    assert low.match(call(), [passed("A")]) is None
    assert low.match(call(), [UNSIGNED]) is None
    assert rule("x", "tag", "stale", attestation="B").match(call(), [passed("B"), STALE]) is None


def test_each_code_and_outcome_can_be_named_but_for_the_notes() -> None:
    names = {*(code.value for code in Code), *(outcome.value for outcome in Outcome)}
    assert names == FINDINGS | EXEMPT
    assert not FINDINGS & EXEMPT
    assert {"exempt", "emergency", "psap-callback"} == EXEMPT
