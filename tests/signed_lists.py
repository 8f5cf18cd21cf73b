"""Revocation lists and trust lists, good ones and such with one thing wrong, and those who sign them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pki import NOW

from sip_guard.demo.pki import DAY, Issued, Window, authority, issue, key_usage
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.sign import token

HOUR = 3600.0
INDIRECT = x509.IssuingDistributionPoint(None, None, False, False, None, True, False)  # noqa: FBT003
"""What makes a list speak for all issuers (RFC 5280 5.2.5)."""


class Entry(NamedTuple):
    """One entry of a revocation list."""

    serial: int
    issuer: x509.Name | None = None
    """certificateIssuer; None: the entry has none, so that the one before holds."""
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()


def of(issued: Issued) -> Entry:
    """Give the entry that revokes a certificate in an indirect list."""
    return Entry(issued.certificate.serial_number, issued.certificate.issuer)


def list_authority(when: float = NOW, name: str = "STI-PA CRL", *usages: str) -> Issued:
    """Make the certificate that signs lists, apart from those who issue certificates."""
    basic = x509.BasicConstraints(ca=True, path_length=None), True
    return issue(name, None, Window.around(when), [basic, key_usage(*(usages or ("crl_sign", "digital_signature")))])


def pinned(*issued: Issued) -> Pinned:
    """Give what an operator has who has pinned these."""
    return Pinned(b"".join(each.pem for each in issued))


def revocation_list(
    signer: Issued,
    entries: Iterable[Entry | Issued] = (),
    *,
    when: float = NOW,
    lasts: float = DAY,
    scope: x509.IssuingDistributionPoint | None = INDIRECT,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    hash_algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 = hashes.SHA256(),  # noqa: B008 - has no state
    named: x509.Name | None = None,
) -> bytes:
    """Make a list in DER, issued at `when` and good for `lasts` seconds; without a `scope` it is a direct one."""
    builder = x509.CertificateRevocationListBuilder(named or signer.certificate.subject)
    builder = builder.last_update(datetime.fromtimestamp(when, UTC))
    builder = builder.next_update(datetime.fromtimestamp(when + lasts, UTC))
    if scope is not None:
        builder = builder.add_extension(scope, critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(_revoked(entry if isinstance(entry, Entry) else of(entry), when))
    return builder.sign(signer.key, hash_algorithm).public_bytes(Encoding.DER)


def _revoked(entry: Entry, when: float) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial)
    builder = builder.revocation_date(datetime.fromtimestamp(when, UTC))
    if entry.issuer is not None:
        builder = builder.add_extension(x509.CertificateIssuer([x509.DirectoryName(entry.issuer)]), critical=True)
    for extension, critical in entry.extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def without_next_update(signer: Issued, when: float = NOW) -> bytes:
    """Make a list that does not say when the next one comes, which no library makes."""
    crl = x509.load_der_x509_crl(revocation_list(signer, when=when))
    tbs = crl.tbs_certlist_bytes
    next_update = tbs.index(b"\x17\x0d", tbs.index(b"\x17\x0d") + 15)
    tbs = _der(0x30, tbs[_head(tbs) : next_update] + tbs[next_update + 15 :])
    algorithm = crl.public_bytes(Encoding.DER)
    after = algorithm.index(crl.tbs_certlist_bytes) + len(crl.tbs_certlist_bytes)
    algorithm = algorithm[after : after + 2 + algorithm[after + 1]]
    signature = signer.signing_key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return _der(0x30, tbs + algorithm + _der(0x03, b"\0" + signature))


def _head(der: bytes) -> int:
    """Give the octets of tag and length."""
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes((size,)) if size < 0x80 else bytes((0x81, size)) if size < 0x100 else b"\x82" + size.to_bytes(2)
    return bytes((tag,)) + length + content


def trust_list(
    signer: Issued,
    *roots: Issued,
    when: float = NOW,
    lasts: float = DAY,
    sequence: object = 7,
    header: dict[str, object] | None = None,
    **claims: object,
) -> bytes:
    """Make a trust list that is good for `lasts` seconds from `when`; `header` and `claims` replace members."""
    jose = {"alg": "ES256", "typ": "JWT", "x5u": "https://authenticate-api.example/list.pem"} | (header or {})
    payload = {
        "version": 1,
        "sequence": sequence,
        "exp": int(when + lasts),
        "trustList": [root.pem.decode() for root in roots],
    }
    return token(jose, payload | claims, signer.signing_key)


def ca_without_crl_sign(when: float = NOW) -> Issued:
    """Make an authority whose KeyUsage does not allow it to sign revocation lists."""
    return issue("STI-PA CRL", None, Window.around(when), authority())
