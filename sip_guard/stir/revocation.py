"""Revoked certificates: lists of them, indirect ones too, and what they say of a signer (RFC 5280 5 and 6.3.3).

A list is believed by a certificate that is pinned for it: the STI-PA's lists are not signed by those who issue the
certificates on them (ATIS-1000084). Which lists there are is the operator's to say, never a certificate's.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Self

import msgspec
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID, SignatureAlgorithmOID

from sip_guard.call import Code, Finding
from sip_guard.stir.certificate import Chain, Signer
from sip_guard.stir.name import Name, canonical
from sip_guard.stir.pinned import Pinned

MAX_SKEW: Final = 300.0
"""Seconds that a list may be newer than our clock: two clocks are never the same."""

Link = tuple[Name, int]
"""A certificate as lists name it: by its issuer and its serial number."""

_ALGORITHMS = (
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
)
_KNOWN = (
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_NUMBER,
)
_KNOWN_OF_ENTRIES = (
    CRLEntryExtensionOID.CERTIFICATE_ISSUER,
    CRLEntryExtensionOID.CRL_REASON,
    CRLEntryExtensionOID.INVALIDITY_DATE,
)


class RevocationList(msgspec.Struct, frozen=True):
    """A list that its authority has signed."""

    issuer: Name
    indirect: bool
    """It speaks for other issuers too, and so for every certificate."""
    leaves: bool
    """It speaks for certificates that sign tokens."""
    authorities: bool
    """It speaks for CA certificates."""
    since: float
    """thisUpdate, in seconds since the epoch."""
    until: float
    """nextUpdate: past it, a newer one must be had."""
    entries: int
    revoked: Mapping[int, frozenset[Name]]
    """Issuers by serial number."""

    @classmethod
    def parse(cls, octets: bytes, pinned: Pinned, when: float) -> Self:
        """Read a list in DER or PEM, and verify its signature at `when`, in seconds since the epoch.

        How many octets there may be is bounded by who fetched them. Whether the list is still in force is asked later.
        Raises ValueError, which says what is wrong with it.
        """
        try:
            return cls._parse(octets, pinned, when)
        except _Refused:
            raise
        except Exception as fault:
            # Parsed as it is looked at, a list can raise anything anywhere.
            raise ValueError(f"no revocation list that can be read: {type(fault).__name__}: {fault}"[:200]) from fault

    @classmethod
    def _parse(cls, octets: bytes, pinned: Pinned, when: float) -> Self:
        is_pem = octets.lstrip().startswith(b"-----BEGIN")
        crl = (x509.load_pem_x509_crl if is_pem else x509.load_der_x509_crl)(octets)
        _verify(crl, pinned, when)
        if any(each.oid == ExtensionOID.DELTA_CRL_INDICATOR for each in crl.extensions):
            raise _Refused("a delta list (RFC 5280 5.2.4); the complete one is needed")
        extensions = _extensions(crl.extensions, _KNOWN)
        indirect, leaves, authorities = _scope(extensions.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT))
        if crl.next_update_utc is None:
            raise _Refused("a list without nextUpdate (RFC 5280 5.1.2.5)")
        since, until = crl.last_update_utc.timestamp(), crl.next_update_utc.timestamp()
        if since > when + MAX_SKEW:
            raise _Refused(f"a list from the future ({crl.last_update_utc:%Y-%m-%dT%H:%MZ}); is the clock right?")
        issuer = canonical(crl.issuer)
        return cls(issuer, indirect, leaves, authorities, since, until, len(crl), _revoked(crl, issuer, indirect))

    def in_force(self, when: float) -> bool:
        """Tell whether it is the authority's last word at `when`, in seconds since the epoch."""
        return when <= self.until

    def revokes(self, link: Link) -> bool:
        """Tell whether a certificate stands on it."""
        return link[0] in self.revoked.get(link[1], ())

    def covers(self, link: Link, *, leaf: bool) -> bool:
        """Tell whether it would say if this certificate was revoked."""
        return (self.leaves if leaf else self.authorities) and (self.indirect or link[0] == self.issuer)


class Revocation:
    """What a trust group knows of revoked certificates, and what holds where it cannot know."""

    def __init__(self, sources: Iterable[str], *, hard: bool) -> None:
        """Know of the lists by their `sources`, without having had any.

        `hard`: a certificate that no list in force speaks for counts as one that could not be checked.
        """
        self.lists: dict[str, RevocationList | None] = dict.fromkeys(sources)
        """By source; None: it was never had."""
        self.hard = hard

    def renew(self, source: str, current: RevocationList) -> None:
        """Ask this list from now on, in the place of the one before."""
        self.lists[source] = current

    def fault(self, signer: Signer, when: float) -> Finding | None:
        """Say whether the signer's certificate or one above it is revoked, at `when` in seconds since the epoch.

        What stood on a list that is out of date is still revoked.
        """
        for link, certificate in zip(signer.links, signer.chain, strict=False):
            for current in self.lists.values():
                if current is not None and current.revokes(link):
                    return Finding(Code.CERTIFICATE_REVOKED, f"revoked: {certificate.subject.rfc4514_string()}"[:200])
        for place, link in enumerate(signer.links):
            why = self._unknown(link, when, leaf=place == 0)
            if why:
                code = Code.REVOCATION_UNAVAILABLE if self.hard else Code.REVOCATION_UNCHECKED
                return Finding(code, why[:200])
        return None

    def _unknown(self, link: Link, when: float, *, leaf: bool) -> str:
        """Say why it is not known whether a certificate is revoked: every list that may speak for it must be there."""
        covered = False
        for source, current in self.lists.items():
            if current is None:
                return f"the revocation list {source} was never had"
            if current.covers(link, leaf=leaf):
                covered = True
                if not current.in_force(when):
                    return f"the revocation list {source} is out of date for {when - current.until:.0f} s"
        return "" if covered else "no revocation list speaks for " + ("the signer" if leaf else "one of its issuers")


def links(chain: Chain) -> tuple[Link, ...]:
    """Give what lists are asked about for a chain: all but the anchor, which is the operator's word."""
    return tuple((canonical(each.issuer), each.serial_number) for each in chain[:-1])


class _Refused(ValueError):  # noqa: N818 - no error of ours
    """A list that was understood, and is not taken."""


def _verify(crl: x509.CertificateRevocationList, pinned: Pinned, when: float) -> None:
    """Refuse a list that no certificate pinned for it has signed (RFC 5280 6.3.3 f and g)."""
    if crl.signature_algorithm_oid not in _ALGORITHMS:
        raise _Refused(f"a list signed with {crl.signature_algorithm_oid.dotted_string}, which is not ECDSA with SHA-2")
    issuer = canonical(crl.issuer)
    candidates = [pair for pair in pinned.valid(when) if canonical(pair[0].subject) == issuer]
    if not candidates:
        raise _Refused(f"a list by {crl.issuer.rfc4514_string()}, for whom no certificate is pinned"[:200])
    fit = [key for certificate, key in candidates if _signs_lists(certificate)]
    if not fit:
        raise _Refused("the KeyUsage of the certificate pinned for it does not include cRLSign")
    if not any(crl.is_signature_valid(key) for key in fit):
        raise _Refused("the signature is not that of the certificate pinned for it")


def _signs_lists(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _extensions(
    found: x509.Extensions, known: Iterable[x509.ObjectIdentifier]
) -> dict[x509.ObjectIdentifier, x509.ExtensionType]:
    """Give extensions by their OID. One that is critical and not known makes the list useless (RFC 5280 5.2, 5.3)."""
    for each in found:
        if each.critical and each.oid not in known:
            raise _Refused(f"a critical extension that is not known: {each.oid.dotted_string}")
    return {each.oid: each.value for each in found}


def _scope(point: x509.ExtensionType | None) -> tuple[bool, bool, bool]:
    """Say whether a list is indirect, and speaks for leaves and for authorities (RFC 5280 5.2.5)."""
    if not isinstance(point, x509.IssuingDistributionPoint):
        return False, True, True
    if point.only_contains_attribute_certs:
        raise _Refused("a list of attribute certificates")
    if point.only_some_reasons is not None:
        raise _Refused("a list for some reasons only; the complete one is needed")
    return point.indirect_crl, not point.only_contains_ca_certs, not point.only_contains_user_certs


def _revoked(crl: x509.CertificateRevocationList, issuer: Name, indirect: bool) -> Mapping[int, frozenset[Name]]:
    """Read the entries. A certificateIssuer holds until the next one (RFC 5280 5.3.3); at first it is the list's."""
    found: dict[int, frozenset[Name]] = {}
    seen: dict[frozenset[Name], frozenset[Name]] = {}
    current = seen.setdefault(frozenset((issuer,)), frozenset((issuer,)))
    for entry in crl:
        if extensions := entry.extensions:
            known = _extensions(extensions, _KNOWN_OF_ENTRIES)
            named = known.get(CRLEntryExtensionOID.CERTIFICATE_ISSUER)
            if isinstance(named, x509.CertificateIssuer):
                if not indirect:
                    raise _Refused("entries of other issuers in a list that is not indirect (RFC 5280 5.3.3)")
                names = _issuers(named)
                current = seen.setdefault(names, names)
            reason = known.get(CRLEntryExtensionOID.CRL_REASON)
            if isinstance(reason, x509.CRLReason) and reason.reason is x509.ReasonFlags.remove_from_crl:
                continue
        serial = entry.serial_number
        joined = current | found.get(serial, frozenset())
        found[serial] = seen.setdefault(joined, joined)
    return found


def _issuers(named: x509.CertificateIssuer) -> frozenset[Name]:
    names = frozenset(map(canonical, named.get_values_for_type(x509.DirectoryName)))
    if not names:
        raise _Refused("an entry whose issuer is no directory name")
    return names
