"""RFC 8224 6.1, RFC 8225 7 and 9: tokens that are made here."""

import json
from typing import Any

import pytest
from calls import ALICE, BOB, CAROL, CLAIMS, HEADER, IAT, KEY, X5U, decode
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir import sign
from sip_guard.stir.identity import Identity, parse
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import Passport
from sip_guard.stir.strict_json import members


def signed(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "attest": "A",
        "dest_tn": [BOB],
        "iat": IAT,
        "orig_tn": ALICE,
        "origid": CLAIMS["origid"],
        "key": KEY,
        "x5u": X5U,
    }
    return sign.sign(**(fields | changes))


def test_an_identity_value_says_what_was_asked_for() -> None:
    identity = parse(signed())
    assert isinstance(identity, Identity)
    assert (identity.info, identity.alg, identity.ppt) == (X5U, "ES256", "shaken")
    assert identity.token == sign.token(HEADER, CLAIMS, KEY)
    passport = decode(identity.token)
    assert isinstance(passport, Passport)
    assert (passport.attest, passport.orig_tn, passport.dest_tn, passport.iat) == ("A", ALICE, (BOB,), IAT)


def test_equal_arguments_give_equal_octets() -> None:
    assert signed() == signed()
    assert signed() != signed(iat=IAT + 1)


def test_several_callees_are_sorted() -> None:
    identity = parse(signed(dest_tn=["3", "1", "2"]))
    assert isinstance(identity, Identity)
    passport = decode(identity.token)
    assert isinstance(passport, Passport)
    assert passport.dest_tn == ("1", "2", "3")


def said(value: bytes) -> tuple[Identity, dict[str, Any]]:
    """Read an Identity value, and the claims of its token."""
    identity = parse(value)
    assert isinstance(identity, Identity)
    jws = Jws.parse(identity.token)
    assert isinstance(jws, Jws)
    assert (jws.alg, jws.ppt, jws.x5u) == (identity.alg, identity.ppt, identity.info)
    claims = members(jws.payload)
    assert claims is not None
    return identity, dict(claims)


CALL: dict[str, Any] = {"orig": ALICE, "dest": [BOB], "iat": IAT, "key": KEY, "x5u": X5U}
OF_CALL = {"orig": {"tn": ALICE}, "dest": {"tn": [BOB]}, "iat": IAT}


def test_a_token_without_extension_has_no_ppt() -> None:
    identity, claims = said(sign.base(**CALL))
    assert identity.ppt is None
    assert claims == OF_CALL


def test_who_has_no_number_is_named_by_a_uri() -> None:
    whom = ["sip:bob@example.com", CAROL, BOB]
    _, claims = said(sign.base(**CALL | {"orig": "sip:alice@example.com", "dest": whom}))
    assert claims["orig"] == {"uri": "sip:alice@example.com"}
    assert claims["dest"] == {"tn": [BOB, CAROL], "uri": ["sip:bob@example.com"]}


def test_a_diversion_names_who_was_called_before() -> None:
    identity, claims = said(sign.div(**CALL | {"dest": [CAROL]}, diverted=BOB))
    assert identity.ppt == "div"
    assert claims == OF_CALL | {"dest": {"tn": [CAROL]}, "div": {"tn": BOB}}


def test_a_diversion_may_point_into_the_history() -> None:
    _, claims = said(sign.div(**CALL, diverted="sip:carol@example.com", hi="1.1"))
    assert claims["div"] == {"uri": "sip:carol@example.com", "hi": "1.1"}


def test_a_priority_is_named_by_namespace_and_value() -> None:
    identity, claims = said(sign.rph(**CALL, auth=["ets.0", "wps.0"]))
    assert identity.ppt == "rph"
    assert claims == OF_CALL | {"rph": {"auth": ["ets.0", "wps.0"]}}


def test_a_name_is_shown_with_the_reason_of_the_call() -> None:
    identity, claims = said(sign.rcd(**CALL, rcd={"nam": "Alice's"}, further={"crn": "your parcel"}))
    assert identity.ppt == "rcd"
    assert claims == OF_CALL | {"rcd": {"nam": "Alice's"}, "crn": "your parcel"}


def test_a_shaken_token_may_claim_more() -> None:
    _, claims = said(signed(further={"rcd": {"nam": "Alice"}}))
    assert claims == CLAIMS | {"rcd": {"nam": "Alice"}}


def test_keys_of_media_are_sorted_and_written_without_colons() -> None:
    """The example of RFC 8225 5.2.2, in another order."""
    sha1 = "SHA-1 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab"
    sha256 = "sha-256 02:1A:CC:54:27:AB:EB:9C:53:3F:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1:7A:03:A2:7D:F9:B0:7F:46:19:B2"
    other = "sha-256 01:1A"
    assert sign.mky([sha256, other, sha1]) == [
        {"alg": "sha-1", "dig": "4AADB9B13F82183B540212DF3E5D496B19E57CAB"},
        {"alg": "sha-256", "dig": "011A"},
        {"alg": "sha-256", "dig": "021ACC5427ABEB9C533F3E4B652E7D463F5442CD54F17A03A27DF9B07F4619B2"},
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            {"orig": {"tn": "12155551212"}, "iat": 1443208345, "dest": {"uri": ["sip:alice@example.com"]}},
            b'{"dest":{"uri":["sip:alice@example.com"]},"iat":1443208345,"orig":{"tn":"12155551212"}}',
        ),
        (
            {"x5u": "https://cert.example.org/passport.cer", "typ": "passport", "alg": "ES256"},
            b'{"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/passport.cer"}',
        ),
        (
            {"b": {"d": [{"f": 1, "e": None}], "c": True}, "a": False},
            b'{"a":false,"b":{"c":true,"d":[{"e":null,"f":1}]}}',
        ),
        ({"\u00e4": "\u4e2d/", "z": '"\\\n'}, '{"z":"\\"\\\\\\n","\u00e4":"\u4e2d/"}'.encode()),
        ({"Z": 1, "a": 2, "_": 3}, b'{"Z":1,"_":3,"a":2}'),
    ],
)
def test_json_has_one_form(value: dict[str, object], text: bytes) -> None:
    assert sign.canonical_json(value) == text


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.text(max_size=8)
        | st.integers(-(2**53), 2**53)
        | st.booleans()
        | st.dictionaries(st.text(max_size=2), st.lists(st.text(max_size=3), max_size=3), max_size=3),
        max_size=5,
    )
)
def test_json_is_what_another_writer_writes(value: dict[str, object]) -> None:
    other = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert sign.canonical_json(value) == other
