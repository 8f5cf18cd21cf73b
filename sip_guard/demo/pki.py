"""A throw-away PKI: a STI authority that signs for callers, and a web authority for the certificate repository."""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sip_guard.stir import claim_constraints
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import OID, TnAuthList

DAY = 86_400.0
"""Seconds."""

_POLICY = x509.ObjectIdentifier("2.16.840.1.114569.1.1.4")
"""US SHAKEN Certificate Policy 1.4."""
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Extensions = Iterable[tuple[x509.ExtensionType, bool]]
"""Extensions, each with whether it is critical."""


class Issued(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Key
    issuer: "Issued | None" = None
    """None: it is a root."""

    @property
    def signing_key(self) -> ec.EllipticCurvePrivateKey:
        """The key, where it is one that makes ES256 signatures. Raises TypeError if it is not."""
        if not isinstance(self.key, ec.EllipticCurvePrivateKey):
            raise TypeError("not an elliptic curve key")
        return self.key

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def bundle(self) -> bytes:
        """The certificate and those above it without the root: what an `x5u` URL leads to, or a TLS server sends."""
        return b"" if self.issuer is None else self.pem + self.issuer.bundle

    @property
    def key_pem(self) -> bytes:
        """The private key (PKCS #8), not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Window(NamedTuple):
    """When a certificate is valid, in seconds since the epoch."""

    not_before: float
    not_after: float

    @classmethod
    def around(cls, when: float, days: float = 30) -> Self:
        """From a day before `when` to `days` after it."""
        return cls(when - DAY, when + days * DAY)


def sti_root(window: Window, name: str = "SHAKEN ROOT") -> Issued:
    """Make a root of the ATIS-1000080 profile."""
    return issue(name, None, window, authority())


def sti_intermediate(root: Issued, window: Window, name: str = "SHAKEN CA") -> Issued:
    """Make an intermediate of the ATIS-1000080 profile."""
    return issue(name, root, window, [*authority(), policies(), revocation_list()])


def sti_signer(issuer: Issued, window: Window, spc: str = "1234") -> Issued:
    """Make a certificate that signs calls for the service provider `spc` (ATIS-1000080 6.4.1)."""
    extensions = [*end_entity(), policies(), revocation_list(), tn_auth_list(TnAuthList((spc,)))]
    return issue(f"SHAKEN {spc}", issuer, window, extensions)


def sti_delegating(issuer: Issued, window: Window, listed: TnAuthList, name: str = "SHAKEN delegating CA") -> Issued:
    """Make a CA that may issue for what is listed, and for no more (RFC 9060)."""
    return issue(name, issuer, window, [*authority(), policies(), revocation_list(), tn_auth_list(listed)])


def web_root(window: Window) -> Issued:
    """Make a root for HTTPS servers."""
    return issue("sip_guard web root", None, window, authority())


def web_server(root: Issued, window: Window, *more: str) -> Issued:
    """Make a certificate of an HTTPS server on this machine: `localhost`, 127.0.0.1, ::1, and more names."""
    names = x509.SubjectAlternativeName(
        [
            *map(x509.DNSName, ("localhost", *more)),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return issue("localhost", root, window, [*end_entity(), (names, False), (purpose, False)])


def authority(path_length: int | None = None) -> Extensions:
    """Give what makes a CA certificate of it."""
    return ((x509.BasicConstraints(ca=True, path_length=path_length), True), key_usage("key_cert_sign"))


def end_entity() -> Extensions:
    """Give what makes an end-entity certificate of it."""
    return ((x509.BasicConstraints(ca=False, path_length=None), True), key_usage("digital_signature"))


def policies() -> tuple[x509.ExtensionType, bool]:
    """Give the certificate policy that SHAKEN certificates name."""
    return x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), False


def revocation_list(url: str = "https://sti-pa.example/crl") -> tuple[x509.ExtensionType, bool]:
    """Give where the one revocation list of all authorities is, and who issues it (ATIS-1000080 6.4.1)."""
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(url)], None, None, [x509.DirectoryName(_name("STI-PA CRL"))]
    )
    return x509.CRLDistributionPoints([point]), False


def tn_auth_list(listed: TnAuthList | bytes) -> tuple[x509.ExtensionType, bool]:
    """Give the TNAuthList extension, of a list or of any octets."""
    der = listed if isinstance(listed, bytes) else listed.der()
    return x509.UnrecognizedExtension(OID, der), False


def constraints(allowed: ClaimConstraints) -> tuple[x509.ExtensionType, bool]:
    """Give the extension that says what a certificate's tokens may claim."""
    oid = claim_constraints.ENHANCED_OID if allowed.must_exclude else claim_constraints.OID
    return x509.UnrecognizedExtension(oid, allowed.der()), False


def key_usage(*usages: str) -> tuple[x509.ExtensionType, bool]:
    """Give a KeyUsage extension with the usages named as `x509.KeyUsage` names them."""
    return x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), True


def issue(
    name: str,
    issuer: Issued | None,
    window: Window,
    extensions: Extensions,
    key: Key | None = None,
) -> Issued:
    """Make a certificate for `key` (by default a new one on P-256) that `issuer` signs; without one it signs itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    above = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(window.not_before, UTC))
        .not_valid_after(datetime.fromtimestamp(window.not_after, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Issued(builder.sign(above, hashes.SHA256()), key, issuer)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "sip_guard demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
