"""RFC 8224 6.2, RFC 8588, ATIS-1000082: what a token is worth for a call."""

from typing import Any

import msgspec
import pki
import pytest
from calls import (
    ALICE,
    BOB,
    CAROL,
    CLAIMS,
    HEADER,
    IAT,
    KEY,
    PKI,
    SIGNER,
    UNREADABLE,
    X5U,
    call,
    decode,
    examined,
    identity,
    judged,
    party,
    raw_token,
    token,
)
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW

from sip_guard.call import Attestation, Call, Code, Finding, Outcome, Party
from sip_guard.number import PLAIN
from sip_guard.stir import sign
from sip_guard.stir.certificate import Signer, judge
from sip_guard.stir.identity import Identity, parse
from sip_guard.stir.passport import Passport
from sip_guard.stir.sign import base64url, canonical_json
from sip_guard.stir.tn_auth_list import Numbers
from sip_guard.stir.token import Freshness, Terms, Token

ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def code(one: Identity, of: Call | None = None) -> Code:
    """What is found without a certificate."""
    finding = examined(one, of)
    assert isinstance(finding, Finding), finding
    return finding.code


def test_a_good_token_passes() -> None:
    finding = judged(identity(token()))
    assert finding.code is Code.PASSED
    assert finding.attestation == Attestation("A", CLAIMS["origid"], "1234", frozenset({b"from"}))
    assert ("iat", IAT) in finding.particulars


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_the_attestation_level_is_the_signers(level: str) -> None:
    attestation = judged(identity(token(attest=level))).attestation
    assert attestation is not None
    assert attestation.level == level


def test_a_token_that_we_sign_passes() -> None:
    value = sign.sign(attest="B", dest_tn=[BOB], iat=IAT, orig_tn=ALICE, origid="x", key=KEY, x5u=X5U)
    one = parse(value)
    assert isinstance(one, Identity)
    assert judged(one).code is Code.PASSED


def test_the_octets_received_are_verified_and_not_their_meaning() -> None:
    spaced = raw_token(canonical_json(HEADER) + b"\n", b" " + canonical_json(CLAIMS))
    assert judged(identity(spaced)).code is Code.PASSED


# The type: RFC 8224 6.2 step 1 and 4.1, E5 and E13


@pytest.mark.parametrize("ppt", ["div-o", "msec", "Shaken", "x" * 300])
def test_another_type_is_passed_over_whatever_it_holds(ppt: str) -> None:
    assert code(identity(token(header={"ppt": ppt}), ppt=ppt)) is Code.PPT_UNSUPPORTED
    assert code(identity(b"not a token", "http://nowhere", ppt=ppt)) is Code.PPT_UNSUPPORTED
    assert Code.PPT_UNSUPPORTED.outcome is Outcome.UNSIGNED


def test_a_token_without_a_type_is_a_base_passport() -> None:
    assert judged(identity(token(without="ppt"), ppt=None)).code is Code.AUTHORITY_UNKNOWN
    assert code(identity(token(without="ppt"), "http://nowhere", ppt=None)) is Code.INFO_INVALID


def test_a_type_that_only_the_token_names() -> None:
    assert code(identity(token(), ppt=None)) is Code.PPT_MISMATCH
    assert code(identity(token(header={"ppt": "div"}), ppt=None)) is Code.PPT_MISMATCH
    assert code(identity(token(header={"ppt": "div-o"}), ppt=None)) is Code.PPT_UNSUPPORTED


def test_a_type_that_only_the_parameter_names() -> None:
    assert code(identity(token(without="ppt"))) is Code.JOSE_CLAIM_MISSING
    assert code(identity(token(header={"ppt": "div"}))) is Code.PPT_MISMATCH
    assert code(identity(token(header={"ppt": "SHAKEN"}))) is Code.PPT_MISMATCH


# The form, the URL and the JOSE header: E4 to E13


@pytest.mark.parametrize("ppt", ["shaken", "div", "rph", "rcd"])
def test_the_compact_form_is_refused_for_all_but_base_passports(ppt: str) -> None:
    """RFC 8588 defines none, E4."""
    seal = token().rpartition(b".")[2]
    assert code(identity(b".." + seal, ppt=ppt)) is Code.COMPACT_FORM
    assert code(identity(b".." + seal, "http://nowhere", ppt=ppt)) is Code.COMPACT_FORM


@pytest.mark.parametrize("url", ["http://cert.example.org/a", "https://cert.example.org:444/a", X5U + "?a", ""])
def test_a_url_that_is_never_fetched(url: str) -> None:
    assert code(identity(token(header={"x5u": url}), url)) is Code.INFO_INVALID


def test_a_laboratorys_port_is_allowed_by_name_only() -> None:
    url = "https://localhost:4443/a"
    one = identity(token(header={"x5u": url}), url)
    assert isinstance(examined(one, terms=Terms(laboratories=frozenset({("localhost", 4443)}))), Token)
    assert code(one) is Code.INFO_INVALID


@pytest.mark.parametrize("url", [X5U + "/", X5U.upper(), "https://cert.example.org:443/passport.pem"])
def test_x5u_is_the_info_url_octet_by_octet(url: str) -> None:
    """RFC 8224 4.1, E10."""
    assert code(identity(token(), url)) is Code.X5U_MISMATCH
    assert code(identity(token(header={"x5u": url}))) is Code.X5U_MISMATCH


@pytest.mark.parametrize("typ", ["JWT", "Passport", "passport ", ""])
def test_typ_is_passport(typ: str) -> None:
    assert code(identity(token(header={"typ": typ}))) is Code.TYP_INVALID


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS256", "ES384", "es256", ""])
def test_alg_is_es256(alg: str) -> None:
    assert code(identity(token(header={"alg": alg}))) is Code.ALG_UNSUPPORTED
    if alg:
        assert code(identity(token(header={"alg": alg}), alg=alg)) is Code.ALG_UNSUPPORTED
        assert code(identity(token(), alg=alg)) is Code.ALG_UNSUPPORTED


def test_an_absent_alg_parameter_means_es256() -> None:
    assert judged(identity(token(), alg=None)).code is Code.PASSED


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (identity(b".." + b"a" * 86, "http://a"), Code.COMPACT_FORM),
        (identity(b"a.b.c", "http://a"), Code.INFO_INVALID),
        (identity(token(without="typ"), "http://a"), Code.INFO_INVALID),
        (identity(token(without="typ"), X5U + "a"), Code.JOSE_CLAIM_MISSING),
        (identity(token(header={"typ": "a", "alg": "none"}), X5U + "a"), Code.X5U_MISMATCH),
        (identity(token(header={"typ": "a", "alg": "none"})), Code.TYP_INVALID),
        (identity(token(header={"ppt": "div", "alg": "none"})), Code.ALG_UNSUPPORTED),
        (identity(token(header={"ppt": "div"}, without="iat")), Code.PPT_MISMATCH),
        (identity(token(iat=str(IAT)), X5U + "a"), Code.X5U_MISMATCH),
        (identity(token(without="iat", orig={"tn": CAROL})), Code.CLAIM_MISSING),
        (identity(token(iat=0, orig={"tn": CAROL})), Code.IAT_STALE),
        (identity(token(orig={"tn": CAROL}, dest={"tn": [CAROL]})), Code.ORIG_MISMATCH),
    ],
)
def test_of_two_faults_the_first_of_the_e_table_is_named(one: Identity, expected: Code) -> None:
    """ATIS-1000082 E4 to E16."""
    assert code(one) is expected


# The claims: RFC 8588, E14 and E19


@pytest.mark.parametrize("name", ["attest", "dest", "iat", "orig", "origid"])
def test_a_missing_claim(name: str) -> None:
    assert code(identity(token(without=name))) is Code.CLAIM_MISSING


def test_an_empty_origid_is_a_missing_one_and_any_text_will_do() -> None:
    assert code(identity(token(origid=""))) is Code.CLAIM_MISSING
    assert judged(identity(token(origid="not a UUID"))).code is Code.PASSED


@pytest.mark.parametrize("attest", ["", "a", "D", "AB", "A ", "\u0410"])
def test_attest_is_one_of_three_letters(attest: str) -> None:
    assert code(identity(token(attest=attest))) is Code.ATTEST_INVALID


@pytest.mark.parametrize("tn", ["+12155551212", "1-215-555-1212", "1215555121a", " 12155551212", "\u0661\u0662"])
def test_a_number_in_a_token_is_canonical(tn: str) -> None:
    """RFC 8224 8.3."""
    assert code(identity(token(orig={"tn": tn}))) is Code.CLAIM_INVALID
    assert code(identity(token(dest={"tn": [BOB, tn]}))) is Code.CLAIM_INVALID


# The time: RFC 8224 6.2 step 4, E15


@pytest.mark.parametrize(
    ("age", "expected"),
    [(61, Code.IAT_STALE), (60.5, Code.IAT_STALE), (-61, Code.IAT_FUTURE), (10**9, Code.IAT_STALE)],
)
def test_a_token_of_another_time(age: float, expected: Code) -> None:
    assert code(identity(token()), call(arrival=NOW + age)) is expected


@pytest.mark.parametrize("age", [60, 59.9, 0, -1, -60])
def test_a_token_is_fresh_for_a_minute_both_ways(age: float) -> None:
    assert judged(identity(token()), call(arrival=NOW + age)).code is Code.PASSED


def test_both_limits_are_configured_apart() -> None:
    strict = Freshness(max_age=5, max_future=1)
    found = [examined(identity(token()), call(arrival=NOW + age), Terms(strict)) for age in (6, 5, -1, -2)]
    assert [one.code if isinstance(one, Finding) else None for one in found] == [
        Code.IAT_STALE,
        None,
        None,
        Code.IAT_FUTURE,
    ]


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), "60", True])
def test_a_limit_is_a_number_of_seconds(limit: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"max_age": limit}, Freshness)


# The caller: RFC 8224 6.2 step 2 and 8.1, E16


@pytest.mark.parametrize(
    ("wanted", "presented", "asserted", "expected", "verified"),
    [
        ("both", ALICE, (), Code.PASSED, {b"from"}),
        ("both", ALICE, (ALICE,), Code.PASSED, {b"from", b"p-asserted-identity"}),
        ("both", ALICE, (ALICE, ALICE), Code.PASSED, {b"from", b"p-asserted-identity"}),
        ("both", None, (ALICE,), Code.PASSED, {b"p-asserted-identity"}),
        ("both", "sip:anonymous@anonymous.invalid", (ALICE,), Code.PASSED, {b"p-asserted-identity"}),
        ("both", ALICE, ("sip:alice@example.com",), Code.PASSED, {b"from"}),
        ("both", ALICE, ("sip:alice@example.com", ALICE), Code.PASSED, {b"from", b"p-asserted-identity"}),
        ("both", CAROL, (), Code.ORIG_MISMATCH, set()),
        ("both", CAROL, (CAROL,), Code.ORIG_MISMATCH, set()),
        ("both", None, (CAROL,), Code.ORIG_MISMATCH, set()),
        ("both", "112", (), Code.ORIG_MISMATCH, set()),
        ("both", "2155551212", (), Code.ORIG_MISMATCH, set()),
        ("both", ALICE + "0", (), Code.ORIG_MISMATCH, set()),
        ("both", CAROL, (ALICE,), Code.PRESENTED_NOT_ATTESTED, set()),
        ("both", ALICE, (CAROL,), Code.ASSERTED_NOT_ATTESTED, set()),
        ("both", ALICE, (ALICE, CAROL), Code.ASSERTED_NOT_ATTESTED, set()),
        ("both", None, (CAROL, ALICE), Code.ASSERTED_NOT_ATTESTED, set()),
        ("both", CAROL, (ALICE, CAROL), Code.ASSERTED_NOT_ATTESTED, set()),
        ("both", ALICE, (UNREADABLE,), Code.ASSERTED_NOT_ATTESTED, set()),
        ("both", None, (), Code.ORIGINATOR_UNKNOWN, set()),
        ("both", "sip:anonymous@anonymous.invalid", (), Code.ORIGINATOR_UNKNOWN, set()),
        ("both", "sip:alice@example.com", (), Code.ORIGINATOR_UNKNOWN, set()),
        ("asserted", CAROL, (ALICE,), Code.PASSED, {b"p-asserted-identity"}),
        ("asserted", ALICE, (ALICE,), Code.PASSED, {b"from", b"p-asserted-identity"}),
        ("asserted", ALICE, (), Code.PASSED, {b"from"}),
        ("asserted", ALICE, (CAROL,), Code.ORIG_MISMATCH, set()),
        ("asserted", CAROL, (), Code.ORIG_MISMATCH, set()),
        ("asserted", ALICE, (ALICE, CAROL), Code.ASSERTED_NOT_ATTESTED, set()),
        ("asserted", ALICE, ("sip:alice@example.com",), Code.ORIGINATOR_UNKNOWN, set()),
        ("presented", ALICE, (CAROL,), Code.PASSED, {b"from"}),
        ("presented", ALICE, (ALICE, CAROL), Code.PASSED, {b"from"}),
        ("presented", ALICE, (None,), Code.PASSED, {b"from"}),
        ("presented", CAROL, (ALICE,), Code.ORIG_MISMATCH, set()),
        ("presented", None, (ALICE,), Code.ORIGINATOR_UNKNOWN, set()),
    ],
)
def test_which_numbers_a_token_must_match(
    wanted: str, presented: str | None, asserted: tuple[str | None, ...], expected: Code, verified: set[bytes]
) -> None:
    finding = judged(identity(token()), call(presented, *asserted, attested_number=wanted))
    assert finding.code is expected
    assert (finding.attestation.verified if finding.attestation else set()) == verified


@pytest.mark.parametrize(("presented", "asserted"), [(CAROL, (ALICE,)), (ALICE, (CAROL,)), (None, ())])
def test_only_a_genuine_token_is_said_to_attest_too_little(presented: str | None, asserted: tuple[str, ...]) -> None:
    """Unattested means: valid, but. That is not known before the signature is."""
    shown = call(presented, *asserted)
    text = token()
    assert isinstance(examined(identity(text), shown), Token)
    assert judged(identity(text), shown).code.outcome is Outcome.UNATTESTED
    forged = sign.token(HEADER, CLAIMS, ec.generate_private_key(ec.SECP256R1()))
    assert judged(identity(forged), shown).code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("presented", "asserted", "expected"),
    [
        ("sip:alice@example.com", (), Code.PASSED),
        ("sip:Alice@EXAMPLE.com:5070;transport=tcp", (), Code.PASSED),
        (None, ("sip:alice@example.com",), Code.PASSED),
        ("sip:anonymous@anonymous.invalid", ("sip:alice@example.com",), Code.PASSED),
        ("sips:alice@example.com", (), Code.ORIG_MISMATCH),
        ("sip:alice@example.org", (), Code.ORIG_MISMATCH),
        ("sip:bob@example.com", (), Code.ORIG_MISMATCH),
        (ALICE, (), Code.ORIG_MISMATCH),
        (ALICE, ("sip:alice@example.com",), Code.PRESENTED_NOT_ATTESTED),
        ("sip:alice@example.com", (ALICE,), Code.ASSERTED_NOT_ATTESTED),
        ("sip:bob@example.com", ("sip:alice@example.com",), Code.PRESENTED_NOT_ATTESTED),
        ("sip:anonymous@anonymous.invalid", (), Code.ORIGINATOR_UNKNOWN),
    ],
)
def test_a_caller_without_a_number_is_a_uri(presented: str | None, asserted: tuple[str, ...], expected: Code) -> None:
    """RFC 8224 8.5."""
    one = identity(token(orig={"uri": "sip:alice@example.com"}))
    assert judged(one, call(presented, *asserted)).code is expected


@pytest.mark.parametrize("uri", ["sip:+12155551212@example.com;user=phone", "tel:+12155551212", "x", "\ufffd"])
def test_a_uri_never_attests_a_number(uri: str) -> None:
    assert code(identity(token(orig={"uri": uri})), call(ALICE)) is Code.ORIG_MISMATCH
    assert code(identity(token(orig={"uri": uri})), call("sip:+12155551212@example.com")) is Code.ORIG_MISMATCH


def test_a_uri_that_is_none_attests_nobody() -> None:
    one = identity(token(orig={"uri": "tel:+12155551212"}))
    assert judged(one, call(None)).code is Code.ORIGINATOR_UNKNOWN


# The callee: RFC 8224 6.2 step 5, E16


@pytest.mark.parametrize(
    ("dest", "to", "target", "match"),
    [
        ({"tn": [BOB]}, BOB, BOB, True),
        ({"tn": [BOB]}, BOB, CAROL, True),
        ({"tn": [BOB]}, CAROL, BOB, True),
        ({"tn": [ALICE, BOB]}, BOB, BOB, True),
        ({"tn": [BOB], "uri": ["sip:x@y"]}, BOB, BOB, True),
        ({"tn": ["911"]}, "911", "911", True),
        ({"uri": ["sip:bob@example.com"]}, "sip:Bob@Example.com:5060", CAROL, True),
        ({"uri": ["sip:x@y", "sip:bob@example.com"]}, CAROL, "sip:bob@example.com;user=ip", True),
        ({"tn": [BOB]}, CAROL, CAROL, False),
        ({"tn": [BOB]}, BOB + "0", BOB[:-1], False),
        ({"tn": [BOB]}, "sip:bob@example.com", "sip:pbx.example.com", False),
        ({"uri": [f"sip:+{BOB}@example.com"]}, f"sip:+{BOB}@example.com", BOB, False),
        ({"uri": ["sip:bob@example.org"]}, "sip:bob@example.com", "sip:bob@example.com", False),
        ({"uri": ["x", ""]}, "sip:pbx.example.com", "sip:pbx.example.com", False),
    ],
)
def test_a_token_names_to_or_the_request_uri(dest: dict[str, Any], to: str, target: str, match: bool) -> None:
    called = call(to=to, target=target)
    either = msgspec.structs.replace(called, trunk=msgspec.structs.replace(called.trunk, called_number="either"))
    finding = judged(identity(token(dest=dest)), either)
    assert finding.code is (Code.PASSED if match else Code.DEST_MISMATCH)


def test_a_token_for_to_alone_does_not_attest_a_call_to_somebody_else() -> None:
    """Who once got a call could show its token to others, with their own number in To."""
    assert judged(identity(token()), call(to=BOB, target=CAROL)).code is Code.DEST_DIVERTED
    assert judged(identity(token()), call(to=CAROL, target=BOB)).code is Code.PASSED
    assert judged(identity(token()), call(to=BOB, target=f"sip:+{CAROL}x@pbx.example.com")).code is Code.DEST_DIVERTED
    assert judged(identity(token()), call(to=BOB, target="sip:pbx.example.com")).code is Code.PASSED
    assert judged(identity(token()), call(to=BOB, target="sip:192.0.2.1")).code is Code.PASSED
    by_uri = identity(token(dest={"uri": ["sip:desk7@pbx.example.com"]}))
    assert judged(by_uri, call(to=CAROL, target="sip:desk7@pbx.example.com")).code is Code.PASSED


@pytest.mark.parametrize(
    "shown",
    [
        f"sip:+{CAROL};isub={'0' * 130}@bank.example",
        f"sip:+{CAROL}$@bank.example",
        f"sip:+{CAROL}x@bank.example",
        f"sip:+{CAROL}@b@c",
        f"sip:+{CAROL}@bank.example:0",
        f"im:+{CAROL}@bank.example",
        f"sip:{CAROL}",
        "sip:%EF%BC%91@bank.example",
    ],
)
def test_a_number_that_only_others_can_read_is_attested_by_no_token(shown: str) -> None:
    other = Party.of(f"<{shown}>".encode(), PLAIN)
    one = identity(token())
    beside_from = msgspec.structs.replace(call(ALICE), asserted=(other, party(ALICE)))
    assert judged(one, beside_from).code is Code.ASSERTED_NOT_ATTESTED
    beside_pai = msgspec.structs.replace(call(None, ALICE), presented=other)
    assert judged(one, beside_pai).code is Code.PRESENTED_NOT_ATTESTED
    alone = msgspec.structs.replace(call(None), presented=other)
    assert judged(one, alone).code in (Code.PRESENTED_NOT_ATTESTED, Code.ORIG_MISMATCH)


@pytest.mark.parametrize("shown", ["sip:alice@carrier.example", "sip:anonymous@carrier.example", "sip:192.0.2.1"])
def test_a_from_without_a_number_beside_an_attested_one_is_no_matter(shown: str) -> None:
    beside = msgspec.structs.replace(call(None, ALICE), presented=Party.of(f"<{shown}>".encode(), PLAIN))
    assert judged(identity(token()), beside).code is Code.PASSED


# The certificate and the signature: RFC 8224 6.2 steps 3 to 5, E17 and E18


@pytest.mark.parametrize("offset", [-1, 1])
def test_a_chain_is_out_of_its_time_when_the_call_comes(offset: float) -> None:
    arrival = (SIGNER.not_before if offset < 0 else SIGNER.not_after) + offset
    one = identity(token(iat=int(arrival)))
    assert judged(one, call(arrival=arrival)).code is Code.CERTIFICATE_EXPIRED
    assert judged(one, call(arrival=arrival - offset)).code is Code.PASSED


@pytest.mark.parametrize(
    ("spcs", "numbers", "expected"),
    [
        ((), (Numbers(ALICE),), Code.PASSED),
        ((), (Numbers(CAROL), Numbers("12155551000", 1000)), Code.PASSED),
        ((), (Numbers(CAROL),), Code.NUMBER_NOT_AUTHORISED),
        ((), (Numbers("12155550000", 1000),), Code.NUMBER_NOT_AUTHORISED),
        (("1234",), (Numbers(CAROL),), Code.PASSED),
        (("1234", "5678"), (), Code.PASSED),
    ],
)
def test_a_certificate_for_numbers_is_for_no_others(
    spcs: tuple[str, ...], numbers: tuple[Numbers, ...], expected: Code
) -> None:
    signer = msgspec.structs.replace(SIGNER, spcs=spcs, numbers=numbers)
    finding = judged(identity(token()), signer=signer)
    assert finding.code is expected
    if finding.attestation:
        assert finding.attestation.spc == ",".join(spcs)


def test_a_certificate_for_numbers_is_for_no_uri() -> None:
    signer = msgspec.structs.replace(SIGNER, spcs=(), numbers=(Numbers(ALICE),))
    one = identity(token(orig={"uri": "sip:alice@example.com"}))
    assert judged(one, call("sip:alice@example.com"), signer).code is Code.NUMBER_NOT_AUTHORISED


def test_another_certificates_token_is_not_signed() -> None:
    other = pki.pki()
    signer = judge(other.signer.bundle, other.anchors, NOW)
    assert isinstance(signer, Signer)
    assert judged(identity(token()), signer=signer).code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize("name", ["attest", "origid"])
def test_a_changed_claim_breaks_the_signature(name: str) -> None:
    head, _, seal = token().split(b".")
    for value in ("B", "C"):
        body = base64url(canonical_json(CLAIMS | {name: value}))
        assert judged(identity(b".".join((head, body, seal)))).code is Code.SIGNATURE_INVALID


def test_the_signature_of_another_token_is_none() -> None:
    signed, _, _ = token().rpartition(b".")
    assert judged(identity(signed + b"." + token(attest="B").rpartition(b".")[2])).code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize("r", [0, 1, ORDER_OF_P256 - 1, ORDER_OF_P256, ORDER_OF_P256 + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, ORDER_OF_P256 - 1, ORDER_OF_P256, ORDER_OF_P256 + 1, 2**256 - 1])
def test_r_and_s_are_within_their_range(r: int, s: int) -> None:
    """FIPS 186-5 6.4.2: numbers such as 0 must not verify anything."""
    signed, _, _ = token().rpartition(b".")
    seal = base64url(r.to_bytes(32) + s.to_bytes(32))
    assert judged(identity(signed + b"." + seal)).code is Code.SIGNATURE_INVALID


def test_a_fault_names_the_signer() -> None:
    forged = sign.token(HEADER, CLAIMS, ec.generate_private_key(ec.SECP256R1()))
    particulars = judged(identity(forged)).particulars
    assert ("signer", SIGNER.subject) in particulars
    assert ("issuer", SIGNER.issuer) in particulars
    assert ("repository", "cert.example.org") in particulars


def test_findings_hold_no_token() -> None:
    text = token()
    for finding in (judged(identity(text)), judged(identity(text), call(CAROL)), judged(identity(text[:-2] + b"AA"))):
        assert text.rpartition(b".")[2].decode()[:20] not in repr(finding)


# Whatever comes


@given(st.binary(max_size=300), st.text(max_size=20), st.none() | st.just("shaken") | st.text(max_size=6))
def test_any_identity_is_a_finding(text: bytes, info: str, ppt: str | None) -> None:
    assert isinstance(examined(identity(text, info, None, ppt)), Finding)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(ALICE),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["tn", "uri", "x"]), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(st.sampled_from(sorted(HEADER)), _ANY, max_size=2),
    st.dictionaries(st.sampled_from(sorted(CLAIMS)), _ANY, max_size=2),
)
def test_any_claims_end_in_a_finding(header: dict[str, Any], claims: dict[str, Any]) -> None:
    text = token(header=header, **claims)
    assert isinstance(decode(text), Passport | Finding)
    finding = judged(identity(text), call(ALICE, ALICE))
    if finding.code is Code.PASSED:
        assert (HEADER | header, claims.get("iat", IAT)) == (HEADER, IAT)


@given(st.data())
def test_no_changed_token_passes(data: st.DataObject) -> None:
    text = bytearray(token())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    assert judged(identity(bytes(text))).code is not Code.PASSED


def test_the_calls_own_pki_is_in_order() -> None:
    assert judge(PKI.signer.bundle, PKI.anchors, NOW) == SIGNER
