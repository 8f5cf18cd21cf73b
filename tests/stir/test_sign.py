"""RFC 8224 6.1, RFC 8225 7 and 9: tokens that are made here."""

import json
from typing import Any

import pytest
from calls import ALICE, BOB, CLAIMS, HEADER, IAT, KEY, X5U, decode
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.stir import sign
from sip_guard.stir.identity import Identity, parse
from sip_guard.stir.passport import Passport


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
