"""Base PASSporTs, compact forms, media keys, priorities and names (RFC 8225, 8443, 9795)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from calls import CLAIMS, HEADER, PKI, SIGNER, X5U
from calls import token as shaken_token
from cryptography.hazmat.primitives.asymmetric import ec
from pki import NOW
from scene import trunk
from tokens import ALICE, CAROL, FINGERPRINT, about, base, codes, found, line, original, other

from sip_guard.call import Code, Finding
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.sign import token
from sip_guard.stir.tn_auth_list import Numbers
from sip_guard.stir.types.rcd import legible

EVE = ec.generate_private_key(ec.SECP256R1())
DATE = f"Date: {datetime.fromtimestamp(NOW, UTC):%a, %d %b %Y %H:%M:%S} GMT"
DOWN = Finding(Code.REPOSITORY_UNAVAILABLE, "down")
OWNER = msgspec.structs.replace(SIGNER, spcs=(), numbers=(Numbers(ALICE),), trust="lab")
"""The certificate of whoever has Alice's number."""
PASSED = ("passed", 1)


def of_owner(*lines: str, **changed: Any) -> list[Finding]:
    return found(about(*lines, **changed), {X5U: OWNER})


# Base PASSporTs


def test_a_base_passport_of_the_numbers_owner_passes() -> None:
    (finding,) = of_owner(base())
    assert finding.code is Code.PASSED
    assert finding.attestation is not None
    assert finding.attestation.level == ""


@pytest.mark.parametrize("attest", ["A", "A;shadow=none"])
def test_a_base_passport_has_no_level_whatever_it_claims(attest: str) -> None:
    """Only SHAKEN says what it means (RFC 8588 4), and what is read of it goes into header fields and metrics."""
    (finding,) = of_owner(base(attest=attest))
    assert finding.code is Code.PASSED
    assert finding.attestation is not None
    assert finding.attestation.level == ""


def test_a_service_provider_says_nothing_in_a_base_passport_about_how_it_knows_the_number() -> None:
    assert codes(found(about(base()))) == [("authority-unknown", 1)]


def test_nor_does_the_owner_of_another_number() -> None:
    other_owner = msgspec.structs.replace(OWNER, numbers=(Numbers(CAROL),))
    assert codes(found(about(base()), {X5U: other_owner})) == [("number-not-authorised", 1)]


def test_a_base_passport_beside_a_shaken_token_harms_nothing() -> None:
    assert PASSED in codes(found(about(original(), base())))


# The compact form


def compact(date: float = NOW, key: ec.EllipticCurvePrivateKey = PKI.signer.signing_key, **claims: object) -> str:
    """Give the signature alone, over what RFC 8225 9 makes of the call."""
    header = {name: value for name, value in HEADER.items() if name != "ppt"}
    made = {"dest": CLAIMS["dest"], "iat": int(date), "orig": CLAIMS["orig"]} | claims
    return line(b".." + token(header, made, key).rpartition(b".")[2], None)


def test_a_compact_form_is_over_what_the_call_shows() -> None:
    assert codes(of_owner(compact(), DATE)) == [PASSED]


def test_a_compact_form_for_another_callee_or_caller_or_key_is_no_signature_over_this_call() -> None:
    bad = [("signature-invalid", 1)]
    assert codes(of_owner(compact(dest={"tn": [CAROL]}), DATE)) == bad
    assert codes(of_owner(compact(orig={"tn": CAROL}), DATE)) == bad
    assert codes(of_owner(compact(NOW - 1), DATE)) == bad
    assert codes(of_owner(compact(key=EVE), DATE)) == bad


@pytest.mark.parametrize("date", ["", "Date: yesterday", DATE.replace("GMT", "EST"), DATE.replace(" 2023 ", " 2023  ")])
def test_a_compact_form_needs_a_date_that_can_be_read(date: str) -> None:
    assert codes(of_owner(compact(), *filter(None, [date]))) == [("compact-form", 1)]


def test_the_date_is_the_time_of_a_compact_form() -> None:
    old = f"Date: {datetime.fromtimestamp(NOW - 61, UTC):%a, %d %b %Y %H:%M:%S} GMT"
    assert codes(of_owner(compact(NOW - 61), old)) == [("iat-stale", 1)]


@pytest.mark.parametrize("signature", [b"", b"AAAA", b"?" * 86, b"A" * 85])
def test_a_compact_form_whose_signature_cannot_be_read(signature: bytes) -> None:
    ((code, _),) = codes(of_owner(line(b".." + signature, None), DATE))
    assert code in ("passport-malformed", "signature-malformed")


def test_shaken_has_no_compact_form() -> None:
    seal = shaken_token().rpartition(b".")[2]
    assert codes(found(about(line(b".." + seal), DATE))) == [("compact-form", 1)]


def test_a_compact_form_is_over_the_media_keys_too() -> None:
    keys = [{"alg": "sha-256", "dig": FINGERPRINT.replace(":", "")}]
    assert codes(of_owner(compact(mky=keys), DATE, body=sdp(FINGERPRINT))) == [PASSED]
    assert codes(of_owner(compact(), DATE, body=sdp(FINGERPRINT))) == [("signature-invalid", 1)]


# Media keys


def sdp(*fingerprints: str) -> bytes:
    lines = [f"a=fingerprint:sha-256 {each}" for each in fingerprints]
    return "\r\n".join(["v=0", "m=audio 4000 UDP/TLS/RTP/SAVP 0", *lines, ""]).encode()


def keys(*digests: str) -> list[dict[str, str]]:
    return [{"alg": "sha-256", "dig": each.replace(":", "")} for each in digests]


def test_the_fingerprints_in_the_sdp_are_those_of_the_token() -> None:
    assert codes(found(about(original(mky=keys(FINGERPRINT)), body=sdp(FINGERPRINT)))) == [PASSED]
    assert codes(found(about(original(mky=keys(FINGERPRINT)[0]), body=sdp(FINGERPRINT.lower())))) == [PASSED]


@pytest.mark.parametrize("body", [sdp(), sdp(FINGERPRINT[::-1]), sdp(FINGERPRINT, FINGERPRINT[::-1])])
def test_other_fingerprints_are_those_of_somebody_on_the_way(body: bytes) -> None:
    assert codes(found(about(original(mky=keys(FINGERPRINT)), body=body))) == [("media-mismatch", 1)]


def test_a_call_without_sdp_has_nothing_to_compare() -> None:
    assert codes(found(about(original(mky=keys(FINGERPRINT))))) == [PASSED]


@pytest.mark.parametrize("claim", ["x", [], {}, [{"alg": "sha-256"}], [{"alg": 1, "dig": "AA"}], None, [[]]])
def test_media_keys_that_are_not_well_formed(claim: object) -> None:
    assert codes(found(about(original(mky=claim), body=sdp(FINGERPRINT)))) == [("claim-invalid", 1)]


# Priorities


PRIORITY = "Resource-Priority: ets.0, wps.1"


def test_a_priority_is_authorised_by_its_token_and_says_nothing_of_the_number() -> None:
    good = other("rph", rph={"auth": ["ets.0", "WPS.1", "ets.1"]})
    assert codes(found(about(original(), good, PRIORITY))) == [PASSED, ("rph-passed", 2)]
    assert codes(found(about(good, PRIORITY))) == [("no-identity", 0), ("rph-passed", 1)]


def test_a_priority_beyond_what_is_authorised() -> None:
    little = other("rph", rph={"auth": ["ets.0"]})
    assert codes(found(about(original(), little, PRIORITY))) == [PASSED, ("rph-failed", 2)]


def test_each_namespace_may_have_a_token_of_its_own() -> None:
    ets, wps = (other("rph", rph={"auth": [value]}) for value in ("ets.0", "wps.1"))
    forged = other("rph", rph={"auth": ["wps.1"]}, key=EVE)
    both = [PASSED, ("rph-passed", 2), ("rph-passed", 3)]
    assert codes(found(about(original(), ets, wps, PRIORITY))) == both
    assert codes(found(about(original(), ets, forged, PRIORITY))) == [PASSED, ("rph-failed", 2), ("rph-failed", 3)]


@pytest.mark.parametrize(
    "bad",
    [
        other("rph", rph={"auth": ["ets.0", "wps.1"]}, key=EVE),
        other("rph", rph={"auth": ["ets.0", "wps.1"]}, iat=int(NOW) - 100),
        other("rph", rph={"auth": ["ets.0", "wps.1"]}, dest={"tn": [CAROL]}),
        other("rph", rph={"auth": ["ets.0", "wps.1"]}, orig={"tn": CAROL}),
        other("rph", rph={"auth": "ets.0"}),
        other("rph", rph={"auth": []}),
        other("rph", rph={"auth": ["ets"]}),
        other("rph", rph=["ets.0"]),
        other("rph"),
    ],
)
def test_a_priority_whose_token_is_not_good_never_fails_the_call(bad: str) -> None:
    assert codes(found(about(original(), bad, PRIORITY))) == [PASSED, ("rph-failed", 2)]
    assert codes(found(about(bad, PRIORITY))) == [("no-identity", 0), ("rph-failed", 1)]


def test_a_priority_that_could_not_be_checked_is_no_failure() -> None:
    good = other("rph", rph={"auth": ["ets.0", "wps.1"]})
    results = found(about(good, PRIORITY), {X5U: DOWN})
    assert codes(results) == [("no-identity", 0)]
    assert [finding.code for finding in results if not finding.weighs] == [Code.REPOSITORY_UNAVAILABLE]


# Names


def caller(name: str) -> str:
    return f'"{name}" <sip:+{ALICE}@carrier.example>;tag=1'


def test_a_name_is_signed_by_a_token_of_its_own_or_in_the_shaken_token() -> None:
    by_itself = found(about(original(), other("rcd", rcd={"nam": "Alice"}), from_=caller("ALICE ")))
    inside = found(about(original(rcd={"nam": "Alice"}), from_=caller("alice")))
    assert codes(by_itself) == [PASSED, ("rcd-passed", 2)]
    assert codes(inside) == [PASSED, ("rcd-passed", 1)]
    assert ("name", "Alice") in inside[1].particulars


def test_another_name_than_the_signed_one() -> None:
    assert codes(found(about(original(rcd={"nam": "Alice"}), from_=caller("Barclays")))) == [
        PASSED,
        ("rcd-name-mismatch", 1),
    ]


def test_a_call_that_shows_no_name_contradicts_none() -> None:
    shown = f"<sip:+{ALICE}@carrier.example>;tag=1"
    assert ("rcd-passed", 1) in codes(found(about(original(rcd={"nam": "Alice"}), from_=shown)))


def test_the_name_in_p_asserted_identity_counts_where_it_is_believed() -> None:
    asserted = f'P-Asserted-Identity: "Mallory" <sip:+{ALICE}@carrier.example>'
    lines = original(rcd={"nam": "Alice"}), asserted
    assert ("rcd-name-mismatch", 1) in codes(found(about(*lines, from_=caller("Alice"))))
    trusting = trunk(trust_asserted=False)
    assert ("rcd-passed", 1) in codes(found(about(*lines, from_=caller("Alice"), trunk=trusting)))


@pytest.mark.parametrize(
    "claims",
    [{"rcd": {}}, {"rcd": "Alice"}, {"rcd": {"nam": 1}}, {"rcd": None}, {}, {"rcd": {"nam": "x"}, "crn": 1}],
)
def test_a_name_that_is_not_well_formed_never_fails_the_call(claims: dict[str, Any]) -> None:
    assert codes(found(about(original(), other("rcd", **claims)))) == [PASSED, ("rcd-failed", 2)]


def test_nothing_that_a_stranger_wrote_as_a_name_reaches_a_line_of_its_own() -> None:
    assert legible("Alice\r\nX-Evil: 1") == "Alice X-Evil: 1"
    assert legible("\u202eecilA\u200b\x00 \t B") == "ecilA B"
    assert len(legible("x" * 10_000)) == 256


# Constraints of the signer's certificate


def test_a_certificate_limits_what_its_tokens_claim() -> None:
    limited = msgspec.structs.replace(SIGNER, constraints=ClaimConstraints(permitted=(("attest", frozenset("BC")),)))
    assert codes(found(about(original(attest="B")), {X5U: limited})) == [PASSED]
    assert codes(found(about(original(attest="A")), {X5U: limited})) == [("claim-not-permitted", 1)]
