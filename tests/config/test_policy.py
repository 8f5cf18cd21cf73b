"""Rules as they are written: what is wrong with them, and which can never apply."""

import pytest
from wrong import GOOD, Folder, changed


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("{id: a b, then: tag}", "13: policy.rules[0].id: `a b` is no name"),
        ("{id: default, then: tag}", "13: policy.rules[0].id: `default` is what the log calls a decision that no rule"),
        ("{id: emergency, then: tag}", "13: policy.rules[0].id: `emergency` is what the log calls"),
        ("{id: x}", "13: policy.rules[0]: the key `then` is missing"),
        ("{then: tag}", "13: policy.rules[0]: the key `id` is missing"),
        (
            "{id: x, then: drop}",
            "13: policy.rules[0].then: expected `allow`, `tag`, `anonymise`, `redirect URI`, `reject` or `reject CODE",
        ),
        ("{id: x, then: reject 200}", "13: policy.rules[0].then: expected `allow`, `tag`, `anonymise`, `redir"),
        (
            "{id: x, then: tag, mode: shadows}",
            "13: policy.rules[0].mode: `shadows` is no mode: expected `enforce`, `shadow`, `sample 5%` or",
        ),
        (
            "{id: x, then: tag, when: {finding: orig-missmatch}}",
            "13: policy.rules[0].when.finding: there is no finding or outcome `orig-missmatch`; did you mean "
            "`orig-mismatch`?",
        ),
        (
            "{id: x, then: tag, when: {finding: [stale, malfromed]}}",
            "13: policy.rules[0].when.finding[1]: there is no finding or outcome `malfromed`; did you mean `malfo",
        ),
        (
            "{id: x, then: tag, when: {trunk: carier}}",
            "13: policy.rules[0].when.trunk: there is no trunk `carier`; did",
        ),
        (
            "{id: x, then: tag, when: {identity: never}}",
            "13: policy.rules[0].when.identity: there is no setting `never`",
        ),
        ("{id: x, then: tag, when: {attestation: D}}", "13: policy.rules[0].when.attestation: there is no level `D`"),
        ("{id: x, then: tag, when: {finding: []}}", "13: policy.rules[0].when.finding: expected a list of length >= 1"),
        (
            "{id: x, then: tag, when: {finding: }}",
            "13: policy.rules[0].when.finding: expected text or a list, got noth",
        ),
        (
            "{id: x, then: tag, when: {finding: 3}}",
            "13: policy.rules[0].when.finding: expected text or a list, got a w",
        ),
    ],
)
def test_a_wrong_rule_is_refused(folder: Folder, rule: str, fault: str) -> None:
    assert folder.with_rule(rule).startswith(fault)


@pytest.mark.parametrize("finding", ["emergency", "psap-callback", "exempt", "[stale, exempt]"])
def test_a_rule_about_emergency_calls_would_never_apply_and_is_refused(folder: Folder, finding: str) -> None:
    fault = folder.with_rule(f"{{id: x, then: reject 403, when: {{finding: {finding}}}}}")
    assert fault == "13: policy.rules[0].when.finding: emergency calls always pass, and no rule is asked about them"


def test_a_rule_about_the_attestation_of_what_did_not_pass_would_never_apply_and_is_refused(folder: Folder) -> None:
    fault = folder.with_rule("{id: x, then: reject 403, when: {finding: [unsigned, stale], attestation: C}}")
    assert fault.startswith("13: policy.rules[0].when: only a token that `passed` has an attestation")
    rule = "{id: x, then: reject 403, when: {finding: passed, attestation: C}}"
    assert folder.load(f"{GOOD}policy:\n  rules:\n    - {rule}\n").rules[0].when.attestation.wanted == {"C"}


def test_two_rules_of_one_name_are_refused(folder: Folder) -> None:
    text = f"{GOOD}policy:\n  rules:\n    - {{id: x, then: tag}}\n    - {{id: x, then: allow}}\n"
    assert folder.fault(text) == "14: policy.rules[1]: the name `x` is taken by an entry above"


def test_own_rules_come_before_those_of_the_preset_and_replace_their_namesakes(folder: Folder) -> None:
    preset = [rule.id for rule in folder.load(GOOD).rules]
    config = folder.load(f"{GOOD}policy:\n  rules:\n    - {{id: x, then: tag}}\n    - {{id: stale, then: allow}}\n")
    assert [rule.id for rule in config.rules] == ["x", "stale", *(id_ for id_ in preset if id_ != "stale")]
    assert str(config.rules[1].then) == "allow"


def test_without_a_preset_own_rules_are_all(folder: Folder) -> None:
    assert folder.load(f"{GOOD}policy: {{preset: none}}\n").rules == ()


@pytest.mark.parametrize(
    ("rules", "fine"),
    [
        ("[]", False),
        ("[{id: x, then: reject, when: {finding: unsigned, identity: require}}]", True),
        ("[{id: x, then: reject, when: {finding: unsigned, identity: [prefer, require]}}]", True),
        ("[{id: x, then: reject, when: {identity: require, trunk: carrier}}]", True),
        ("[{id: x, then: reject, when: {identity: require, trunk: second}}]", False),
        ("[{id: x, then: reject, when: {finding: unsigned}}]", False),
    ],
)
def test_a_requirement_that_no_rule_enforces_is_refused(folder: Folder, rules: str, *, fine: bool) -> None:
    text = changed("sources:", "identity: require\n    sources:") + f"policy: {{preset: none, rules: {rules}}}\n"
    text = changed("targets:", "  - {name: second, sources: [192.0.2.9]}\ntargets:", text)
    if fine:
        assert folder.load(text).rules
    else:
        assert folder.faults(text)[0].startswith("5: trunks[0].identity: no rule has `when: {identity: require}`")


# Conditions.


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("{country: UK1}", "when.country: `UK1` is no country as in ISO 3166-1, such as GB"),
        ("{country: '!gb'}", "when.country: `gb` is no country as in ISO 3166-1"),
        ("{kind: mobil}", "when.kind: there is no kind of number `mobil`; did you mean `mobile`?"),
        ("{field: pai}", "when.field: there is no field `pai`, expected one of: asserted, from"),
        ("{repository: 'https://x'}", "when.repository: `https://x` is no host, such as certs.example.com"),
        ("{spc: 12-34}", "when.spc: `12-34` is no service provider code"),
        ("{list: dno}", "when.list: there is no list `dno`"),
        ("{origin: '!foreign'}", "when.origin: there is no origin `foreign`"),
        ("{caller: 44x}", "when.caller: `44x` is no beginning of a number"),
        ("{called: '+'}", "when.called: `+` is no beginning of a number"),
        ("{hours: 8-17}", 'when.hours: `8-17` is no window of the day, such as "22:00-06:00"'),
        ("{hours: '08:00-08:00'}", "when.hours: `08:00-08:00` is no window"),
        ("{days: [mon, fry]}", "when.days[1]: there is no day `fry`; did you mean `fri`?"),
        ("{finding: '!stal'}", "when.finding: there is no finding or outcome `stal`; did you mean `stale`?"),
        ("{trunk: '!carier'}", "when.trunk: there is no trunk `carier`; did you mean `carrier`?"),
    ],
)
def test_a_wrong_condition_is_refused(folder: Folder, when: str, fault: str) -> None:
    assert folder.with_rule(f"{{id: x, then: tag, when: {when}}}").startswith(f"13: policy.rules[0].{fault}")


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("{finding: [stale, '!stale']}", "when.finding: what is named is refused as well"),
        ("{finding: [iat-stale, '!stale']}", "when.finding: what is named is refused as well"),
        ("{caller: ['+4420', '!+44']}", "when.caller: what is named is refused as well"),
        ("{country: [GB, '!GB']}", "when.country: what is named is refused as well"),
        ("{trunk: carrier, identity: require}", "when: there is no trunk with this `trunk` and `identity`: this would"),
        ("{origin: customer}", "when: there is no trunk with this `origin`: this would never apply"),
        ("{trunk: '!carrier'}", "when: there is no trunk with this `trunk`: this would never apply"),
        ("{finding: stale, spc: '1234'}", "when: only a token that `passed` has an attestation"),
        ("{finding: number, issuer: CN=CA}", "when: only a token has a signer: this would never apply"),
        ("{issuer: CN=CA, kind: mobile}", "when: `kind` is of no finding about a token: this would never apply"),
        ("{attestation: A, country: GB}", "when: `country` is of no finding about a token: this would never apply"),
        ("{finding: [stale, passed], kind: mobile}", "when: `kind` is of no finding named here: this would never"),
    ],
)
def test_conditions_that_cannot_hold_together_are_refused(folder: Folder, when: str, fault: str) -> None:
    assert folder.with_rule(f"{{id: x, then: tag, when: {when}}}").startswith(f"13: policy.rules[0].{fault}")


def rules(*lines: str) -> str:
    return GOOD + "policy:\n  rules:\n" + "".join(f"    - {line}\n" for line in lines)


def test_a_rule_behind_one_that_ends_the_list_for_all_it_takes_is_refused(folder: Folder) -> None:
    text = rules(
        "{id: a, then: reject, when: {finding: [stale, untrusted]}}",
        "{id: b, then: tag, mode: shadow, when: {finding: iat-stale, trunk: carrier}}",
    )
    assert folder.fault(text) == (
        "14: policy.rules[1].when: `a` above ends the list for all that this takes: it can never apply"
    )


@pytest.mark.parametrize(
    "first",
    [
        "{id: a, then: tag, when: {finding: stale}}",
        "{id: a, then: reject, mode: shadow, when: {finding: stale}}",
        "{id: a, then: reject, mode: sample 99%, when: {finding: stale}}",
        "{id: a, then: reject, when: {finding: iat-future}}",
        "{id: a, then: reject, when: {finding: stale, days: mon-fri}}",
    ],
)
def test_a_rule_behind_one_that_leaves_something_is_fine(folder: Folder, first: str) -> None:
    config = folder.load(rules(first, "{id: b, then: reject, when: {finding: stale}}"))
    assert [rule.id for rule in config.rules[:2]] == ["a", "b"]


# What is done.


@pytest.mark.parametrize(
    ("finding", "fault"),
    [
        ("{finding: number-malformed}", "603 Network Blocked is for what was guessed from many calls"),
        ("{finding: stale}", "603 Network Blocked is for what was guessed"),
        ("{finding: [campaign, stale]}", "603 Network Blocked is for what was guessed"),
        ("{caller: '+44'}", "603 Network Blocked is for what was guessed"),
    ],
)
def test_a_network_block_for_a_fact_is_refused(folder: Folder, finding: str, fault: str) -> None:
    redress = "  redress: {url: 'https://redress.example.com/'}\n"
    text = rules(f"{{id: x, then: reject 603 Network Blocked, when: {finding}}}") + redress
    assert folder.fault(text).startswith(f"13: policy.rules[0].then: {fault}")


def test_a_network_block_without_anybody_to_complain_to_is_refused(folder: Folder) -> None:
    text = rules("{id: x, then: reject 603 Network Blocked, when: {finding: campaign}}")
    assert folder.fault(text).startswith("13: policy.rules[0].then: 603 Network Blocked needs `policy.redress`")


def test_a_network_block_tells_whom_to_complain_to(folder: Folder) -> None:
    redress = "  redress: {url: 'https://redress.example.com/a', tel: '+12155551212', id: case_7, location: LN}\n"
    config = folder.load(rules("{id: x, then: reject 603 Network Blocked, when: {finding: campaign-fanout}}") + redress)
    told = b'SIP;cause=603;text="v=analytics1;url=https://redress.example.com/a;tel=+12155551212;id=case_7";location=LN'
    assert config.rules[0].reason == told


@pytest.mark.parametrize(
    ("redress", "fault"),
    [
        ("{}", ": needs a `url`, a `tel` or an `email`"),
        ("{url: 'http://x.example'}", ".url: `http://x.example` is no https URL"),
        ("{tel: '1;2'}", ".tel: `1;2` is no tel"),
        ("{email: 'a@b\"c'}", '.email: `a@b"c` is no email'),
        ("{tel: '1', id: 'a b'}", ".id: `a b` is none"),
        ("{tel: '1', location: XX}", ".location: there is no choice `XX`"),
    ],
)
def test_a_contact_that_cannot_stand_in_a_header_is_refused(folder: Folder, redress: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}policy: {{redress: {redress}}}\n").startswith(f"11: policy.redress{fault}")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{id: x, then: reject, when: {finding: number-malformed}}", b"Q.850;cause=21"),
        ("{id: x, then: reject 403, when: {caller: '+4490'}}", b"Q.850;cause=21"),
        ("{id: x, then: reject, when: {finding: stale}}", b""),
        ("{id: x, then: tag, when: {finding: number-malformed}}", b""),
    ],
)
def test_a_refusal_that_is_not_for_a_token_has_a_reason(folder: Folder, rule: str, reason: bytes) -> None:
    assert folder.load(rules(rule)).rules[0].reason == reason
    if reason:
        assert folder.load(f"{rules(rule)}  reason: ''\n").rules[0].reason == b""


@pytest.mark.parametrize("reason", ["Q.850;cause", "Q.850 cause=21", "A;b=1, C;d=2", "Q.850;text=\u00fc"])
def test_a_reason_that_is_none_is_refused(folder: Folder, reason: str) -> None:
    assert folder.fault(f"{GOOD}policy: {{reason: '{reason}'}}\n").startswith(
        "11: policy.reason: `Q" if reason[0] == "Q" else "11"
    )


@pytest.mark.parametrize("uri", ["", "tel:+4420", "pbx.example", "sip:a@b?Subject=x", "sip:a b@c", "sip:a@b>"])
def test_a_call_is_redirected_to_a_sip_uri_and_nowhere_else(folder: Folder, uri: str) -> None:
    fault = folder.with_rule(f"{{id: x, then: 'redirect {uri}'}}")
    assert fault.startswith(f"13: policy.rules[0].then: `{uri}` is no SIP URI to redirect to")


# Modes and the time zone.


@pytest.mark.parametrize("mode", ["sample", "sample 0%", "sample 100%", "sample 5", "sample x%", "shadow 5%", ""])
def test_a_mode_that_is_none_is_refused(folder: Folder, mode: str) -> None:
    assert folder.with_rule(f"{{id: x, then: tag, mode: '{mode}'}}").startswith("13: policy.rules[0].mode: ")


def modes(folder: Folder, text: str) -> dict[str, str]:
    config = folder.load(f"{GOOD}policy:\n  modes: {text}\n")
    return {rule.id: str(rule.mode) for rule in config.rules}


def test_the_mode_of_a_preset_and_of_single_rules_of_it_can_be_set(folder: Folder) -> None:
    shipped = modes(folder, "{}")
    assert (shipped["number"], shipped["stale"]) == ("shadow", "enforce")
    assert modes(folder, "{number: enforce}") == {**shipped, "number": "enforce"}
    assert modes(folder, "{default: shadow, stale: sample 5%}") == dict.fromkeys(shipped, "shadow") | {
        "stale": "sample 5%"
    }
    assert modes(folder, "{stale: 'off'}")["stale"] == "off"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{numbr: enforce}", ".numbr: there is no preset in use, or rule of one, `numbr`; did you mean `number`?"),
        ("{none: enforce}", ".none: there is no preset in use, or rule of one, `none`"),
        ("{number: enforced}", ".number: `enforced` is no mode"),
        ("{number: 5}", "[...]: expected text, got a whole number"),
    ],
)
def test_a_mode_for_nothing_is_refused(folder: Folder, text: str, fault: str) -> None:
    assert folder.fault(f"{GOOD}policy:\n  modes: {text}\n").startswith(f"12: policy.modes{fault}")


def test_a_preset_beside_none_is_refused(folder: Folder) -> None:
    fault = folder.fault(f"{GOOD}policy: {{preset: [default, none]}}\n")
    assert fault == "11: policy.preset: `none` stands beside others; leave it out"


@pytest.mark.parametrize("zone", ["Europe/Londen", "../../etc/passwd", "", "/etc/localtime"])
def test_a_time_zone_that_is_not_known_is_refused(folder: Folder, zone: str) -> None:
    fault = folder.fault(f"{GOOD}policy: {{time_zone: '{zone}'}}\n")
    assert fault.startswith(f"11: policy.time_zone: `{zone}` is no time zone")


def test_hours_and_days_are_read(folder: Folder) -> None:
    text = rules("{id: x, then: tag, when: {hours: ['22:00-06:00', '12:00-13:00'], days: [sat-mon, '!sun']}}")
    rule = folder.load(text.replace("policy:", "policy:\n  time_zone: Europe/London")).rules[0]
    assert rule.when.conditions == {"hours": "22:00-06:00, 12:00-13:00", "days": "mon, sat, sun, !sun"}
    assert str(rule.when.zone) == "Europe/London"


def test_the_rules_of_a_country_are_enforced_by_its_name_but_for_those_that_nobody_is_sure_of(folder: Folder) -> None:
    text = f"{GOOD}policy:\n  preset: [default, uk]\n  modes: {{uk: enforce, uk-doubtful: 'off'}}\n"
    config = folder.load(text)
    by_name = {rule.id: str(rule.mode) for rule in config.rules if rule.id.startswith("uk-")}
    assert (by_name["uk-never"], by_name["uk-doubtful"], by_name["uk-dependency"]) == ("enforce", "off", "off")
    sure = {rule: mode for rule, mode in by_name.items() if mode != "off"}
    assert set(sure.values()) == {"enforce"}
    assert config.rules[0].id == "number"


def test_american_analytics_are_enforced_with_somebody_to_complain_to_alone(folder: Folder) -> None:
    text = f"{GOOD}policy:\n  preset: [default, us]\n  modes: {{us: enforce}}\n"
    assert folder.fault(text).startswith("13: policy.modes: 603 Network Blocked needs `policy.redress`")
    config = folder.load(f"{text}  redress: {{email: redress@example.com}}\n")
    (blocking,) = [rule for rule in config.rules if rule.id == "us-analytics"]
    assert blocking.reason == b'SIP;cause=603;text="v=analytics1;email=redress@example.com";location=RLN'
    assert folder.load(f"{GOOD}policy:\n  preset: [default, us]\n").rules


@pytest.mark.parametrize("condition", ["diverted: true", 'diverting: "+44"', "diverted: true, trunk: carrier"])
def test_a_rule_about_diverted_calls_needs_a_trunk_that_is_believed_about_them(folder: Folder, condition: str) -> None:
    fault = folder.with_rule(f"{{id: x, then: tag, when: {{{condition}}}}}")
    expected = "no trunk that this is about has `trust_diversion: true`: this would never apply"
    assert fault == f"13: policy.rules[0].when: {expected}"
    assert folder.load(changed("sources:", "trust_diversion: true\n    sources:")).trunks[0].trust_diversion


def test_nobody_diverts_a_call_that_is_not_diverted(folder: Folder) -> None:
    text = changed("sources:", "trust_diversion: true\n    sources:")
    rule = '{id: x, then: tag, when: {diverted: false, diverting: "+44"}}'
    fault = folder.fault(f"{text}policy:\n  rules:\n    - {rule}\n")
    assert fault.endswith("when: nobody diverted a call that was not diverted: this would never apply")
