"""Signing certificates: from the PEM text that was fetched to a key that may be believed (ATIS-1000080, RFC 8226)."""

import warnings
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from sip_guard.call import Code, Finding
from sip_guard.stir import delegation, extensions
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.link import identifies
from sip_guard.stir.name import Name
from sip_guard.stir.profile import Profile, broken
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList

MAX_PEM: Final = 65_536
"""Octets of a bundle."""
MAX_CERTIFICATES: Final = 8
"""Certificates in a bundle."""

Chain = tuple[x509.Certificate, ...]


class Signer(msgspec.Struct, frozen=True):
    """A certificate that may sign tokens and chains to an anchor."""

    key: ec.EllipticCurvePublicKey
    """On P-256."""
    spcs: tuple[str, ...]
    """Service provider codes of its TNAuthList."""
    numbers: tuple[Numbers, ...]
    """Telephone numbers of its TNAuthList."""
    not_before: float
    """Seconds since the epoch. From here to `not_after` every certificate of the chain is valid."""
    not_after: float
    subject: str
    """Its name (RFC 4514)."""
    issuer: str
    """The name of who issued it."""
    chain: Chain
    """From the certificate to the anchor, both included."""
    trust: str = ""
    """The trust group that believes it."""
    links: tuple[tuple[Name, int], ...] = ()
    """Issuers and serial numbers of the chain without its anchor: what revocation lists are asked about."""
    constraints: ClaimConstraints | None = None
    """What its tokens may claim; None: anything."""

    def valid(self, when: float) -> bool:
        """Tell whether all of the chain is valid at `when`, in seconds since the epoch."""
        return self.not_before <= when <= self.not_after


class Anchors:
    """The certificates that are trusted because the operator says so. What was fetched is never among them."""

    def __init__(self, pem: bytes) -> None:
        """Read one or many certificates. Raises ValueError where there is none, or one that may not issue others."""
        try:
            with warnings.catch_warnings(action="error"):
                certificates = x509.load_pem_x509_certificates(pem)
                unfit = [
                    certificate.subject.rfc4514_string() for certificate in certificates if not _may_issue(certificate)
                ]
                self.subjects = tuple(
                    (c.subject.rfc4514_string(), f"{c.not_valid_after_utc:%Y-%m-%d}") for c in certificates
                )
                """The name of each, and the day of its end."""
        except Exception as fault:
            raise ValueError(f"trust anchors that cannot be read as PEM certificates: {fault}") from fault
        if unfit:
            raise ValueError(f"not a CA certificate: {unfit[0]}")
        self.certificates = tuple(certificates)
        self._store = Store(certificates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Anchors) and self.certificates == other.certificates

    def __hash__(self) -> int:
        return hash(self.certificates)

    def chain(self, leaf: x509.Certificate, others: list[x509.Certificate], when: float) -> Chain:
        """Find the way from `leaf` to an anchor at `when`. Raises VerificationError if there is none."""
        policy = PolicyBuilder().store(self._store).time(datetime.fromtimestamp(when, UTC))
        policy = policy.max_chain_depth(MAX_CERTIFICATES).extension_policies(ca_policy=_ISSUERS, ee_policy=_LEAF)
        return tuple(policy.build_client_verifier().verify(leaf, others).chain)


def judge(
    pem: bytes, anchors: Anchors, when: float, profile: Profile = "normal", policies: Collection[str] = ()
) -> Signer | Finding:
    """Say whether the first certificate of a bundle may sign tokens at `when`, in seconds since the epoch.

    The other certificates can only lead from it to an anchor. A root among them is believed no more than any other.
    `profile` is how much of ATIS-1000080 the chain must keep; `policies` are OIDs, one of which all below the roots
    must name; none: any will do.
    """
    if len(pem) > MAX_PEM:
        return Finding(Code.CERTIFICATE_UNREADABLE, f"a bundle of {len(pem)} octets where {MAX_PEM} are the limit")
    try:
        # What cryptography only warns of, such as a negative serial number, is an error here.
        with warnings.catch_warnings(action="error"):
            leaf, *others = x509.load_pem_x509_certificates(pem)
            found = _judge(leaf, others, anchors, when)
            what = None if isinstance(found, Finding) else broken(found.chain, profile, policies)
            return found if what is None else _unsuitable(what)
    except Exception as fault:  # noqa: BLE001 - parsed as it is looked at, a certificate can raise anything anywhere
        return Finding(Code.CERTIFICATE_UNREADABLE, f"{type(fault).__name__}: {fault}"[:200])


def _judge(leaf: x509.Certificate, others: list[x509.Certificate], anchors: Anchors, when: float) -> Signer | Finding:
    if len(others) >= MAX_CERTIFICATES:
        return Finding(Code.CERTIFICATE_UNREADABLE, f"a bundle of more than {MAX_CERTIFICATES} certificates")
    key = signing_key(leaf)
    if isinstance(key, Finding):
        return key
    lists = _tn_auth_lists((leaf,))
    if isinstance(lists, Finding):
        return lists
    if lists[0] is None:
        return Finding(Code.TN_AUTH_LIST_MISSING, "the certificate has no TNAuthList")
    others = _linked(leaf, others)
    try:
        chain = anchors.chain(leaf, others, when)
    except VerificationError:
        return _chain_fault(leaf, others, anchors)
    above = _tn_auth_lists(chain[1:])
    if isinstance(above, Finding):
        return above
    excess = delegation.fault(lists + above)
    if excess is not None:
        return Finding(Code.DELEGATION_EXCEEDED, excess)
    try:
        constraints = ClaimConstraints.of(leaf)
    except ValueError as fault:
        return _unsuitable(f"the constraints of its claims: {fault}"[:200])
    return Signer(
        key,
        lists[0].spcs,
        lists[0].numbers,
        max(certificate.not_valid_before_utc.timestamp() for certificate in chain),
        min(certificate.not_valid_after_utc.timestamp() for certificate in chain),
        leaf.subject.rfc4514_string()[:200],
        leaf.issuer.rfc4514_string()[:200],
        chain,
        constraints=constraints,
    )


def _linked(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """Give those certificates that lead from one to the next in their order: a bundle has one way and no other.

    RFC 9060 has them linked by their key identifiers, which tell namesakes apart. A key that is not on a curve leads
    nowhere (RFC 8226 3): a verification with one that its owner made for the purpose can take long.
    """
    way = [leaf]
    for other in others:
        if (
            other.subject == way[-1].issuer
            and other.subject != way[-1].subject
            and identifies(way[-1], other) is not False
        ):
            way.append(other)
    return [other for other in way[1:] if isinstance(other.public_key(), ec.EllipticCurvePublicKey)]


def _chain_fault(leaf: x509.Certificate, others: list[x509.Certificate], anchors: Anchors) -> Finding:
    """Tell a chain that is out of its time from one that did not lead to an anchor when its first link was made."""
    try:
        anchors.chain(leaf, others, leaf.not_valid_before_utc.timestamp())
    except VerificationError as fault:
        issuer = leaf.issuer.rfc4514_string()[:100]
        more = "" if "candidates exhausted" in str(fault) else f" ({fault})"
        why = f"no chain of good certificates from it to a trust anchor; issued by {issuer}{more}"
        return Finding(Code.CERTIFICATE_UNTRUSTED, why[:300])
    window = f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%MZ} to {leaf.not_valid_after_utc:%Y-%m-%dT%H:%MZ}"
    return Finding(Code.CERTIFICATE_EXPIRED, f"the chain is out of its time; the certificate is valid from {window}")


def signing_key(leaf: x509.Certificate) -> ec.EllipticCurvePublicKey | Finding:
    """Give the key of a certificate that is fit to sign tokens, whoever issued it (RFC 8226)."""
    key, what = leaf.public_key(), broken((leaf,), "lab")
    if what is not None or not isinstance(key, ec.EllipticCurvePublicKey):
        return _unsuitable(what or "its key is on no curve")
    return key


def _tn_auth_lists(chain: Chain) -> list[TnAuthList | None] | Finding:
    try:
        return [TnAuthList.of(certificate) for certificate in chain]
    except ValueError as fault:
        return Finding(Code.TN_AUTH_LIST_MALFORMED, f"TNAuthList: {fault}"[:200])


def _may_issue(certificate: x509.Certificate) -> bool:
    constraints = extensions.value(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _signs_certificates(_policy: Policy, _issuer: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer whose KeyUsage does not include keyCertSign")


def _unsuitable(why: str) -> Finding:
    return Finding(Code.CERTIFICATE_UNSUITABLE, why)


_LEAF = ExtensionPolicy.permit_all()
_ISSUERS = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
