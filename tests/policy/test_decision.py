"""From findings to one verdict, and what the target is told about it."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import DEFAULT, ORIGID, call, decide, passed, rule

from sip_guard.call import Code, Finding
from sip_guard.policy.decision import Decision, Shadow, TagOptions, passed_by
from sip_guard.policy.rule import Rule
from sip_guard.policy.weighing import RESULTS
from sip_guard.verdict import Forward, Redirect, Reject, Tags

STALE = Finding(Code.IAT_STALE, token=1)
UNSIGNED = Finding(Code.NO_IDENTITY)
MISMATCH = Finding(Code.ORIG_MISMATCH, token=1)
UNTRUSTED = Finding(Code.CERTIFICATE_UNTRUSTED, token=1)
INFO = Finding(Code.INFO_INVALID, token=1)


def decision(*rules: Rule, found: list[Finding] | None = None, options: TagOptions | None = None) -> Decision:
    return decide(call(), [UNSIGNED] if found is None else found, rules, options or TagOptions())


def tags(*rules: Rule, found: list[Finding] | None = None, options: TagOptions | None = None) -> Tags:
    verdict = decision(*rules, found=found, options=options).verdict
    assert isinstance(verdict, Forward)
    return verdict.tags


def guard_header(*rules: Rule, found: list[Finding] | None = None) -> str:
    return dict(tags(*rules, found=found).headers)[b"X-SIP-Guard"].decode()


# The order.


def test_without_a_rule_a_call_is_let_through_and_the_target_is_told_what_was_found() -> None:
    result = decision()
    assert (result.action, result.rule, result.result, result.reason) == ("tag", "default", "absent", "no-identity")
    assert guard_header() == "v=1;verdict=absent;reason=no-identity;rule=default;mode=enforce;attest=-"


def test_where_nothing_was_looked_for_nothing_is_told() -> None:
    assert decide(call(), [], [], TagOptions()) == Decision(Forward(), "allow", "default", "absent", "-", (), ())


def test_the_first_refusal_ends_the_list() -> None:
    result = decision(rule("a", "reject 480"), rule("b", "reject 403"), rule("c", "allow"))
    assert (result.rule, result.verdict) == ("a", Reject(480, "Rejected"))


def test_allow_ends_the_list() -> None:
    result = decision(rule("a", "allow"), rule("b", "reject 403"))
    assert (result.rule, result.action, result.verdict) == ("a", "allow", Forward())


def test_a_tag_lets_later_rules_speak() -> None:
    result = decision(rule("a", "tag"), rule("b", "reject 403"))
    assert (result.rule, result.action, result.verdict) == ("b", "reject 403", Reject(403, "Forbidden"))


def test_of_several_tags_the_first_is_named() -> None:
    result = decision(rule("a", "tag"), rule("b", "tag"))
    assert (result.rule, result.action) == ("a", "tag")
    assert "rule=a;" in guard_header(rule("a", "tag"), rule("b", "tag"))


REPLAYED = Finding(Code.TOKEN_REPLAYED, token=1)


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (rule("all", "tag"),),
        (rule("level", "tag", attestation="A"), *DEFAULT),
        (rule("level", "tag", attestation="A"), rule("again", "tag", "token-replayed")),
        (rule("again", "tag", "replayed"), rule("both", "tag", "passed", "replayed")),
    ],
    ids=lambda rules: " ".join(each.id for each in rules[:2]) or "none",
)
def test_a_replay_is_told_whatever_its_token_attests(rules: tuple[Rule, ...]) -> None:
    found = [passed(), REPLAYED]
    result = decision(*rules, found=found)
    assert (result.action, result.result, result.reason) == ("tag", "unable", "token-replayed")
    assert tags(*rules, found=found).verstat is None
    assert [(name, value[-9:]) for name, value in tags(*rules, found=found).headers] == [(b"X-SIP-Guard", b";attest=-")]


def test_a_rule_in_shadow_makes_a_replayed_token_no_better() -> None:
    rules = (rule("replayed", "reject", "replayed", mode="shadow"), rule("attested", "tag", "passed"))
    result = decision(*rules, found=[passed(), REPLAYED])
    assert (result.action, result.result, result.shadows) == ("tag", "unable", (Shadow("replayed", "reject 438"),))
    assert tags(*rules, found=[passed(), REPLAYED]).verstat is None


def test_a_call_that_is_tagged_and_then_allowed_keeps_its_tags() -> None:
    result = decision(rule("a", "tag"), rule("b", "allow"), rule("c", "reject"))
    assert (result.rule, result.action) == ("b", "tag")
    assert "rule=b;" in guard_header(rule("a", "tag"), rule("b", "allow"))


def test_a_rule_that_does_not_apply_says_nothing() -> None:
    result = decision(rule("a", "reject", "stale"), rule("b", "reject", trunk="other"), rule("c", "tag"))
    assert (result.rule, result.shadows) == ("c", ())


def test_a_finding_that_does_not_weigh_moves_no_rule() -> None:
    found = [Finding(Code.IAT_STALE, token=1, weighs=False), passed(token=2)]
    result = decision(rule("a", "reject", "stale"), rule("b", "tag"), found=found)
    assert (result.rule, result.reason) == ("b", "passed")
    assert result.findings == tuple(found)


# Shadow.


def test_a_rule_in_shadow_is_recorded_with_what_it_would_have_done() -> None:
    result = decision(
        rule("a", "reject 403 Not Welcome", mode="shadow"),
        rule("b", "allow", mode="shadow"),
        rule("c", "reject", "stale", mode="shadow"),
        rule("d", "tag"),
    )
    assert (result.rule, result.action) == ("d", "tag")
    assert result.shadows == (Shadow("a", "reject 403"), Shadow("b", "allow"))


def test_a_rule_in_shadow_behind_the_end_of_the_list_is_not_asked() -> None:
    assert decision(rule("a", "reject 403"), rule("b", "reject 404", mode="shadow")).shadows == ()


def test_each_shadow_is_shown_to_the_target() -> None:
    rules = (rule("a", "reject", mode="shadow"), rule("b", "reject", mode="shadow"), rule("c", "tag"))
    assert guard_header(*rules).endswith(";mode=enforce;attest=-;shadow=a,b")


def test_a_call_that_only_a_shadow_would_have_refused_shows_it() -> None:
    assert guard_header(rule("a", "reject", mode="shadow")).endswith("rule=default;mode=enforce;attest=-;shadow=a")


def test_a_shadow_says_with_which_code_it_would_have_refused() -> None:
    assert decision(rule("a", "reject", mode="shadow")).shadows == (Shadow("a", "reject 428"),)


# The reason.


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([MISMATCH, STALE], "iat-stale"),
        ([UNTRUSTED, INFO], "info-invalid"),
        ([MISMATCH, UNTRUSTED], "certificate-untrusted"),
        ([MISMATCH, Finding(Code.SIGNATURE_INVALID)], "orig-mismatch"),
        ([MISMATCH, UNTRUSTED, INFO, STALE], "iat-stale"),
    ],
)
def test_of_several_failures_the_one_with_the_first_sip_code_is_the_reason(found: list[Finding], reason: str) -> None:
    result = decide(call(), found, [rule("a", "reject")], TagOptions())
    code = next(each for each in Code if each.value == reason)
    assert (result.reason, result.verdict) == (reason, Reject(code.sip_code, code.phrase))
    again = decide(call(), found[::-1], [rule("a", "reject")], TagOptions())
    if reason != "orig-mismatch":
        assert again.reason == reason


def test_a_rule_speaks_of_the_findings_that_it_names() -> None:
    result = decision(rule("a", "reject", "mismatch"), found=[STALE, MISMATCH])
    assert (result.reason, result.verdict) == ("orig-mismatch", Reject(438, "Invalid Identity Header"))


def test_what_passed_comes_before_any_note() -> None:
    note = Finding(Code.RCD_NAME_MISMATCH)
    assert decision(rule("a", "tag"), found=[note, passed()]).reason == "passed"


# The result.


def test_a_rule_about_a_note_speaks_of_it_and_the_result_stays_that_of_the_token() -> None:
    found = [passed("A"), Finding(Code.RCD_NAME_MISMATCH, token=1)]
    told = decision(rule("name", "tag", "rcd-name-mismatch"), *DEFAULT, found=found)
    assert (told.result, told.reason, told.rule) == ("passed", "rcd-name-mismatch", "name")
    shown = tags(rule("name", "tag", "rcd-name-mismatch"), *DEFAULT, found=found)
    assert shown.verstat == "TN-Validation-Passed"
    assert shown.headers[0][1] == b"v=1;verdict=passed;reason=rcd-name-mismatch;rule=name;mode=enforce;attest=A"


def test_a_call_refused_for_a_note_is_refused_with_the_code_of_the_rule_and_its_result_stays() -> None:
    found = [passed(), Finding(Code.RCD_NAME_MISMATCH, token=1)]
    result = decision(rule("name", "reject", "rcd-name-mismatch"), *DEFAULT, found=found)
    assert (result.verdict, result.result, result.reason) == (Reject(403, "Forbidden"), "passed", "rcd-name-mismatch")


def test_a_note_alone_is_no_result() -> None:
    result = decision(*DEFAULT, found=[Finding(Code.RPH_FAILED, token=1)])
    assert (result.action, result.rule, result.result, result.reason) == ("tag", "default", "absent", "rph-failed")


# Refusals.


@pytest.mark.parametrize(
    ("then", "found", "verdict"),
    [
        ("reject", STALE, Reject(403, "Stale Date")),
        ("reject 403", STALE, Reject(403, "Stale Date")),
        ("reject 403 Go Away", STALE, Reject(403, "Go Away")),
        ("reject 403", MISMATCH, Reject(403, "Forbidden")),
        ("reject 436", MISMATCH, Reject(436, "Bad Identity Info")),
        ("reject 428", STALE, Reject(428, "Use Identity Header")),
        ("reject 428", Finding(Code.PPT_UNSUPPORTED), Reject(428, "Use Supported PASSporT Format")),
        ("reject 603", STALE, Reject(603, "Decline")),
        ("reject 607", STALE, Reject(607, "Unwanted")),
        ("reject 499", STALE, Reject(499, "Rejected")),
        ("reject", passed(), Reject(403, "Forbidden")),
    ],
)
def test_a_refusal_has_a_code_and_a_phrase(then: str, found: Finding, verdict: Reject) -> None:
    assert decision(rule("a", then), found=[found]).verdict == verdict


def test_a_refusal_of_a_call_about_which_nothing_was_found_is_forbidden() -> None:
    assert decision(rule("a", "reject"), found=[]).verdict == Reject(403, "Forbidden")


# Attestation as a condition.


@pytest.mark.parametrize(("level", "action"), [("A", "tag"), ("B", "reject 403"), ("C", "reject 403")])
def test_a_weak_attestation_can_be_refused(level: str, action: str) -> None:
    assert decision(rule("weak", "reject 403", attestation="B C"), *DEFAULT, found=[passed(level)]).action == action


# Tags.


def test_a_passed_call_carries_all_tags() -> None:
    assert tags(*DEFAULT, found=[passed("B", b"from", b"p-asserted-identity")]) == Tags(
        "TN-Validation-Passed",
        frozenset({b"from", b"p-asserted-identity"}),
        (
            (b"X-SIP-Guard", b"v=1;verdict=passed;reason=passed;rule=attested;mode=enforce;attest=B"),
            (b"P-Attestation-Indicator", b"B"),
            (b"P-Origination-ID", ORIGID.encode()),
        ),
    )


@pytest.mark.parametrize("field", [b"from", b"p-asserted-identity"])
def test_only_the_number_that_was_verified_carries_the_verstat(field: bytes) -> None:
    assert tags(*DEFAULT, found=[passed("A", field)]).verified == {field}


def test_an_unsigned_call_says_so_and_no_more() -> None:
    assert tags(*DEFAULT) == Tags(
        headers=((b"X-SIP-Guard", b"v=1;verdict=absent;reason=no-identity;rule=unsigned;mode=enforce;attest=-"),)
    )


@pytest.mark.parametrize("code", [Code.CERTIFICATE_UNTRUSTED, Code.SIGNATURE_INVALID])
def test_a_failed_validation_that_is_let_through_is_marked(code: Code) -> None:
    shown = tags(rule("a", "tag"), found=[Finding(code, token=1)])
    assert (shown.verstat, shown.verified) == ("TN-Validation-Failed", frozenset({b"from"}))
    asserted = call("P-Asserted-Identity: <tel:+12155551212>")
    verdict = decide(asserted, [Finding(code, token=1)], [rule("a", "tag")], TagOptions(reason="none")).verdict
    assert verdict == Forward(Tags("TN-Validation-Failed", frozenset({b"p-asserted-identity"}), shown.headers))


@pytest.mark.parametrize(
    "code", [each for each in Code if each not in (Code.PASSED, Code.CERTIFICATE_UNTRUSTED, Code.SIGNATURE_INVALID)]
)
def test_no_other_finding_gives_a_verstat(code: Code) -> None:
    assert tags(rule("a", "tag"), found=[Finding(code, token=1)]).verstat is None


def test_any_failed_validation_among_several_is_marked() -> None:
    found = [STALE, Finding(Code.SIGNATURE_INVALID, token=2)]
    assert tags(rule("a", "tag"), found=found).verstat == "TN-Validation-Failed"


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_the_verstat_has_the_level_for_those_who_read_it(level: str) -> None:
    options = TagOptions(verstat="level")
    assert tags(*DEFAULT, found=[passed(level)], options=options).verstat == f"TN-Validation-Passed-{level}"
    failed = [Finding(Code.SIGNATURE_INVALID, token=1)]
    assert tags(rule("a", "tag"), found=failed, options=options).verstat == "TN-Validation-Failed"


def test_a_token_that_says_no_level_gives_none() -> None:
    options = TagOptions(verstat="level")
    shown = tags(*DEFAULT, found=[passed("", origid=" ")], options=options)
    header = (b"X-SIP-Guard", b"v=1;verdict=passed;reason=passed;rule=attested;mode=enforce;attest=-")
    assert shown == Tags("TN-Validation-Passed", frozenset({b"from"}), (header,))


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_no_tn_validation_stands_where_it_is_wanted_and_nothing_else_does(code: Code) -> None:
    options = TagOptions(no_tn_validation=True)
    found = passed() if code is Code.PASSED else Finding(code, token=1)
    usual = tags(rule("a", "tag"), found=[found]).verstat
    shown = tags(rule("a", "tag"), found=[found], options=options)
    assert (shown.verstat, shown.verified) == (usual or "No-TN-Validation", frozenset({b"from"}))


def test_no_tn_validation_stands_in_the_identity_that_was_judged() -> None:
    asserted = call("P-Asserted-Identity: <tel:+12155551212>")
    verdict = decide(asserted, [UNSIGNED], DEFAULT, TagOptions(no_tn_validation=True)).verdict
    assert isinstance(verdict, Forward)
    assert verdict.tags.verified == {b"p-asserted-identity"}


@pytest.mark.parametrize("verstat", ["standard", "none"])
def test_no_tn_validation_is_not_written_where_it_is_not_asked_for(verstat: str) -> None:
    options = TagOptions(verstat="none", no_tn_validation=True) if verstat == "none" else TagOptions()
    assert tags(*DEFAULT, options=options).verstat is None


@pytest.mark.parametrize("then", ["tag", "allow"])
def test_a_priority_that_no_token_gives_a_right_to_does_not_go_on(then: str) -> None:
    found = [passed(), Finding(Code.RPH_FAILED, token=2, weighs=False)]
    assert tags(rule("a", then), found=found).removed == {b"resource-priority"}
    assert tags(rule("a", then), found=[*found, Finding(Code.RPH_PASSED, token=3)]).removed == frozenset()


# What the caller's side is told.

IDENTITY = "Identity: e30.e30.c2ln;info=<https://cert.example.org/a.pem>;alg=ES256;ppt=shaken"
WRONG = b'STIR;cause=438;text="Invalid Identity Header";ppi="..c2ln"'


@pytest.mark.parametrize("then", ["tag", "allow"])
def test_a_failed_call_that_is_let_through_tells_why(then: str) -> None:
    verdict = decide(call(IDENTITY), [MISMATCH], [rule("a", then)], TagOptions()).verdict
    assert verdict.reasons == (WRONG,)


def test_a_refusal_tells_which_token_is_meant_where_there_are_several() -> None:
    refused = Reject(438, "Invalid Identity Header", (WRONG, WRONG.replace(b"c2ln", b"d2ln")))
    found = [MISMATCH, Finding(Code.SIGNATURE_INVALID, token=2)]
    second = IDENTITY.replace("c2ln", "d2ln")
    assert decide(call(IDENTITY, second), found, DEFAULT, TagOptions()).verdict == refused
    assert decide(call(IDENTITY), [MISMATCH], DEFAULT, TagOptions()).verdict == Reject(438, "Invalid Identity Header")


def test_a_rule_in_shadow_tells_nothing() -> None:
    refusing = rule("a", "reject 403", mode="shadow")
    assert decide(call(IDENTITY), [passed()], [refusing, *DEFAULT], TagOptions()).verdict.reasons == ()
    told = decide(call(IDENTITY), [MISMATCH], [refusing], TagOptions()).verdict.reasons
    assert told == (WRONG,)


def test_nothing_is_told_where_nobody_is_to_be_told() -> None:
    assert decide(call(IDENTITY), [MISMATCH], [], TagOptions(reason="none")).verdict.reasons == ()


def test_each_tag_can_be_left_out_or_named_otherwise() -> None:
    options = TagOptions(header="", verstat="none", attestation_headers=(), origid_headers=())
    assert tags(*DEFAULT, found=[passed()], options=options) == Tags()
    options = TagOptions(header="X-Call", attestation_headers=("P-A", "Attestation-Info"), origid_headers=("O",))
    named = tags(*DEFAULT, found=[passed()], options=options).headers
    assert [name for name, _ in named] == [b"X-Call", b"P-A", b"Attestation-Info", b"O"]
    assert options.names == {b"x-call", b"p-a", b"attestation-info", b"o"}


@given(st.text())
def test_nothing_that_a_peer_writes_breaks_a_header(origid: str) -> None:
    for _, value in tags(*DEFAULT, found=[passed("A", origid=origid)]).headers:
        assert re.fullmatch(rb"[!-~]([ -~]{0,254}[!-~])?", value)


@given(st.sampled_from(list(Code)), st.text())
def test_the_guards_own_header_holds_nothing_that_a_peer_wrote(code: Code, text: str) -> None:
    found = Finding(code, text, token=1, particulars=(("x5u", text),))
    assert guard_header(rule("a-rule", "tag"), found=[found]) == (
        f"v=1;verdict={RESULTS.get(code.outcome, 'absent')};reason={code.value};rule=a-rule;mode=enforce;attest=-"
    )


def test_a_call_that_always_passes_is_explained() -> None:
    found = Finding(Code.EMERGENCY, "why")
    header = (b"X-SIP-Guard", b"v=1;verdict=absent;reason=emergency;rule=emergency;mode=enforce;attest=-")
    told = Forward(Tags(headers=(header,)))
    assert passed_by(found, TagOptions()) == Decision(told, "allow", "emergency", "absent", "emergency", (found,))


# Withheld callers, redirections, samples, and the Reason of a refusal.


def test_a_caller_is_withheld_and_later_rules_speak() -> None:
    result = decision(rule("a", "anonymise"), rule("b", "tag"))
    assert (result.rule, result.action) == ("a", "anonymise")
    assert isinstance(result.verdict, Forward)
    assert result.verdict.anonymise
    assert guard_header(rule("a", "tag"), rule("b", "anonymise")).startswith(
        "v=1;verdict=absent;reason=no-identity;rule=b;mode=enforce"
    )


def test_what_ends_the_list_ends_it_for_a_withheld_caller_too() -> None:
    assert decision(rule("a", "anonymise"), rule("b", "reject 403")).verdict == Reject(403, "Forbidden")
    allowed = decision(rule("a", "anonymise"), rule("b", "allow"))
    assert (allowed.rule, allowed.action) == ("b", "anonymise")
    assert isinstance(allowed.verdict, Forward)
    assert allowed.verdict.anonymise


def test_a_rule_in_shadow_withholds_nobody() -> None:
    result = decision(rule("a", "anonymise", mode="shadow"))
    assert (result.action, result.shadows) == ("tag", (Shadow("a", "anonymise"),))
    assert isinstance(result.verdict, Forward)
    assert not result.verdict.anonymise


def test_a_redirection_ends_the_list_and_names_another_place() -> None:
    result = decision(rule("a", "redirect sip:desk@pbx.example"), rule("b", "reject 403"))
    assert (result.rule, result.action) == ("a", "redirect")
    assert result.verdict == Redirect(b"sip:desk@pbx.example")


def test_a_redirection_tells_what_is_wrong_with_tokens_as_a_call_that_goes_on_does() -> None:
    rules = [rule("a", "redirect sip:desk@pbx.example")]
    verdict = decide(call(IDENTITY), [MISMATCH], rules, TagOptions()).verdict
    assert verdict == Redirect(b"sip:desk@pbx.example", reasons=(WRONG,))


def test_a_rule_off_is_not_asked() -> None:
    assert decision(rule("a", "reject", mode="off")).shadows == ()


def test_a_rule_in_sample_acts_on_its_share_and_is_in_shadow_for_the_others() -> None:
    results = [
        decide(
            call(fields={"Call-ID": f"call-{i}"}), [UNSIGNED], [rule("a", "reject", mode="sample 50%")], TagOptions()
        )
        for i in range(100)
    ]
    acted = [result for result in results if result.action == "reject 428"]
    assert 25 < len(acted) < 75
    assert {(result.rule, result.mode, result.shadows) for result in acted} == {("a", "sample 50%", ())}
    others = {(result.rule, result.mode, result.shadows) for result in results if result.action == "tag"}
    assert others == {("default", "enforce", (Shadow("a", "reject 428", "sample 50%"),))}
    assert len(acted) < len(results)


def test_a_tag_of_a_sample_says_so() -> None:
    always = rule("a", "tag", mode="sample 99.999999%")
    assert guard_header(always) == "v=1;verdict=absent;reason=no-identity;rule=a;mode=sample;attest=-"


NUMBER = Finding(Code.NUMBER_INVALID)


def test_a_refusal_carries_the_reason_of_its_rule_before_those_of_tokens() -> None:
    refusing = msgspec.structs.replace(rule("a", "reject", "number"), reason=b"Q.850;cause=21")
    second = IDENTITY.replace("c2ln", "d2ln")
    of = call(IDENTITY, second)
    assert decide(of, [NUMBER], [refusing], TagOptions()).verdict == Reject(403, "Forbidden", (b"Q.850;cause=21",))
    both = decide(of, [NUMBER, MISMATCH], [refusing], TagOptions()).verdict
    assert both == Reject(403, "Forbidden", (b"Q.850;cause=21", WRONG))


def test_a_protocol_stands_once_in_the_reasons_of_a_refusal() -> None:
    blocked = b'SIP;cause=603;text="v=analytics1;tel=1";location=RLN'
    blocking = msgspec.structs.replace(rule("a", "reject 603 Network Blocked", "campaign"), reason=blocked)
    found = [Finding(Code.CAMPAIGN_FANOUT), MISMATCH]
    of = call(IDENTITY, IDENTITY.replace("c2ln", "d2ln"))
    assert decide(of, found, [blocking], TagOptions(reason="both")).verdict == Reject(
        603, "Network Blocked", (blocked, WRONG)
    )


THENS = ("allow", "tag", "anonymise", "redirect sip:a@b", "reject", "reject 403 No")
NAMES = ("stale", "number", "passed", "!passed", "unsigned", "token-replayed", "campaign")


def policies(mode: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        lambda name, then, findings: rule(name, then, *findings, mode=mode),
        st.sampled_from(("a", "b", "c")),
        st.sampled_from(THENS),
        st.lists(st.sampled_from(NAMES), max_size=2),
    )


@given(
    st.lists(policies("enforce"), max_size=4),
    policies("shadow"),
    st.integers(0, 4),
    st.lists(st.sampled_from((STALE, UNSIGNED, MISMATCH, NUMBER, REPLAYED, passed())), max_size=3, unique=True),
)
def test_a_rule_in_shadow_never_changes_what_is_done(
    rules: list[Rule], shadow: Rule, at: int, found: list[Finding]
) -> None:
    """But for the name of the rule in the field that tells it."""
    without = decide(call(IDENTITY), found, rules, TagOptions(header=""))
    beside = decide(call(IDENTITY), found, [*rules[:at], shadow, *rules[at:]], TagOptions(header=""))
    assert msgspec.structs.replace(beside, shadows=()) == without
