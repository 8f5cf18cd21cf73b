"""Conditions, each alone and together."""

import msgspec
import pytest
from incoming import call, calling, passed, when
from scene import trunk

from sip_guard.call import Call, Code, Finding
from sip_guard.policy.when import When

STALE = Finding(Code.IAT_STALE)
UNSIGNED = Finding(Code.NO_IDENTITY)


def number(code: Code = Code.NUMBER_INVALID, **particulars: str) -> Finding:
    return Finding(code, particulars=tuple(particulars.items()))


def test_no_conditions_hold_for_every_call() -> None:
    assert When().match(call(), []) == ()
    assert When().match(call(), [STALE]) == ()
    assert When().conditions == {}


@pytest.mark.parametrize(
    ("names", "matched"),
    [
        ("iat-stale", (STALE,)),
        ("stale", (STALE,)),
        ("iat-future", None),
        ("mismatch unsigned", (UNSIGNED,)),
        ("mismatch malformed", None),
        ("!passed", ()),
        ("!stale", None),
        ("unsigned !passed", (UNSIGNED,)),
        ("unsigned !stale", None),
        ("unsigned !iat-stale", None),
    ],
)
def test_a_finding_is_named_by_its_code_or_its_outcome_or_must_not_be_there(
    names: str, matched: tuple[Finding, ...] | None
) -> None:
    assert when(*names.split()).match(call(), [UNSIGNED, STALE]) == matched


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"trunk": "carrier"}, True),
        ({"trunk": "other"}, False),
        ({"trunk": "!carrier"}, False),
        ({"trunk": "!other"}, True),
        ({"origin": "customer"}, True),
        ({"origin": "domestic unknown"}, False),
        ({"origin": "!domestic"}, True),
        ({"identity": "require"}, True),
        ({"identity": "!require"}, False),
        ({"identity": "require", "origin": "domestic"}, False),
    ],
)
def test_conditions_about_the_trunk_need_no_finding(condition: dict[str, str], *, holds: bool) -> None:
    of = call(trunk=trunk(origin="customer", identity="require"))
    assert when(**condition).match(of, []) == (() if holds else None)
    assert bool(when(**condition).unmet(of, [])) is not holds


ASSERTED = "P-Asserted-Identity: <sip:+442079460001@carrier.example>"


@pytest.mark.parametrize(
    ("of", "caller", "holds"),
    [
        (calling("+12155551212"), "+1215", True),
        (calling("+12155551212"), "+44", False),
        (calling("+12155551212"), "!+44", True),
        (calling("+12155551212"), "!+1", False),
        (calling("+12155551212"), "1215", False),
        (calling("12155551212"), "1215", True),
        (calling("+12155551212", ASSERTED), "+44", True),
        (calling("+12155551212", ASSERTED), "!+4420", False),
        (calling("+12155551212", ASSERTED), "+1 !+44", False),
        (calling("112"), "112", True),
        (calling("112"), "+112", False),
        (calling("anonymous"), "+44", False),
        (calling("anonymous"), "!+44", True),
    ],
)
def test_a_caller_is_told_by_how_a_number_that_is_shown_begins(of: Call, caller: str, *, holds: bool) -> None:
    assert when(caller=caller).match(of, []) == (() if holds else None)


@pytest.mark.parametrize(
    ("uri", "called", "holds"),
    [
        ("sip:+442079460000@192.0.2.1", "+4420", True),
        ("sip:+442079460000@192.0.2.1", "!+4420", False),
        ("sip:020123@192.0.2.1", "020", True),
        ("sip:bob@192.0.2.1", "020", False),
        ("urn:service:other", "020", False),
    ],
)
def test_a_callee_is_told_by_the_request_uri(uri: str, called: str, *, holds: bool) -> None:
    assert when(called=called).match(call(uri=uri), []) == (() if holds else None)


DIVERSION = "Diversion: <sip:+442079460001@carrier.example>"


@pytest.mark.parametrize(
    ("condition", "believed", "unknown", "direct"),
    [
        ({"diverted": "true"}, True, False, False),
        ({"diverted": "false"}, False, True, True),
        ({"diverting": "+4420"}, True, False, False),
        ({"diverting": "+33"}, False, False, False),
        ({"diverting": "!+4420"}, False, True, True),
        ({"diverted": "true", "diverting": "!+33"}, True, False, False),
    ],
)
def test_who_diverted_counts_by_the_word_of_a_trunk_that_is_believed(
    condition: dict[str, str], *, believed: bool, unknown: bool, direct: bool
) -> None:
    calls = (
        (call(DIVERSION, trunk=trunk(trust_diversion=True)), believed),
        (call(DIVERSION), unknown),
        (call(trunk=trunk(trust_diversion=True)), direct),
    )
    for of, holds in calls:
        assert when(**condition).match(of, []) == (() if holds else None)
        assert bool(when(**condition).unmet(of, [])) is not holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"attestation": "B C"}, True),
        ({"attestation": "A"}, False),
        ({"attestation": "!A"}, True),
        ({"attestation": "!B"}, False),
        ({"spc": "1234"}, True),
        ({"spc": "99 98"}, False),
        ({"spc": "!1234"}, False),
        ({"attestation": "B", "spc": "!99"}, True),
    ],
)
def test_a_level_and_a_signer_are_those_of_a_token_that_passed(condition: dict[str, str], *, holds: bool) -> None:
    found = passed("B")
    assert when(**condition).match(call(), [UNSIGNED, found]) == ((found,) if holds else None)
    assert when(**condition).match(call(), [UNSIGNED]) is None
    assert when("unsigned", **condition).match(call(), [UNSIGNED, found]) is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"field": "from"}, True),
        ({"field": "asserted"}, False),
        ({"country": "GB"}, True),
        ({"country": "!GB"}, False),
        ({"country": "!FR"}, True),
        ({"kind": "mobile"}, False),
        ({"kind": "!mobile"}, True),
        ({"list": "dno"}, True),
        ({"list": "!dno"}, False),
        ({"owner": "Bank"}, True),
        ({"owner": "!Bank"}, False),
        ({"field": "from", "country": "GB", "kind": "geographic", "list": "dno", "owner": "Bank"}, True),
        ({"field": "from", "country": "GB", "kind": "mobile"}, False),
    ],
)
def test_a_number_is_told_by_what_was_found_about_it(condition: dict[str, str], *, holds: bool) -> None:
    found = number(field="from", country="GB", kind="geographic", list="dno", owner="Bank")
    assert when(**condition).match(call(), [found]) == ((found,) if holds else None)
    assert bool(when(**condition).unmet(call(), [found])) is not holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"repository": "certs.example.com"}, True),
        ({"repository": "!certs.example.com"}, False),
        ({"repository": "!other.example.com"}, True),
        ({"issuer": "CN=CA"}, True),
        ({"issuer": "!CN=CA"}, False),
        ({"repository": "certs.example.com", "attestation": "A"}, True),
        ({"repository": "certs.example.com", "attestation": "B"}, False),
    ],
)
def test_a_signer_is_told_by_its_certificate(condition: dict[str, str], *, holds: bool) -> None:
    about = (("repository", "certs.example.com"), ("issuer", "CN=CA"))
    found = msgspec.structs.replace(passed("A"), particulars=about)
    assert when(**condition).match(call(), [UNSIGNED, found]) == ((found,) if holds else None)
    assert when(**condition).match(call(), [UNSIGNED]) is None


def test_a_finding_about_two_numbers_is_about_each() -> None:
    found = number(Code.COUNTRIES_DIFFER, from_country="GB", from_kind="mobile", asserted_country="FR")
    assert when(country="GB").match(call(), [found]) == (found,)
    assert when(country="FR").match(call(), [found]) == (found,)
    assert when(country="!FR").match(call(), [found]) is None
    assert when(kind="mobile").match(call(), [found]) == (found,)


def test_conditions_about_a_finding_hold_for_the_same_one() -> None:
    mobile, french = number(country="GB", kind="mobile"), number(country="FR", kind="geographic")
    both = when(country="GB", kind="geographic")
    assert both.match(call(), [mobile, french]) is None
    assert both.unmet(call(), [mobile, french]) == ("country: GB", "kind: geographic")
    assert both.match(call(), [mobile, french, number(country="GB", kind="geographic")]) is not None


@pytest.mark.parametrize(
    ("arrival", "conditions", "holds"),
    [
        (1_795_651_200, {"hours": "00:00-01:00"}, True),  # Thursday 2026-11-26 00:00 UTC
        (1_795_651_200, {"hours": "22:00-06:00"}, True),
        (1_795_651_199, {"hours": "00:00-01:00"}, False),
        (1_795_651_199, {"hours": "22:00-24:00"}, True),
        (1_795_651_200, {"hours": "06:00-22:00 23:00-00:01"}, True),
        (1_795_651_200, {"days": "thu"}, True),
        (1_795_651_199, {"days": "thu"}, False),
        (1_795_651_199, {"days": "!thu"}, True),
        (1_795_651_200, {"days": "thu", "hours": "08:00-18:00"}, False),
        (1_782_864_000, {"hours": "01:00-02:00"}, True),  # Wednesday 2026-07-01 00:00 UTC: summer time
        (1_782_864_000, {"hours": "00:00-01:00"}, False),
    ],
)
def test_hours_and_days_go_by_the_clocks_of_the_time_zone(
    arrival: int, conditions: dict[str, str], *, holds: bool
) -> None:
    of = call(arrival=float(arrival))
    asked = when(zone="Europe/London", **conditions)
    assert asked.match(of, []) == (() if holds else None)
    assert bool(asked.unmet(of, [])) is not holds


def test_all_conditions_must_hold_and_those_that_do_not_are_named() -> None:
    every = when(
        "unsigned", "!stale", trunk="carrier", caller="+1", called="+1", identity="prefer", hours="00:00-24:00"
    )
    assert every.match(call(), [UNSIGNED]) == (UNSIGNED,)
    assert every.unmet(call(), [UNSIGNED]) == ()
    assert every.match(call(), [UNSIGNED, STALE]) is None
    assert every.unmet(call(), [UNSIGNED, STALE]) == ("finding: unsigned, !stale",)
    other = call(trunk=trunk(name="other", identity="require"))
    assert every.match(other, [UNSIGNED]) is None
    assert every.unmet(other, [UNSIGNED]) == ("trunk: carrier", "identity: prefer")
