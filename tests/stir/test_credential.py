"""What we sign calls with: keys and certificates that others can verify by."""

import pytest
from calls import ALICE, BOB, KEY, PKI
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pki import NOW, ca_as_signer, with_key, with_key_usage, with_tn_auth_list, without_tn_auth_list

from sip_guard.demo.pki import Issued
from sip_guard.stir.credential import Credential, own_certificate, private_key
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList

ISSUER = PKI.intermediate


def credential(issued: Issued = PKI.signer) -> Credential:
    return Credential(key=KEY, url="https://cert.example.org/passport.pem", certificate=own_certificate(issued.bundle))


def test_a_key_is_read_from_its_file() -> None:
    assert private_key(PKI.signer.key_pem).private_numbers() == KEY.private_numbers()


def test_an_encrypted_key_is_refused() -> None:
    locked = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    with pytest.raises(ValueError, match="encrypted"):
        private_key(locked)


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_a_key_that_makes_other_signatures_is_refused(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    with pytest.raises(ValueError, match="not on P-256"):
        private_key(with_key(ISSUER, key).key_pem)


@pytest.mark.parametrize("pem", [b"", b"a key", PKI.signer.pem])
def test_what_is_no_key_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match="not a private key in PEM form"):
        private_key(pem)


@pytest.mark.parametrize(
    ("issued", "why"),
    [
        (without_tn_auth_list(ISSUER), "no TNAuthList"),
        (with_tn_auth_list(ISSUER, b"1234"), ""),
        (ca_as_signer(ISSUER), "no CA"),
        (with_key_usage(ISSUER, "key_agreement"), "digitalSignature"),
        (with_key(ISSUER, ec.generate_private_key(ec.SECP384R1())), "on P-256"),
    ],
)
def test_a_certificate_that_nobody_would_believe_is_refused(issued: Issued, why: str) -> None:
    with pytest.raises(ValueError, match=f"it cannot sign calls: .*{why}"):
        own_certificate(issued.bundle)


@pytest.mark.parametrize("pem", [b"", b"a certificate", PKI.signer.key_pem])
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match="not certificates that can be read"):
        own_certificate(pem)


def test_it_is_valid_as_long_as_every_certificate_that_verifiers_get() -> None:
    signing = credential()
    assert signing.valid(NOW)
    assert not signing.valid(signing.not_before - 1)
    assert not signing.valid(signing.not_after + 1)


def test_a_providers_certificate_is_good_for_all_numbers() -> None:
    assert credential().covers(ALICE)


def test_a_certificate_for_numbers_is_good_for_them_alone() -> None:
    signing = credential(with_tn_auth_list(ISSUER, TnAuthList(numbers=(Numbers(ALICE),))))
    assert signing.covers(ALICE)
    assert not signing.covers(BOB)
