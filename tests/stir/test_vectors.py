"""Published tokens and certificates, where the folder with them stands beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest
from calls import PKI, decode, examined
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sip_guard.call import Code, Finding
from sip_guard.stir.certificate import Anchors, judge
from sip_guard.stir.identity import Identity, parse
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import Passport
from sip_guard.stir.sign import canonical_json
from sip_guard.stir.strict_json import members
from sip_guard.stir.tn_auth_list import TnAuthList

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
RFC = VECTORS / "rfc"
CERTIFICATES = VECTORS / "certificates"
OCTOBER_2022 = 1_666_663_200.0
"""When most of the certificates are valid."""

pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason="no vectors beside the repository")


def _published() -> list[dict[str, Any]]:
    path = VECTORS / "tokens" / "parse-only.json"
    return json.loads(path.read_text()) if path.exists() else []


def _rfc(name: str) -> bytes:
    return (RFC / name).read_bytes().strip()


@pytest.mark.parametrize("vector", _published(), ids=lambda vector: vector["id"])
def test_a_published_token_is_read_and_its_json_written_again(vector: dict[str, Any]) -> None:
    token = vector["token"].encode()
    passport = decode(token)
    if vector["sig_octets"] != 64:
        assert isinstance(passport, Finding)
        assert passport.code is Code.SIGNATURE_MALFORMED
        return
    jws = Jws.parse(token)
    assert isinstance(passport, Passport)
    assert isinstance(jws, Jws)
    assert (passport.x5u, passport.ppt) == (vector["header"]["x5u"], vector["header"].get("ppt"))
    assert (passport.iat, passport.orig_tn) == (vector["payload"]["iat"], vector["payload"]["orig"].get("tn"))
    assert (canonical_json(vector["payload"]) == jws.payload) is vector["canonical_payload"]


@pytest.mark.parametrize(
    "name",
    ["rfc8225-appendixA.jwt", "rfc8224-4.1.1-and-rfc8225-7.1.jwt", "rfc8946-3-div.jwt", "rfc8946-5-opt-inner.jwt"],
)
def test_the_rfcs_json_is_canonical(name: str) -> None:
    jws = Jws.parse(_rfc(name))
    assert isinstance(jws, Jws)
    payload = members(jws.payload)
    assert payload is not None
    assert canonical_json(payload) == jws.payload


@pytest.mark.parametrize(
    ("name", "key", "genuine"),
    [
        ("rfc8225-appendixA.jwt", "rfc8225-A2-public.pem", False),
        ("rfc8224-4.1.1-and-rfc8225-7.1.jwt", "rfc8225-A2-public.pem", True),
        ("rfc8946-3-div.jwt", "rfc8946-appA-public.pem", True),
        ("rfc8946-5-opt-inner.jwt", "rfc8946-appA-public.pem", True),
        ("rfc8946-5-div-o.jwt", "rfc8946-appA-public.pem", True),
    ],
)
def test_the_octets_that_are_signed_and_the_signature_are_found(name: str, key: str, genuine: bool) -> None:
    jws = Jws.parse(_rfc(name))
    public = serialization.load_pem_public_key(_rfc(key))
    assert isinstance(jws, Jws)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(jws.signature[:32]), int.from_bytes(jws.signature[32:]))
    try:
        public.verify(der, jws.signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        assert not genuine
    else:
        assert genuine


def test_the_rfcs_iat_as_a_string_is_invalid() -> None:
    found = decode(_rfc("rfc8224-4.1.1-and-rfc8225-7.1.jwt"))
    assert isinstance(found, Finding)
    assert found.code is Code.CLAIM_INVALID


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rfc8224-4.1.1-full.identity", Code.X5U_MISMATCH),
        ("rfc8443-4.1-BROKEN.identity", Code.X5U_MISMATCH),
        ("rfc8946-4.1.identity", Code.IAT_STALE),
        ("rfc9795-12.1-NOT-A-JWT.identity", Code.PASSPORT_MALFORMED),
    ],
)
def test_the_rfcs_identity_values(name: str, expected: Code) -> None:
    identity = parse(_rfc(name))
    assert isinstance(identity, Identity)
    finding = examined(identity)
    assert isinstance(finding, Finding)
    assert finding.code is expected


@pytest.mark.parametrize("name", ["rfc8443-4.1-BROKEN.identity", "rfc9795-12.1-NOT-A-JWT.identity"])
def test_what_the_rfcs_print_as_tokens_and_are_none(name: str) -> None:
    identity = parse(_rfc(name))
    assert isinstance(identity, Identity)
    found = decode(identity.token)
    assert isinstance(found, Finding)
    assert found.code is Code.PASSPORT_MALFORMED


def test_rfc_9118s_certificate_is_read_to_its_tn_auth_list() -> None:
    found = judge(_rfc("rfc9118-sec5-cert.pem"), PKI.anchors, OCTOBER_2022)
    assert isinstance(found, Finding)
    assert found.code is Code.CERTIFICATE_UNTRUSTED
    assert TnAuthList.parse(bytes.fromhex("3008a006160431323334")).spcs == ("1234",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shakenTNAuthEmpty", Code.TN_AUTH_LIST_MALFORMED),
        ("shakenTNAuthEmptyString", Code.TN_AUTH_LIST_MALFORMED),
        ("shakenCertEmpty", Code.TN_AUTH_LIST_MISSING),
        ("shakenCP1_4Cert", Code.TN_AUTH_LIST_MISSING),
        ("shakenKeyAlgP384", Code.CERTIFICATE_UNSUITABLE),
        ("shakenKeyAlgRSA", Code.CERTIFICATE_UNSUITABLE),
        ("shakenCertV2", Code.CERTIFICATE_UNREADABLE),
        ("shakenSerialNumberNegative", Code.CERTIFICATE_UNREADABLE),
        ("shakenSigAlgSHA1", Code.CERTIFICATE_UNTRUSTED),
    ],
)
def test_a_certificate_with_a_single_defect(name: str, expected: Code) -> None:
    pem = (CERTIFICATES / f"{name}.pem").read_bytes() + (CERTIFICATES / "shakenCa.pem").read_bytes()
    found = judge(pem, Anchors((CERTIFICATES / "shakenRoot.pem").read_bytes()), OCTOBER_2022)
    assert isinstance(found, Finding)
    assert found.code is expected


def test_no_published_certificate_is_trusted_or_raises() -> None:
    """They were issued one by one: none of them chains to the root that is among them."""
    anchors = Anchors((CERTIFICATES / "shakenRoot.pem").read_bytes())
    good = (CERTIFICATES / "shakenCert.pem").read_bytes()
    for path in sorted(CERTIFICATES.glob("*.pem")):
        pem = path.read_bytes()
        for bundle in (pem, good + pem):
            assert isinstance(judge(bundle, anchors, OCTOBER_2022), Finding), path.name
