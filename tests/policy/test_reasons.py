"""What the caller's side is told of its tokens (RFC 9410)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import call, passed

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.policy.reasons import Protocol, reasons

SIGNATURE = "rq3pjT1hoRwakEGj_-ck7w"
OTHER = "Bb4pjT1hoRwakEGj00ck7x"
INFO = ";info=<https://cert.example.org/a.pem>;alg=ES256;ppt=shaken"
STALE = b'STIR;cause=403;text="Stale Date"'
INVALID = b'STIR;cause=438;text="Invalid Identity Header"'
VALUE = re.compile(
    rb'STIR;cause=(403|43[678]);text="[A-Za-z ]+"(;ppi="\.\.[A-Za-z0-9_-]{1,256}")?'
    rb'|SIP;cause=(403|43[678]);text="[A-Za-z ]+"'
)


def signed(*signatures: str) -> Call:
    return call(*(f"Identity: e30.e30.{signature}{INFO}" for signature in signatures))


def ppi(signature: str = SIGNATURE) -> bytes:
    return f';ppi="..{signature}"'.encode()


def test_a_token_that_failed_is_named_by_its_signature() -> None:
    assert reasons(signed(SIGNATURE), [Finding(Code.IAT_STALE, token=1)], "stir") == (STALE + ppi(),)


def test_each_token_that_failed_has_a_reason_of_its_own() -> None:
    found = [Finding(Code.SIGNATURE_INVALID, token=1), Finding(Code.IAT_STALE, token=2)]
    assert reasons(signed(SIGNATURE, OTHER), found, "stir") == (INVALID + ppi(), STALE + ppi(OTHER))


def test_a_token_that_failed_is_told_of_even_if_another_one_is_good() -> None:
    found = [Finding(Code.IAT_STALE, token=1, weighs=False), passed(token=2)]
    assert reasons(signed(SIGNATURE, OTHER), found, "both") == (STALE + ppi(),)
    assert reasons(signed(SIGNATURE, OTHER), found, "sip") == ()


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        ("stir", (INVALID + ppi(), STALE + ppi(OTHER))),
        ("sip", (b'SIP;cause=403;text="Stale Date"',)),
        ("both", (INVALID + ppi(), STALE + ppi(OTHER), b'SIP;cause=403;text="Stale Date"')),
        ("none", ()),
    ],
)
def test_the_protocol_is_a_matter_of_choice_and_that_of_sip_stands_there_once(
    protocol: Protocol, told: tuple[bytes, ...]
) -> None:
    found = [Finding(Code.ORIG_MISMATCH, token=1), Finding(Code.IAT_STALE, token=2)]
    assert reasons(signed(SIGNATURE, OTHER), found, protocol) == told


UNTOLD = ("passed", "unsigned", "unattested", "number", "campaign", "note", "exempt")
TOLD = {outcome for outcome in Outcome if outcome.value not in UNTOLD}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_errors_of_tokens_are_told_and_nothing_else(code: Code) -> None:
    told = reasons(signed(SIGNATURE), [Finding(code, token=1)], "both")
    wrong = code.outcome in TOLD and code is not Code.CHECK_UNAVAILABLE
    cause = f';cause={code.sip_code};text="{code.phrase}"'.encode()
    assert told == ((b"STIR" + cause + ppi(), b"SIP" + cause) if wrong else ())


def test_two_findings_of_one_token_with_one_answer_are_told_once() -> None:
    found = [Finding(Code.ORIG_MISMATCH, token=1), Finding(Code.TOKEN_REPLAYED, token=1)]
    assert reasons(signed(SIGNATURE), found, "stir") == (INVALID + ppi(),)


def test_what_is_wrong_with_all_tokens_together_names_none() -> None:
    assert reasons(signed(*[SIGNATURE] * 9), [Finding(Code.TOO_MANY_IDENTITIES)], "stir") == (INVALID,)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (f"..{SIGNATURE}{INFO}", True),
        (f"e30.e30.{SIGNATURE} ;info=<https://a.b/c>", True),
        (f"e30.e30.{SIGNATURE}", True),
        (f"e30.e30.{SIGNATURE}={INFO}", False),
        (f'e30.e30."{SIGNATURE}"{INFO}', False),
        (f"e30.e30.{SIGNATURE}\\{INFO}", False),
        (f"e30.e30.{INFO}", False),
        (f"nodots{INFO}", False),
        (f"nodots;info=<https://a.{SIGNATURE}>", False),
        (f"e30.e30.{'x' * 256}{INFO}", True),
        (f"e30.e30.{'x' * 257}{INFO}", False),
    ],
)
def test_a_token_without_a_signature_that_can_be_shown_is_not_named(value: str, *, named: bool) -> None:
    (told,) = reasons(call(f"Identity: {value}"), [Finding(Code.IDENTITY_MALFORMED, token=1)], "stir")
    assert (b";ppi=" in told) == named


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), min_size=1), st.sampled_from(list(Code)))
def test_nothing_that_a_peer_writes_breaks_a_reason(text: str, code: Code) -> None:
    identified = call(f"Identity: x{text}", f"Identity: ..{text}{INFO}")
    for token in range(4):
        for value in reasons(identified, [Finding(code, text, token=token)], "both"):
            assert VALUE.fullmatch(value)
