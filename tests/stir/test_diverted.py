"""Diverted calls (RFC 8946 4.2): the tokens have to lead from the number called first to where the call goes."""

from itertools import permutations
from typing import Any

import pytest
from calls import token as shaken_token
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW
from scene import trunk
from tokens import ALICE, BOB, CAROL, DAVE, about, codes, div, found, line, original

HOPS = [f"1215555{number}" for number in range(2000, 2006)]
PASSES = ("passed", 1)
EVE = ec.generate_private_key(ec.SECP256R1())


def chain(hops: int) -> list[str]:
    """Give a token to the first of the numbers and so many diversions."""
    return [original(HOPS[0]), *(div(HOPS[i], HOPS[i + 1]) for i in range(hops))]


@pytest.mark.parametrize("hops", [1, 2, 3, 4, 5])
def test_a_chain_leads_from_the_first_called_number_to_the_last(hops: int) -> None:
    (passed, *notes) = found(about(*chain(hops), to=HOPS[0], target=HOPS[hops]))
    assert passed.code.value == "passed"
    assert passed.attestation is not None
    assert (passed.attestation.level, passed.attestation.diversions) == ("A", hops)
    assert [note.code.value for note in notes] == ["div-passed"] * hops


def test_the_order_of_the_header_fields_plays_no_part() -> None:
    for lines in permutations(chain(3)):
        results = found(about(*lines, to=HOPS[0], target=HOPS[3]))
        assert "passed" in {finding.code.value for finding in results if finding.weighs}


def test_to_plays_no_part() -> None:
    assert PASSES in codes(found(about(*chain(2), to="12155559999", target=HOPS[2])))


def test_a_chain_from_which_a_token_is_missing_does_not_pass() -> None:
    first, _, last = chain(2)
    assert codes(found(about(first, last, to=HOPS[2], target=HOPS[2]))) == [("dest-mismatch", 1), ("div-broken", 2)]
    assert codes(found(about(first, last, to=HOPS[0], target=HOPS[2]))) == [("dest-diverted", 1)]


def test_a_chain_that_ends_elsewhere_does_not_pass() -> None:
    assert codes(found(about(*chain(1), to=DAVE, target=DAVE))) == [("dest-mismatch", 1), ("div-broken", 2)]


def test_a_diversion_of_another_callers_call_does_not_count() -> None:
    lines = original(BOB), div(BOB, CAROL, orig="12155550000")
    assert PASSES not in codes(found(about(*lines, to=BOB, target=CAROL)))


def test_a_circle_ends() -> None:
    lines = original(BOB), div(BOB, CAROL), div(CAROL, BOB), div(BOB, BOB)
    assert codes(found(about(*lines, to=BOB, target=DAVE))) == [("dest-diverted", 1)]


def test_every_signature_of_the_chain_counts() -> None:
    lines = original(BOB), div(BOB, CAROL, key=EVE)
    assert codes(found(about(*lines, to=BOB, target=CAROL))) == [("dest-diverted", 1)]
    assert codes(found(about(*lines, to=CAROL, target=CAROL))) == [("dest-mismatch", 1), ("signature-invalid", 2)]


def test_a_forged_diversion_beside_a_good_one_harms_nothing() -> None:
    lines = original(BOB), div(BOB, CAROL, key=EVE), div(BOB, CAROL)
    assert PASSES in codes(found(about(*lines, to=BOB, target=CAROL)))


def test_the_first_token_may_be_older_for_the_call_rang_elsewhere() -> None:
    lines = original(BOB, iat=NOW - 200), div(BOB, CAROL, iat=NOW - 5)
    assert PASSES in codes(found(about(*lines, to=BOB, target=CAROL)))


@pytest.mark.parametrize(("first", "last"), [(301, 5), (200, 61)])
def test_but_not_older_than_is_allowed_and_the_last_one_is_fresh(first: int, last: int) -> None:
    lines = original(BOB, iat=NOW - first), div(BOB, CAROL, iat=NOW - last)
    assert codes(found(about(*lines, to=BOB, target=CAROL))) == [("iat-stale", 1), ("div-broken", 2)]


def test_an_old_token_is_not_made_fresh_by_a_diversion_that_leads_nowhere() -> None:
    lines = original(BOB, iat=NOW - 200), div(DAVE, CAROL)
    assert codes(found(about(*lines, to=BOB, target=BOB))) == [("iat-stale", 1), ("div-broken", 2)]


def test_a_diversion_without_a_call_is_broken() -> None:
    assert codes(found(about(div(BOB, CAROL), to=BOB, target=CAROL))) == [("div-broken", 1)]


def test_a_diversion_that_the_call_does_not_need_harms_nothing() -> None:
    assert codes(found(about(original(BOB), div(CAROL, DAVE), to=BOB, target=BOB))) == [PASSES]


def test_a_diversion_says_nothing_of_the_callers_number() -> None:
    lines = original(BOB, orig="12155550000"), div(BOB, CAROL, orig="12155550000")
    assert codes(found(about(*lines, to=BOB, target=CAROL))) == [("orig-mismatch", 1), ("orig-mismatch", 2)]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"div": {"tn": "+12155551213"}}, "claim-invalid"),
        ({"div": {}}, "claim-invalid"),
        ({"div": {"tn": BOB, "uri": "sip:bob@example.com"}}, "claim-invalid"),
        ({"div": {"tn": [BOB]}}, "claim-invalid"),
        ({"div": BOB}, "claim-invalid"),
        ({"div": None}, "claim-invalid"),
        ({"opt": "x.y.z"}, "claim-invalid"),
    ],
)
def test_a_diversion_that_is_not_well_formed(claims: dict[str, Any], code: str) -> None:
    assert codes(found(about(div(BOB, CAROL, **claims), to=BOB, target=CAROL))) == [(code, 1)]


def test_a_div_token_without_its_claim() -> None:
    text = shaken_token(header={"ppt": "div"})
    assert codes(found(about(line(text, "div")))) == [("claim-missing", 1)]


def test_diversions_between_uris() -> None:
    lines = (
        line(shaken_token(dest={"uri": ["sip:bob@biloxi.example"]})),
        div(BOB, CAROL, div={"uri": "sip:Bob@BILOXI.example:5060"}),
    )
    assert PASSES in codes(found(about(*lines, to=BOB, target=CAROL)))


def test_where_an_sbc_changes_called_numbers_the_first_token_is_enough() -> None:
    either = trunk(called_number="either")
    assert PASSES in codes(found(about(original(BOB), to=BOB, target=CAROL, trunk=either)))


@given(st.lists(st.tuples(st.sampled_from(HOPS), st.sampled_from(HOPS)), max_size=7), st.sampled_from(HOPS))
def test_a_call_passes_only_if_there_is_a_way(steps: list[tuple[str, str]], target: str) -> None:
    results = found(about(original(HOPS[0]), *(div(*step) for step in steps), to=ALICE, target=target))
    reached = {HOPS[0]}
    for _ in steps:
        reached |= {after for before, after in steps if before in reached}
    passes = any(finding.code.value == "passed" for finding in results)
    assert passes == (target in reached)
