"""One certificate in its chain, and what the rows of a profile ask about."""

from enum import Enum
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from sip_guard.stir import extensions, tn_auth_list
from sip_guard.stir.tn_auth_list import TnAuthList

_NAMED = frozenset((NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME))
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


class Role(Enum):
    """What a certificate is in its chain."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"
    END_ENTITY = "end entity"


class Link(NamedTuple):
    """A certificate in its chain. Asked for extensions that cannot be read, it raises what cryptography raises."""

    certificate: x509.Certificate
    role: Role
    issuer: x509.Certificate | None = None
    """The one above it, where that is known."""

    @property
    def delegated(self) -> bool:
        """Tell whether it is a CA that may not speak for everybody, or was issued by one (RFC 9060)."""
        issuers = (self.issuer, None if self.role is Role.END_ENTITY else self.certificate)
        return any(each is not None and extensions.octets(each, tn_auth_list.OID) is not None for each in issuers)

    @property
    def spc(self) -> str | None:
        """The service provider code, where its TNAuthList is exactly one."""
        try:
            listed = TnAuthList.of(self.certificate)
        except ValueError:
            return None
        return listed.spcs[0] if listed and len(listed.spcs) == 1 and not listed.numbers else None

    @property
    def common_name(self) -> str:
        """The CN in capitals, empty where there is none."""
        found = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value).upper() if found else ""

    @property
    def authority(self) -> bool:
        """Tell whether it is a CA."""
        constraints = extensions.value(self.certificate, x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @property
    def usages(self) -> frozenset[str] | None:
        """What KeyUsage allows, by the names of `x509.KeyUsage`; None: it is not there."""
        usage = extensions.value(self.certificate, x509.KeyUsage)
        return None if usage is None else frozenset(name for name in _USAGES if getattr(usage, name))

    @property
    def own_identifier(self) -> bool:
        """Tell whether SubjectKeyIdentifier is the SHA-1 of its key."""
        found = extensions.value(self.certificate, x509.SubjectKeyIdentifier)
        return found == x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key())

    @property
    def policies(self) -> list[str]:
        """The OIDs of its certificate policies."""
        found = extensions.value(self.certificate, x509.CertificatePolicies)
        return [each.policy_identifier.dotted_string for each in found or ()]

    @property
    def points(self) -> list[x509.DistributionPoint]:
        """Where revocation lists are."""
        return list(extensions.value(self.certificate, x509.CRLDistributionPoints) or ())

    def critical(self, kind: type[x509.ExtensionType]) -> bool:
        """Tell whether it has an extension of this kind that is critical."""
        found = extensions.find(self.certificate, kind)
        return found is not None and found.critical


def complete(name: x509.Name) -> bool:
    """Tell whether a name is made of C, O and CN, perhaps serialNumber, and of nothing else, each of them once."""
    found = [each.oid for each in name]
    return len(found) == len(set(found)) and _NAMED <= set(found) <= _NAMED | {NameOID.SERIAL_NUMBER}


def identifies(certificate: x509.Certificate, issuer: x509.Certificate | None) -> bool | None:
    """Tell whether AuthorityKeyIdentifier is the issuer's SubjectKeyIdentifier (RFC 5280 4.2.1.1).

    None where one of the two does not say, or the issuer is not known.
    """
    above = extensions.value(certificate, x509.AuthorityKeyIdentifier)
    own = None if issuer is None else extensions.value(issuer, x509.SubjectKeyIdentifier)
    return None if above is None or above.key_identifier is None or own is None else above.key_identifier == own.digest
