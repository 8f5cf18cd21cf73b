"""ATIS-1000080: the demo's certificates are what a real authority would issue."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store
from pki import NOW, pki

from sip_guard.demo.pki import DAY, Window, end_entity, issue, web_root, web_server

WINDOW = Window.around(NOW)


def test_a_signer_has_the_profile() -> None:
    chain = pki(spc="709J")
    leaf = chain.signer.certificate
    assert leaf.subject.rfc4514_string().startswith("CN=SHAKEN 709J,")
    assert leaf.version is x509.Version.v3
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).critical
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    assert len(list(leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value)) == 1
    above = chain.intermediate.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    below = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert below.key_identifier == above.digest


def test_the_window_is_an_argument() -> None:
    leaf = pki(NOW).signer.certificate
    assert leaf.not_valid_before_utc == datetime.fromtimestamp(NOW - DAY, UTC)
    assert leaf.not_valid_after_utc == datetime.fromtimestamp(NOW + 30 * DAY, UTC)


def test_a_bundle_leaves_the_root_out() -> None:
    chain = pki()
    assert chain.signer.bundle == chain.signer.pem + chain.intermediate.pem
    assert chain.root.bundle == b""


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_the_web_server_is_what_an_https_client_accepts(name: str) -> None:
    root = web_root(WINDOW)
    server = web_server(root, WINDOW)
    subject: x509.DNSName | x509.IPAddress = x509.DNSName(name)
    if name != "localhost":
        subject = next(
            each
            for each in server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            if isinstance(each, x509.IPAddress) and str(each.value) == name
        )
    policy = PolicyBuilder().store(Store([root.certificate])).time(datetime.fromtimestamp(NOW, UTC))
    assert policy.build_server_verifier(subject).verify(server.certificate, [])


def test_a_key_is_written_and_read_again() -> None:
    signer = pki().signer
    again = load_pem_private_key(signer.key_pem, None)
    assert again.public_key() == signer.signing_key.public_key()


def test_another_kind_of_key_makes_no_tokens() -> None:
    odd = issue("x", None, WINDOW, end_entity(), rsa.generate_private_key(65537, 2048))
    with pytest.raises(TypeError):
        _ = odd.signing_key
