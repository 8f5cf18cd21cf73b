"""ATIS-1000080, RFC 8226, RFC 5280: which certificate may sign."""

import base64
import warnings
from collections.abc import Callable

import pki
import pytest
from calls import PKI, SIGNER
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pki import NOW

from sip_guard.call import Code, Finding
from sip_guard.demo.pki import (
    DAY,
    Issued,
    Window,
    authority,
    end_entity,
    issue,
    key_usage,
    sti_intermediate,
    sti_root,
    sti_signer,
    tn_auth_list,
)
from sip_guard.stir import claim_constraints
from sip_guard.stir.certificate import MAX_CERTIFICATES, MAX_PEM, Anchors, Signer, judge
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList

ROOT, INTERMEDIATE = PKI.root, PKI.intermediate
WINDOW = Window.around(NOW)
GOOD_LIST = TnAuthList(("1234",))


def _pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def found(pem: bytes, anchors: Anchors | None = None, when: float = NOW) -> Signer | Finding:
    return judge(pem, anchors or PKI.anchors, when)


def code(pem: bytes, anchors: Anchors | None = None, when: float = NOW) -> Code:
    finding = found(pem, anchors, when)
    assert isinstance(finding, Finding), finding
    return finding.code


def signer(pem: bytes, anchors: Anchors | None = None, when: float = NOW) -> Signer:
    result = found(pem, anchors, when)
    assert isinstance(result, Signer), result
    return result


def test_a_certificate_of_the_profile_may_sign() -> None:
    assert SIGNER.spcs == ("1234",)
    assert SIGNER.numbers == ()
    assert SIGNER.key.public_numbers() == PKI.signer.signing_key.public_key().public_numbers()
    assert "CN=SHAKEN 1234" in SIGNER.subject
    assert SIGNER.chain == (PKI.signer.certificate, INTERMEDIATE.certificate, ROOT.certificate)
    assert (SIGNER.not_before, SIGNER.not_after) == tuple(WINDOW)


def test_the_window_is_that_of_the_whole_chain() -> None:
    root = sti_root(Window(NOW - 50, NOW + 900))
    intermediate = sti_intermediate(root, Window(NOW - 20, NOW + 70))
    leaf = sti_signer(intermediate, Window(NOW - 30, NOW + 80))
    judged = signer(leaf.bundle, Anchors(root.pem))
    assert (judged.not_before, judged.not_after) == (NOW - 20, NOW + 70)
    assert [judged.valid(NOW + offset) for offset in (-21, -20, 0, 70, 71)] == [False, True, True, True, False]


def test_a_root_in_the_bundle_makes_no_difference() -> None:
    assert signer(PKI.signer.bundle + ROOT.pem) == SIGNER
    other = pki.pki()
    assert code(other.signer.bundle + other.root.pem) is Code.CERTIFICATE_UNTRUSTED
    assert code(other.signer.bundle + other.root.pem + ROOT.pem) is Code.CERTIFICATE_UNTRUSTED


def test_the_first_certificate_is_the_signer_and_the_others_come_in_any_order() -> None:
    extra = pki.pki()
    assert signer(PKI.signer.pem + extra.signer.pem + ROOT.pem + INTERMEDIATE.pem) == SIGNER
    assert code(INTERMEDIATE.pem + PKI.signer.pem) is Code.CERTIFICATE_UNSUITABLE
    assert code(extra.signer.pem + PKI.signer.bundle) is Code.CERTIFICATE_UNTRUSTED


def test_text_around_the_certificates_is_passed_over() -> None:
    assert signer(b"subject=/C=US\r\n" + PKI.signer.bundle.replace(b"\n", b"\r\n") + b"\r\nend") == SIGNER


def test_an_intermediate_may_be_the_anchor() -> None:
    assert len(signer(PKI.signer.pem, Anchors(INTERMEDIATE.pem)).chain) == 2


def test_one_of_several_anchors_is_enough() -> None:
    assert signer(PKI.signer.bundle, Anchors(pki.pki().root.pem + ROOT.pem)) == SIGNER


def test_a_missing_intermediate_leaves_the_chain_untrusted() -> None:
    assert code(PKI.signer.pem) is Code.CERTIFICATE_UNTRUSTED


def test_another_root_of_the_same_name_is_no_anchor() -> None:
    assert code(PKI.signer.bundle, Anchors(sti_root(WINDOW).pem)) is Code.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (pki.without_tn_auth_list, Code.TN_AUTH_LIST_MISSING),
        (pki.expired, Code.CERTIFICATE_EXPIRED),
        (pki.not_yet_valid, Code.CERTIFICATE_EXPIRED),
        (pki.ca_as_signer, Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_key(ca, ec.generate_private_key(ec.SECP384R1())), Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_key(ca, ec.generate_private_key(ec.SECP256K1())), Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_key(ca, rsa.generate_private_key(65537, 2048)), Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_key_usage(ca, "key_agreement"), Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_key_usage(ca, "key_cert_sign", "crl_sign"), Code.CERTIFICATE_UNSUITABLE),
        (lambda ca: pki.with_tn_auth_list(ca, b""), Code.TN_AUTH_LIST_MALFORMED),
        (lambda ca: pki.with_tn_auth_list(ca, b"\x30\x00"), Code.TN_AUTH_LIST_MALFORMED),
        (lambda ca: pki.with_tn_auth_list(ca, b"https://example.org/list"), Code.TN_AUTH_LIST_MALFORMED),
        (lambda ca: pki.with_tn_auth_list(ca, bytes.fromhex("3006800431323334")), Code.TN_AUTH_LIST_MALFORMED),
    ],
)
def test_a_certificate_with_one_thing_wrong(make: Callable[[Issued], Issued], expected: Code) -> None:
    assert code(make(INTERMEDIATE).bundle) is expected


def test_a_list_of_numbers_is_read() -> None:
    listed = TnAuthList((), (Numbers("12155551212"), Numbers("13125550000", 100)))
    judged = judge(pki.with_tn_auth_list(INTERMEDIATE, listed).bundle, PKI.anchors, NOW, "lab")
    assert isinstance(judged, Signer)
    assert judged.numbers == listed.numbers


def test_a_certificate_need_not_say_what_it_is_not() -> None:
    bare = issue("SHAKEN 1234", INTERMEDIATE, WINDOW, [tn_auth_list(GOOD_LIST)])
    assert signer(bare.bundle).spcs == ("1234",)


def test_more_usages_beside_digital_signature_are_tolerated() -> None:
    assert signer(pki.with_key_usage(INTERMEDIATE, "digital_signature", "key_agreement").bundle).spcs == ("1234",)


def test_what_is_critical_and_not_known_is_refused() -> None:
    strange = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    leaf = issue("SHAKEN 1234", INTERMEDIATE, WINDOW, [*end_entity(), tn_auth_list(GOOD_LIST), strange])
    assert code(leaf.bundle) is Code.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        ((x509.BasicConstraints(ca=False, path_length=None), True), key_usage("key_cert_sign")),
        ((x509.BasicConstraints(ca=True, path_length=None), True), key_usage("digital_signature")),
    ],
    ids=["no basicConstraints", "cA FALSE", "no keyCertSign"],
)
def test_an_issuer_that_may_not_issue(extensions: tuple[tuple[x509.ExtensionType, bool], ...]) -> None:
    issuer = issue("SHAKEN CA", ROOT, WINDOW, extensions)
    assert code(sti_signer(issuer, WINDOW).bundle) is Code.CERTIFICATE_UNTRUSTED


def test_a_signer_may_not_issue() -> None:
    assert code(sti_signer(PKI.signer, WINDOW).bundle) is Code.CERTIFICATE_UNTRUSTED


def test_the_path_length_counts() -> None:
    above = issue("SHAKEN CA 1", ROOT, WINDOW, authority(path_length=0))
    assert len(signer(sti_signer(above, WINDOW).bundle).chain) == 3
    below = issue("SHAKEN CA 2", above, WINDOW, authority())
    assert code(sti_signer(below, WINDOW).bundle) is Code.CERTIFICATE_UNTRUSTED


def test_an_expired_link_is_told_from_an_untrusted_one() -> None:
    short = Window(NOW - DAY, NOW - 1)
    intermediate = sti_intermediate(ROOT, short)
    assert code(sti_signer(intermediate, WINDOW).bundle) is Code.CERTIFICATE_EXPIRED
    root = sti_root(short)
    leaf = sti_signer(sti_intermediate(root, WINDOW), WINDOW)
    assert code(leaf.bundle, Anchors(root.pem)) is Code.CERTIFICATE_EXPIRED
    assert code(leaf.bundle) is Code.CERTIFICATE_UNTRUSTED
    assert code(pki.expired(INTERMEDIATE).bundle, pki.pki().anchors) is Code.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize(("offset", "good"), [(-DAY - 1, False), (-DAY, True), (30 * DAY, True), (30 * DAY + 1, False)])
def test_validity_is_judged_for_the_time_that_is_asked_about(offset: float, good: bool) -> None:
    assert isinstance(found(PKI.signer.bundle, when=NOW + offset), Signer) is good


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 4000 + b"\n-----END CERTIFICATE-----\n",
        PKI.signer.key_pem,
        PKI.signer.pem[:-40],
        PKI.signer.bundle.replace(b"MII", b"MIJ", 1),
        PKI.signer.pem * (MAX_CERTIFICATES + 1),
        PKI.signer.bundle + b"\n" * MAX_PEM,
        b"<html>404</html>",
        b"\x30\x82\x01\x00",
    ],
    ids=lambda pem: f"{pem[:20].decode('latin-1')}-{len(pem)}",
)
def test_what_cannot_be_read_is_unreadable(pem: bytes) -> None:
    assert code(pem) is Code.CERTIFICATE_UNREADABLE


def test_the_other_label_of_a_certificate_is_counted_too() -> None:
    """RFC 7468 5.1 knows `X509 CERTIFICATE` from older times."""
    old = pki.pki().signer.pem.replace(b" CERTIFICATE", b" X509 CERTIFICATE")
    assert signer(PKI.signer.bundle + old * (MAX_CERTIFICATES - 2)) == SIGNER
    assert code(PKI.signer.bundle + old * (MAX_CERTIFICATES - 1)) is Code.CERTIFICATE_UNREADABLE


def test_as_many_certificates_as_allowed_may_surround_the_chain() -> None:
    assert signer(PKI.signer.bundle + pki.pki().signer.pem * (MAX_CERTIFICATES - 2)) == SIGNER


@pytest.mark.parametrize("pem", [b"", b"rubbish", PKI.signer.key_pem, ROOT.pem[:-30], ROOT.pem.replace(b"MII", b"MIJ")])
def test_anchors_that_cannot_be_read_are_an_error(pem: bytes) -> None:
    with pytest.raises(ValueError, match="trust anchors"):
        Anchors(pem)


def test_an_anchor_is_a_ca_certificate() -> None:
    with pytest.raises(ValueError, match="not a CA certificate: CN=SHAKEN 1234"):
        Anchors(ROOT.pem + PKI.signer.pem)


def test_a_certificate_that_draws_a_warning_is_refused_in_silence() -> None:
    """A negative serial number: cryptography reads it, and warns."""
    der = bytearray(PKI.signer.certificate.public_bytes(Encoding.DER))
    serial = PKI.signer.certificate.serial_number
    place = der.index(serial.to_bytes((serial.bit_length() + 8) // 8))
    der[place] |= 0x80
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert code(_pem(bytes(der)) + INTERMEDIATE.pem) is Code.CERTIFICATE_UNREADABLE


def _changed(data: st.DataObject, issued: Issued) -> bytes:
    """Change octets within what the issuer signed."""
    der, signed = bytearray(issued.certificate.public_bytes(Encoding.DER)), issued.certificate.tbs_certificate_bytes
    first = der.index(signed)
    places = st.integers(first, first + len(signed) - 1)
    for place in data.draw(st.sets(places, min_size=1, max_size=3)):
        der[place] ^= data.draw(st.integers(1, 255))
    return _pem(bytes(der))


@given(st.data())
def test_a_changed_certificate_is_never_trusted(data: st.DataObject) -> None:
    assert isinstance(found(_changed(data, PKI.signer) + INTERMEDIATE.pem), Finding)


@given(st.data())
def test_a_changed_certificate_in_the_middle_leads_nowhere(data: st.DataObject) -> None:
    assert isinstance(found(PKI.signer.pem + _changed(data, INTERMEDIATE)), Finding)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(_pem))
def test_any_octets_are_a_finding(pem: bytes) -> None:
    assert isinstance(found(pem), Finding)


def test_what_its_tokens_may_claim_is_kept() -> None:
    allowed = ClaimConstraints(("attest",), (("attest", frozenset(("B", "C"))),), ("rcd",))
    assert signer(pki.with_constraints(INTERMEDIATE, allowed).bundle).constraints == allowed
    assert SIGNER.constraints is None


@pytest.mark.parametrize("oid", [claim_constraints.OID, claim_constraints.ENHANCED_OID])
@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x05\x00", bytes.fromhex("3004a0023000")])
def test_constraints_that_cannot_be_read_are_no_freedom(oid: x509.ObjectIdentifier, der: bytes) -> None:
    strange = (x509.UnrecognizedExtension(oid, der), False)
    leaf = issue("SHAKEN 1234", INTERMEDIATE, WINDOW, [*end_entity(), tn_auth_list(GOOD_LIST), strange])
    assert code(leaf.bundle) is Code.CERTIFICATE_UNSUITABLE


def test_constraints_of_both_kinds_do_not_go_together() -> None:
    """RFC 9118 3."""
    leaf = pki.with_constraints(INTERMEDIATE, ClaimConstraints(("a",)), ClaimConstraints((), (), ("b",)))
    assert code(leaf.bundle) is Code.CERTIFICATE_UNSUITABLE


def test_issuers_of_one_name_are_told_apart_by_their_key_identifiers() -> None:
    """RFC 9060: the way of a bundle is rigid. A CA that has a new key keeps its name."""
    namesake = sti_intermediate(ROOT, WINDOW)
    assert signer(PKI.signer.pem + namesake.pem + INTERMEDIATE.pem) == SIGNER


def test_an_issuer_whose_key_is_on_no_curve_leads_nowhere() -> None:
    issuer = issue("SHAKEN CA", ROOT, WINDOW, authority(), rsa.generate_private_key(65537, 2048))
    assert code(sti_signer(issuer, WINDOW).bundle) is Code.CERTIFICATE_UNTRUSTED


def test_a_list_that_cannot_be_read_delegates_nothing() -> None:
    issuer = issue("SHAKEN CA 2", INTERMEDIATE, WINDOW, [*authority(), tn_auth_list(b"\x30\x00")])
    assert code(sti_signer(issuer, WINDOW).bundle) is Code.TN_AUTH_LIST_MALFORMED


def test_a_bundle_full_of_namesakes_is_no_way() -> None:
    namesakes = [issue("SHAKEN CA", None, WINDOW, authority()) for _ in range(7)]
    assert code(PKI.signer.pem + b"".join(each.pem for each in namesakes)) is Code.CERTIFICATE_UNTRUSTED
