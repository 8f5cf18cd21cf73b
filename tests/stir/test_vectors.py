"""Published tokens and certificates, where the folder with them stands beside the repository."""

import json
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
from calls import PKI, decode, examined
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.call import Code, Finding
from sip_guard.stir.certificate import Anchors, judge
from sip_guard.stir.identity import Identity, parse
from sip_guard.stir.jws import Jws
from sip_guard.stir.link import Link, Role
from sip_guard.stir.passport import Passport
from sip_guard.stir.profile import PROFILES, Profile, breaches
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
    assert (jws.x5u, jws.ppt) == (vector["header"]["x5u"], vector["header"].get("ppt"))
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


def _table() -> list[list[str]]:
    lines = (Path(__file__).parent / "published_certificates.txt").read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if not line.startswith("#")]


TABLE = _table()
ROLES = {"Ca": Role.INTERMEDIATE, "Ro": Role.ROOT}
"""By the first letters of a name; all others are end entities."""


def _pem(name: str) -> bytes:
    return (CERTIFICATES / f"shaken{name}.pem").read_bytes()


def test_each_published_certificate_is_in_the_table() -> None:
    assert {f"shaken{name}" for name, *_ in TABLE} == {path.stem for path in CERTIFICATES.glob("*.pem")}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "judged"), [row[:2] for row in TABLE], ids=[row[0] for row in TABLE])
def test_no_published_certificate_is_believed(name: str, judged: str, profile: Profile) -> None:
    """They were issued one by one: none of them chains to the root that is among them."""
    anchors = Anchors(_pem("Root"))
    found = judge(_pem(name), anchors, OCTOBER_2022, profile)
    assert isinstance(found, Finding)
    assert found.code.value == judged
    assert isinstance(judge(_pem("Cert") + _pem(name), anchors, OCTOBER_2022, profile), Finding)


@pytest.mark.parametrize(("name", "judged", "lab", "normal", "strict"), TABLE, ids=[row[0] for row in TABLE])
def test_each_published_certificate_keeps_the_profile_but_for_its_defects(
    name: str, judged: str, lab: str, normal: str, strict: str
) -> None:
    with warnings.catch_warnings(action="error"):
        try:
            link = Link(x509.load_pem_x509_certificate(_pem(name)), ROLES.get(name[:2], Role.END_ENTITY))
        except (ValueError, x509.InvalidVersion, Warning):
            assert judged == "certificate-unreadable"
            return
    for profile, items in zip(PROFILES, (lab, normal, strict), strict=True):
        broken = [row.item for row in breaches(link, profile) if row.profile == profile]
        assert ", ".join(dict.fromkeys(broken)) == items


def test_the_policies_of_published_certificates() -> None:
    accepted = {f"2.16.840.1.114569.1.1.{version}" for version in (1, 2, 3, 4)}
    for name, good in (("CP1_1Cert", True), ("CP1_4Cert", True), ("Ca", True), ("CertPolicyIncorrect", False)):
        link = Link(x509.load_pem_x509_certificate(_pem(name)), Role.END_ENTITY)
        assert bool(accepted.intersection(link.policies)) is good


@given(st.sampled_from([row[0] for row in TABLE]), st.data())
def test_a_published_certificate_that_was_changed_is_a_finding(name: str, data: st.DataObject) -> None:
    der = bytearray(ssl.PEM_cert_to_DER_cert(_pem(name)[_pem(name).index(b"-----BEGIN") :].decode()))
    for place in data.draw(st.sets(st.integers(0, len(der) - 1), min_size=1, max_size=4)):
        der[place] = data.draw(st.integers(0, 255))
    bundle = ssl.DER_cert_to_PEM_cert(bytes(der)).encode()
    assert isinstance(judge(bundle + _pem("Ca"), Anchors(_pem("Root")), OCTOBER_2022, "strict"), Finding)
