"""The presets of countries: what each would do about which call, once it is enforced."""

import re
from importlib.resources import files

import pytest
from incoming import DEFAULT, call, calling, decide, passed
from scene import trunk

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.config.policy import preset
from sip_guard.policy.act import Mode
from sip_guard.policy.covering import hidden_by
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rule import Rule

COUNTRIES = ("uk", "us", "ca", "fr")
UNSIGNED = Finding(Code.NO_IDENTITY)
ABROAD = trunk(origin="international_gateway")


def about(code: Code, country: str = "", field: str = "from", kind: str = "geographic") -> Finding:
    return Finding(code, particulars=(("field", field), ("country", country), ("kind", kind)))


def would(name: str, of: Call, *found: Finding) -> list[tuple[str, str]]:
    """Give what the rules of a preset as it ships would do about a call that came through the default one."""
    decision = decide(of, found, (*DEFAULT, *preset(name)), TagOptions())
    assert decision.action in ("tag", "allow")
    return [(shadow.rule, shadow.action) for shadow in decision.shadows if shadow.rule.startswith(f"{name}-")]


@pytest.mark.parametrize(
    ("of", "found", "expected"),
    [
        (call(), [about(Code.NUMBER_MALFORMED)], [("uk-malformed", "reject 403")]),
        (call(), [about(Code.NUMBER_INVALID, "GB")], [("uk-format", "reject 403")]),
        (call(), [about(Code.NUMBER_INVALID, "FR")], []),
        (call(), [about(Code.NUMBER_NEVER_ORIGINATES, "GB", kind="premium")], [("uk-never", "reject 403")]),
        (call(), [about(Code.NUMBER_UNALLOCATED, "GB")], [("uk-unallocated", "reject 403")]),
        (call(), [about(Code.FOREIGN_ORIGIN, "GB")], [("uk-foreign-presentation", "reject 403")]),
        (call(), [about(Code.FOREIGN_ORIGIN, "GB", "asserted")], [("uk-foreign-network", "reject 403")]),
        (call(), [about(Code.FOREIGN_MOBILE, "GB", kind="mobile")], [("uk-foreign-mobile", "anonymise")]),
        (call(), [about(Code.FOREIGN_MOBILE, "GB", kind="mobile"), passed("A")], []),
        (call(), [about(Code.PRESENTATION_NOT_PERMITTED, "US")], [("uk-presentation", "reject 403")]),
        (call(), [about(Code.NUMBER_INSERTED, "GB", kind="inserted")], [("uk-inserted", "anonymise")]),
        (call(), [about(Code.FOREIGN_PERMITTED, "GB")], []),
        (call(), [about(Code.FOREIGN_PERMITTED, "JE")], []),
        (call(trunk=ABROAD), [Finding(Code.NUMBER_MISSING)], [("uk-no-number", "tag")]),
        (call(), [Finding(Code.NUMBER_MISSING)], []),
        (call(), [about(Code.NUMBER_DOUBTFUL, "GB")], [("uk-doubtful", "tag")]),
        (call(), [Finding(Code.BRAND_NAME, particulars=(("field", "from"),))], [("uk-brand", "tag")]),
        (call(), [UNSIGNED], []),
        (call(), [Finding(Code.NUMBERS_DIFFER)], []),
    ],
)
def test_the_united_kingdom(of: Call, found: list[Finding], expected: list[tuple[str, str]]) -> None:
    assert would("uk", of, *found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (about(Code.NUMBER_MALFORMED), [("us-malformed", "reject 403")]),
        (about(Code.NUMBER_INVALID, ""), [("us-invalid", "reject 403")]),
        (about(Code.NUMBER_NEVER_ORIGINATES, "US"), [("us-invalid", "reject 403")]),
        (about(Code.NUMBER_INVALID, "GB"), []),
        (about(Code.NUMBER_UNALLOCATED, "PR"), [("us-unallocated", "reject 403")]),
        (about(Code.NUMBER_UNALLOCATED, "GB"), []),
        (about(Code.FOREIGN_ORIGIN, "US"), [("us-foreign", "tag")]),
        (passed("C"), [("us-gateway-attestation", "tag")]),
        (passed("A"), []),
        (Finding(Code.CAMPAIGN_FANOUT), [("us-analytics", "reject 603")]),
        (Finding(Code.BRAND_NAME), [("us-brand", "tag")]),
        (UNSIGNED, []),
    ],
)
def test_the_united_states(found: Finding, expected: list[tuple[str, str]]) -> None:
    assert would("us", call(), found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (about(Code.NUMBER_MALFORMED), [("ca-malformed", "reject 403")]),
        (about(Code.NUMBER_INVALID, ""), [("ca-invalid", "reject 403")]),
        (about(Code.NUMBER_INVALID, "FR"), []),
        (about(Code.FOREIGN_ORIGIN, "CA"), []),
        (UNSIGNED, []),
    ],
)
def test_canada(found: Finding, expected: list[tuple[str, str]]) -> None:
    assert would("ca", call(), found) == expected


@pytest.mark.parametrize(
    ("of", "found", "expected"),
    [
        (calling("+33142000000"), UNSIGNED, [("fr-unsigned", "reject 428")]),
        (calling("+442079460000"), UNSIGNED, []),
        (calling("+33142000000"), passed("A"), []),
        (call(), about(Code.FOREIGN_ORIGIN, "FR"), [("fr-foreign-fixed", "reject 403")]),
        (call(), about(Code.FOREIGN_MOBILE, "FR", kind="mobile"), [("fr-foreign-mobile", "anonymise")]),
        (call(), about(Code.NUMBER_INVALID, "FR"), []),
    ],
)
def test_france(of: Call, found: Finding, expected: list[tuple[str, str]]) -> None:
    assert would("fr", of, found) == expected


@pytest.mark.parametrize("name", COUNTRIES)
def test_nothing_acts_as_shipped_and_each_rule_says_how_sure_we_are(name: str) -> None:
    text = (files("sip_guard.policy") / "presets" / f"{name}.yaml").read_text("utf-8")
    said = dict(re.findall(r"^- id: (\S+) +# (H|M|L|Ours)[.:] \S", text, re.MULTILINE))
    rules = preset(name)
    assert {rule.id: rule.mode.word for rule in rules} == {
        rule: "off" if confidence == "L" else "shadow" for rule, confidence in said.items()
    }
    assert all(rule.id.startswith(f"{name}-") for rule in rules)


@pytest.mark.parametrize("name", COUNTRIES)
def test_enforced_no_rule_of_a_preset_hides_another(name: str) -> None:
    rules: list[Rule] = [rule for rule in DEFAULT if rule.mode.word == "enforce"]
    for each in preset(name):
        assert hidden_by(each, rules) is None
        rules.append(Rule(id=each.id, when=each.when, then=each.then, mode=Mode.parse("enforce")))


@pytest.mark.parametrize("name", COUNTRIES)
@pytest.mark.parametrize("code", [code for code in Code if code.outcome is Outcome.NOTE], ids=lambda code: code.value)
def test_nobody_is_refused_for_a_note(name: str, code: Code) -> None:
    enforced = [Rule(id=r.id, when=r.when, then=r.then, mode=Mode.parse("enforce")) for r in preset(name)]
    for country in ("GB", "US", "FR", "JE", ""):
        found = [about(code, country), passed("A")]
        assert decide(call(trunk=ABROAD), found, enforced, TagOptions()).action in ("anonymise", "tag", "allow")
