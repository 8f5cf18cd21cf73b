"""TLS for SIP: our certificate, whom we trust, and the names that a certificate gives its holder (RFC 5922)."""

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    platformTrust,
    trustRootFromCertificates,
)
from zope.interface import implementer

from sip_guard.sip.flow import Address

_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)

_domain = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*").fullmatch
_sip_host = re.compile(r"sip:([^@:;?/\[\]]+)(?::[0-9]{1,5})?(?:[;?][^@]*)?", re.IGNORECASE).fullmatch


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The PEM files that TLS is set up from."""

    certificate: str
    """Our certificate, followed by those above it without the root."""
    key: str
    """Its private key, not encrypted."""
    ca: str | None = None
    """The authorities that servers we connect to are trusted by; None: the system's."""
    client_ca: str | None = None
    """The authorities that peers which connect to us are trusted by. A certificate is then asked for, but none need be
    shown; one that is shown and not trusted, or is for servers only, ends the connection. None: none is asked for."""
    present: bool = True
    """Whether our certificate is shown to servers that ask for one. Not all accept one that is for servers only."""


class Sides(NamedTuple):
    """What was read from the files."""

    server: CertificateOptions
    client: CertificateOptions
    not_after: datetime
    """When the first of the certificates that we show expires."""


def _nobody(_: Address) -> str | None:
    return None


@implementer(IOpenSSLServerConnectionCreator)
class Tls:
    """Makes both sides of TLS connections, of version 1.2 or newer."""

    def __init__(self, files: TlsFiles, server_name: Callable[[Address], str | None] = _nobody) -> None:
        """Read the files. Raises ValueError that names the file and what is wrong with it.

        `server_name` gives what the certificate of the server at an address must name: the domain that the operator
        has written, in ASCII, and not what DNS has made of it (RFC 5922 7.3), or the numeric address, if that is what
        he has written; None or empty: nothing of this address. It is asked for each message that is sent.
        """
        self.files = files
        self.server_name = server_name
        self._now = read(files)

    @property
    def not_after(self) -> datetime:
        """When the first of the certificates that we show expires."""
        return self._now.not_after

    def take(self, files: TlsFiles, sides: Sides) -> None:
        """Go by other files, or the same as they are now, for connections to come; those that are open stay."""
        self.files = files
        self._now = sides

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 - Twisted's name
        """Make our side of a connection that a peer has opened."""
        return self._now.server.serverConnectionForTLS(protocol)

    def client(self, name: str) -> IOpenSSLClientConnectionCreator:
        """Give what makes our side of a connection that we open to the server called `name`."""
        return _Client(self._now.client, name)


@implementer(IOpenSSLClientConnectionCreator)
class _Client:
    """Tells the server which name it is meant by (RFC 6066 3)."""

    def __init__(self, options: CertificateOptions, name: str) -> None:
        self._options = options
        self._name = b"" if _is_numeric(name) else name.encode("ascii")

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 - Twisted's name
        connection = self._options.clientConnectionForTLS(protocol)
        if self._name:
            connection.set_tlsext_host_name(self._name)
        return connection


def speaks_for(certificate: x509.Certificate | None, name: str) -> bool:
    """Tell whether a certificate that is valid otherwise is for the server called `name`, a domain or an address."""
    if certificate is None:
        return False
    if not _is_numeric(name):
        return name.lower() in domains(certificate)
    names = _alternative_names(certificate)
    return names is not None and ipaddress.ip_address(name) in names.get_values_for_type(x509.IPAddress)


def domains(certificate: x509.Certificate) -> frozenset[str]:
    """Give the SIP domains that a valid certificate makes its holder, in lower case (RFC 5922 7.1).

    Those of `sip:` URIs without a user; DNS names only where there are none; the Common Name only where the
    certificate has no alternative names at all. A wildcard is no name (7.2).
    """
    names = _alternative_names(certificate)
    if names is None:
        found = _common_name(certificate)
    else:
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        found = [match[1] for uri in uris if (match := _sip_host(uri))] or names.get_values_for_type(x509.DNSName)
    return frozenset(lower for name in found if _domain(lower := name.lower()))


def _common_name(certificate: x509.Certificate) -> list[str]:
    try:
        common = [str(item.value) for item in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError:
        return []
    return common if len(common) == 1 else []


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    except _UNREADABLE:
        # It has names, and they cannot be read.
        return x509.SubjectAlternativeName([])


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def read(files: TlsFiles) -> Sides:
    """Read the files. Raises ValueError that names the file and what is wrong with it."""
    chain = _certificates(files.certificate)
    key = _key(files.key)
    if key.public_key() != chain[0].public_key():
        raise ValueError(f"{files.key}: not the key of the first certificate in {files.certificate}")
    own: dict[str, Any] = {"privateKey": key, "certificate": chain[0], "extraCertChain": chain[1:]}
    # No session is taken up again: who a peer is, each handshake shows anew.
    fresh: dict[str, Any] = {"enableSessions": False, "enableSessionTickets": False}
    asked: dict[str, Any] = {}
    if files.client_ca is not None:
        authorities = [crypto.X509.from_cryptography(each) for each in _certificates(files.client_ca)]
        asked = {"verify": True, "caCerts": authorities, "requireCertificate": False}
    trusted = platformTrust()  # type: ignore[no-untyped-call]
    if files.ca is not None:
        roots = [Certificate(crypto.X509.from_cryptography(each)) for each in _certificates(files.ca)]  # type: ignore[no-untyped-call]
        trusted = trustRootFromCertificates(roots)  # type: ignore[no-untyped-call]
    fresh |= {"raiseMinimumTo": TLSVersion.TLSv1_2}
    sides = Sides(
        CertificateOptions(**fresh, **own, **asked),
        CertificateOptions(**fresh, **(own if files.present else {}), trustRoot=trusted),
        min(each.not_valid_after_utc for each in chain),
    )
    try:
        for side in (sides.server, sides.client):
            # Nor does it change who it is on a connection that stands.
            side.getContext().set_options(SSL.OP_NO_RENEGOTIATION)
    except SSL.Error as error:
        raise ValueError(f"{files.certificate}: {said(error)}") from None
    return sides


def _certificates(file: str) -> list[x509.Certificate]:
    octets = _octets(file)
    try:
        certificates = x509.load_pem_x509_certificates(octets)
        certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{file}: not certificates in PEM form: {error}") from None
    return certificates


def _key(file: str) -> Any:
    octets = _octets(file)
    try:
        return load_pem_private_key(octets, None)
    except TypeError:
        raise ValueError(f"{file}: the private key is encrypted") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{file}: not a private key in PEM form: {error}") from None


def _octets(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None


def said(error: SSL.Error) -> str:
    """Give what OpenSSL says, for people."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in queue) or "the connection was closed"
