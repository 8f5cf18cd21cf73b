"""Lists that an authority signs: of revoked certificates, and of authorities."""

from collections.abc import Iterator

from cryptography import x509
from pki import NOW, pki
from read_certificates import signed
from read_tokens import sealed
from signed_lists import Entry, list_authority, of, pinned, revocation_list

from sip_guard.stir.name import canonical
from sip_guard.stir.revocation import RevocationList
from sip_guard.stir.sign import base64url, canonical_json
from sip_guard.stir.trust_list import TrustList

PKI = pki()
LISTS = list_authority()
PINNED = pinned(LISTS)
DAY = 86_400


def revocation_lists() -> Iterator[bytes]:
    """Give what is signed in lists, indirect and direct ones."""
    reason = x509.CRLReason(x509.ReasonFlags.remove_from_crl), False
    entries = [of(PKI.signer), Entry(2), Entry(3, LISTS.certificate.subject), Entry(2, None, (reason,))]
    for octets in (
        revocation_list(LISTS, entries),
        revocation_list(LISTS, [Entry(1), Entry(2)], scope=None),
        revocation_list(LISTS, [], extensions=[(x509.CRLNumber(7), False)]),
    ):
        yield x509.load_der_x509_crl(octets).tbs_certlist_bytes


def revocation(data: bytes) -> None:
    """Whatever its authority signs is read or refused; what is read revokes what stands on it, and no more."""
    assert _read(data) is None
    octets = signed(data, LISTS)
    found = _read(octets)
    if found is None:
        return
    crl = x509.load_der_x509_crl(octets)
    assert found.issuer == canonical(LISTS.certificate.subject) == canonical(crl.issuer)
    assert found.since <= NOW + 300
    assert found.entries == len(crl)
    kept = {each.serial_number for each in crl if not _is_removed(each)}
    assert set(found.revoked) == kept
    if not found.indirect:
        assert all(issuers == {found.issuer} for issuers in found.revoked.values())


def _read(octets: bytes) -> RevocationList | None:
    try:
        return RevocationList.parse(octets, PINNED, NOW)
    except ValueError:
        return None


def _is_removed(entry: x509.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
    except x509.ExtensionNotFound:
        return False
    return reason.reason is x509.ReasonFlags.remove_from_crl


def trust_lists() -> Iterator[bytes]:
    """Give what is claimed in lists."""
    for sequence, exp, roots in ((7, int(NOW) + DAY, [PKI.root]), (0, NOW + 0.5, [PKI.root, PKI.intermediate])):
        listed = [issued.pem.decode() for issued in roots]
        yield canonical_json({"version": 1, "sequence": sequence, "exp": exp, "trustList": listed})


def trust(data: bytes) -> None:
    """Whatever its authority signs is read or refused; only roots become anchors."""
    octets = sealed(base64url(b'{"alg":"ES256","typ":"JWT","x5u":"x"}') + b"." + base64url(data), LISTS.signing_key)
    try:
        found = TrustList.parse(octets, PINNED, NOW)
    except ValueError:
        return
    assert found.sequence >= 0
    assert found.anchors.certificates
    for each in found.anchors.certificates:
        each.verify_directly_issued_by(each)
        assert each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
