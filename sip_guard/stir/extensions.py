"""Extensions of certificates (RFC 5280 4.2)."""

from typing import TypeVar

from cryptography import x509

_T = TypeVar("_T", bound=x509.ExtensionType)


def find(certificate: x509.Certificate, kind: type[_T]) -> "x509.Extension[_T] | None":
    """Give the extension of this kind, if a certificate has one. Raises what cryptography raises of bad extensions."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def value(certificate: x509.Certificate, kind: type[_T]) -> _T | None:
    """Give what it says."""
    found = find(certificate, kind)
    return None if found is None else found.value


def octets(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    """Give the DER of what it says."""
    return next((each.value.public_bytes() for each in certificate.extensions if each.oid == oid), None)
