"""RFC 8225, RFC 7515: the form of tokens and their claims."""

import base64
import json
from typing import Any

import pytest
from calls import ALICE, BOB, CLAIMS, HEADER, IAT, KEY, X5U, decode, raw_token, resigned, token
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.call import Code, Finding
from sip_guard.stir.jws import MAX_TOKEN, Jws
from sip_guard.stir.passport import MAX_IAT, Passport, claims, everything
from sip_guard.stir.sign import base64url, canonical_json

JOSE = canonical_json(HEADER)
PAYLOAD = canonical_json(CLAIMS)


def code(text: bytes) -> Code:
    found = decode(text)
    assert isinstance(found, Finding)
    return found.code


def passport(text: bytes) -> Passport:
    found = decode(text)
    assert isinstance(found, Passport), found
    return found


def test_a_token_is_read_in_all_its_parts() -> None:
    text = token()
    signed, _, seal = text.rpartition(b".")
    jws = Jws.parse(text)
    assert jws == Jws(
        alg="ES256",
        ppt="shaken",
        typ="passport",
        x5u=X5U,
        payload=json.dumps(CLAIMS, separators=(",", ":")).encode(),
        signed=signed,
        signature=base64.urlsafe_b64decode(seal + b"=="),
    )
    assert claims(jws) == Passport(
        attest="A",
        origid="123e4567-e89b-12d3-a456-426655440000",
        dest_tn=(BOB,),
        dest_uri=(),
        iat=IAT,
        orig_tn=ALICE,
        orig_uri=None,
        more={},
    )
    assert everything(jws) == CLAIMS


def test_members_beyond_the_usual_ones_are_kept_apart() -> None:
    assert passport(token(rcd={"nam": "Bob"}, mky=[])).more == {"rcd": {"nam": "Bob"}, "mky": []}


def test_the_order_of_members_and_white_space_do_not_matter() -> None:
    payload = b'{ "origid":"x" , "orig":{"tn":"1"},\n"iat":5, "dest":{"uri":["sip:a@b"],"tn":["2","3"]},"attest":"B"}'
    found = passport(raw_token(b'{"x5u":"u","typ":"passport","ppt":"shaken","alg":"ES256"}', payload))
    assert (found.orig_tn, found.iat, found.dest_tn, found.dest_uri) == ("1", 5, ("2", "3"), ("sip:a@b",))


def test_unknown_claims_and_header_members_are_tolerated() -> None:
    assert passport(token(header={"kid": "1"}, rcd={"nam": "Bob", "jcd": [[1.5]]})).attest == "A"


def test_the_claims_of_one_type_only_may_be_absent() -> None:
    found = passport(token(without="attest"))
    assert (found.attest, found.origid) == (None, CLAIMS["origid"])


def _part(text: bytes) -> bytes:
    return base64url(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b".",
        b"...",
        b"a.b",
        b"a.b.c.d",
        b"a.b.c",
        token() + b"=",
        token() + b".",
        b" " + token(),
        token() + b"\n",
        token().replace(b".", b". ", 1),
        token().replace(b".", b"..", 1),
        b"." + token().partition(b".")[2],
        token().partition(b".")[0] + b".." + token().rpartition(b".")[2],
        token().rpartition(b".")[0] + b".",
        token()[:-1] + b"+",
        token()[:-1] + b"/",
        token()[:10] + b"\x00" + token()[11:],
        token()[:10] + b"\xc3" + token()[11:],
        _part(b"[]") + b"." + _part(PAYLOAD) + b"." + b"A" * 86,
        _part(b"x") + b"." + _part(PAYLOAD) + b"." + b"A" * 86,
        raw_token(JOSE.replace(b'"alg"', b'"alg":"none","alg"'), PAYLOAD),
        raw_token(JOSE, PAYLOAD.replace(b'"attest"', b'"attest":"C","attest"')),
        raw_token(JOSE, PAYLOAD.replace(b'{"tn":"', b'{"tn":"1","tn":"')),
        raw_token(JOSE, b'["' + PAYLOAD + b'"]'),
        raw_token(JOSE, PAYLOAD + b"\n{}"),
        raw_token(JOSE, PAYLOAD.replace(str(IAT).encode(), b"NaN")),
        raw_token(JOSE, PAYLOAD.replace(b'"A"', b'"\xff"')),
        raw_token(b'{"alg":1,"ppt":"shaken","typ":"passport","x5u":"u"}', PAYLOAD),
        raw_token(b'{"alg":"ES256","ppt":null,"typ":"passport","x5u":"u"}', PAYLOAD),
        raw_token(b'{"alg":"ES256","typ":[],"x5u":"u"}', PAYLOAD),
        raw_token(b'{"alg":"ES256","typ":"passport","x5u":{}}', PAYLOAD),
        token(pad="a" * MAX_TOKEN),
        b"." * 1_000_000,
        b"a" * 1_000_000,
        b"a." * 500_000,
    ],
    ids=lambda text: f"{text[:16].decode('latin-1')}-{len(text)}",
)
def test_what_has_not_the_form_is_malformed(text: bytes) -> None:
    assert code(text) is Code.PASSPORT_MALFORMED


def test_the_compact_form_is_found_by_its_two_dots() -> None:
    assert code(b".." + token().rpartition(b".")[2]) is Code.COMPACT_FORM
    assert code(b"..x") is Code.COMPACT_FORM


def test_a_part_has_one_spelling_only() -> None:
    """The bits that the last character does not need are zero, or four tokens would have the same signature."""
    text = token()
    assert text[-1:] in b"AQgw"
    for last in b"BRhx_-":
        assert code(text[:-1] + bytes((last,))) is Code.PASSPORT_MALFORMED
    head, body, seal = text.split(b".")
    for padding in (b"A", b"AA", b"AAA"):
        longer = base64url(PAYLOAD + b" " * len(padding))
        assert len(longer) % 4 in (0, 2, 3)
        if len(longer) % 4:
            assert code(b".".join((head, longer[:-1] + b"_", seal))) is Code.PASSPORT_MALFORMED
    assert code(b".".join((head, body + b"A" * ((1 - len(body)) % 4), seal))) is Code.PASSPORT_MALFORMED


def _der_signed() -> bytes:
    signed = token().rpartition(b".")[0]
    return signed + b"." + base64url(KEY.sign(signed, ec.ECDSA(hashes.SHA256())))


@pytest.mark.parametrize(
    "text",
    [
        _der_signed(),
        token().rpartition(b".")[0] + b"." + base64url(b"\x01" * 63),
        token().rpartition(b".")[0] + b"." + base64url(b"\x01" * 65),
        token().rpartition(b".")[0] + b"." + base64url(b"\x01" * 96),
        token().rpartition(b".")[0] + b"." + base64url(b"\x01"),
    ],
    ids=["DER", "63", "65", "96", "1"],
)
def test_a_signature_has_64_octets(text: bytes) -> None:
    assert code(text) is Code.SIGNATURE_MALFORMED


@pytest.mark.parametrize("name", ["alg", "typ", "x5u"])
def test_a_jose_header_without_a_required_member(name: str) -> None:
    found = decode(token(without=name))
    assert isinstance(found, Finding)
    assert (found.code, name in found.detail) == (Code.JOSE_CLAIM_MISSING, True)


@pytest.mark.parametrize("crit", [["exp"], [], "ppt", None])
def test_nothing_critical_is_known(crit: object) -> None:
    assert code(token(header={"crit": crit})) is Code.CRIT_UNSUPPORTED


@pytest.mark.parametrize("name", ["dest", "orig", "iat"])
def test_a_payload_without_a_required_claim(name: str) -> None:
    found = decode(token(without=name))
    assert isinstance(found, Finding)
    assert (found.code, name in found.detail) == (Code.CLAIM_MISSING, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": True},
        {"iat": False},
        {"iat": str(IAT)},
        {"iat": float(IAT)},
        {"iat": IAT + 0.5},
        {"iat": -1},
        {"iat": MAX_IAT + 1},
        {"iat": None},
        {"iat": [IAT]},
        {"orig": ALICE},
        {"orig": [ALICE]},
        {"orig": {}},
        {"orig": None},
        {"orig": {"tn": [ALICE]}},
        {"orig": {"tn": int(ALICE)}},
        {"orig": {"tn": ""}},
        {"orig": {"tn": None}},
        {"orig": {"uri": ""}},
        {"orig": {"uri": ["sip:a@b"]}},
        {"orig": {"tn": ALICE, "uri": "sip:a@b"}},
        {"orig": {"tn": ALICE, "uri": None}},
        {"orig": {"TN": ALICE}},
        {"dest": [BOB]},
        {"dest": BOB},
        {"dest": {}},
        {"dest": None},
        {"dest": {"tn": []}},
        {"dest": {"tn": [], "uri": []}},
        {"dest": {"tn": BOB}},
        {"dest": {"tn": {BOB: 1}}},
        {"dest": {"tn": [int(BOB)]}},
        {"dest": {"tn": [BOB, None]}},
        {"dest": {"tn": [[BOB]]}},
        {"dest": {"tn": None, "uri": ["sip:a@b"]}},
        {"dest": {"tn": [BOB], "uri": "sip:a@b"}},
        {"dest": {"tn": [BOB], "uri": [1]}},
        {"attest": 1},
        {"attest": None},
        {"attest": ["A"]},
        {"origid": 1},
        {"origid": None},
    ],
    ids=str,
)
def test_a_claim_of_the_wrong_kind_is_invalid(claims: dict[str, Any]) -> None:
    assert code(token(**claims)) is Code.CLAIM_INVALID


@pytest.mark.parametrize("iat", [0, IAT, MAX_IAT])
def test_iat_is_any_whole_number_of_seconds(iat: int) -> None:
    assert passport(token(iat=iat)).iat == iat


@pytest.mark.parametrize("iat", [b"1e9", b"1.0", b"-0.0", b"1700000000.0", b"99999999999999999999999"])
def test_iat_is_written_as_an_integer(iat: bytes) -> None:
    assert code(raw_token(JOSE, PAYLOAD.replace(str(IAT).encode(), iat))) is Code.CLAIM_INVALID


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda text: resigned(_part(text) + b"." + _part(text))))
def test_any_octets_are_a_passport_or_a_finding(text: bytes) -> None:
    assert isinstance(decode(text), Passport | Finding)


@given(st.data())
def test_a_changed_token_is_a_passport_or_a_finding(data: st.DataObject) -> None:
    jose, payload = bytearray(JOSE), bytearray(PAYLOAD)
    for text in (jose, payload):
        for _ in range(data.draw(st.integers(0, 2))):
            text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from(b'{}[]":,1eE.-x\x00\xff\\'))
    assert isinstance(decode(raw_token(bytes(jose), bytes(payload))), Passport | Finding)
