"""The certificate profile of ATIS-1000080 and of the US SHAKEN certificate policy, row by row, as strictly as is asked.

There are three profiles, each with the rows of the one before:

- `lab` is RFC 8226 alone: what no signer may be without, a key on P-256 that may sign and is no CA's. Any TNAuthList
  that the RFC allows will do.
- `normal` adds what bears on security and is kept by those who issue SHAKEN certificates: ECDSA with SHA-256 or
  SHA-384, so that fewer algorithms are believed; key identifiers, which link a chain in the one way that it has
  (RFC 9060); exactly one service provider code, because it says who answers for a call. It does not ask how names are
  written, how long serial numbers are or what is marked critical: calls would fail, and nobody would be safer. Where
  revocation lists are is known from the configuration, so that it need not be said.
- `strict` is the whole profile.

What is seen to in every chain (dates, signatures, X.509 v3, cA of issuers, path lengths, critical extensions that
nobody knows, serial numbers below 0) has no row. Delegate certificates (RFC 9060) have lists and names of their own.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from sip_guard.stir import claim_constraints, extensions, tn_auth_list
from sip_guard.stir.link import Link, Role, complete, identifies

Profile = Literal["lab", "normal", "strict"]
PROFILES: Final[tuple[Profile, ...]] = ("lab", "normal", "strict")
"""From the laxest on."""

_ROOT = frozenset((Role.ROOT,))
_INTERMEDIATE = frozenset((Role.INTERMEDIATE,))
_SIGNER = frozenset((Role.END_ENTITY,))
_ISSUERS = _ROOT | _INTERMEDIATE
_ISSUED = _INTERMEDIATE | _SIGNER
_ALL = _ROOT | _ISSUED

_OF_SIGNERS = frozenset(("digital_signature",))
_OF_ISSUERS = frozenset(("key_cert_sign", "digital_signature", "crl_sign"))

_EVERYWHERE = frozenset(
    (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    )
)
_BELOW_ROOT = _EVERYWHERE | {
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    tn_auth_list.OID,
}
_EXTENSIONS = {
    Role.ROOT: _EVERYWHERE,
    Role.INTERMEDIATE: _BELOW_ROOT,
    Role.END_ENTITY: _BELOW_ROOT | {claim_constraints.OID, claim_constraints.ENHANCED_OID},
}


class Row(NamedTuple):
    """What is wanted of one item of certificates in some roles."""

    item: str
    wants: str
    profile: Profile
    """The first that has it."""
    roles: frozenset[Role]
    kept: Callable[[Link], bool]


def broken(chain: Sequence[x509.Certificate], profile: Profile, policies: Collection[str] = ()) -> str | None:
    """Name the first row that a certificate of a chain does not keep, from the signer to the anchor; None if none.

    `policies` are OIDs, one of which all below the roots must name, in any profile; none: any will do.
    """
    for link in _links(chain):
        for row in breaches(link, profile):
            return f"{link.role.value}: {row.item}: wanted is {row.wants} (profile `{row.profile}`)"
        if policies and link.role is not Role.ROOT and not set(policies).intersection(link.policies):
            return f"{link.role.value}: CertificatePolicies: wanted is one of those that are configured"
    return None


def breaches(link: Link, profile: Profile) -> Iterator[Row]:
    """Give the rows that a certificate does not keep."""
    asked = PROFILES[: PROFILES.index(profile) + 1]
    return (row for row in ROWS if row.profile in asked and link.role in row.roles and not row.kept(link))


def _links(chain: Sequence[x509.Certificate]) -> Iterator[Link]:
    for place, certificate in enumerate(chain):
        above = Role.ROOT if certificate.subject == certificate.issuer else Role.INTERMEDIATE
        issuer = chain[place + 1] if place + 1 < len(chain) else None
        yield Link(certificate, above if place else Role.END_ENTITY, issuer)


def _on(*curves: type[ec.EllipticCurve]) -> Callable[[Link], bool]:
    def kept(link: Link) -> bool:
        key = link.certificate.public_key()
        return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curves)

    return kept


def _signed(link: Link) -> bool:
    algorithms = (SignatureAlgorithmOID.ECDSA_WITH_SHA256, SignatureAlgorithmOID.ECDSA_WITH_SHA384)
    return link.certificate.signature_algorithm_oid in algorithms


def _linked(link: Link) -> bool:
    found = extensions.value(link.certificate, x509.AuthorityKeyIdentifier)
    return (
        found is not None
        and found.key_identifier is not None
        and identifies(link.certificate, link.issuer) is not False
    )


def _random_serial(link: Link) -> bool:
    """Take 57 bits for 64, because random ones may begin with zeros: one serial number in 256 begins with more."""
    return link.certificate.serial_number >= 1 << 56


def _issuer_named(link: Link) -> bool:
    name = link.certificate.issuer
    return complete(name) and (link.issuer is None or link.issuer.subject == name)


def _one_list(link: Link) -> bool:
    names = [name.value for point in link.points for name in point.full_name or ()]
    return len(link.points) == len(names) == 1 and str(names[0]).startswith(("http://", "https://"))


def _list_issuer(link: Link) -> bool:
    return [[type(name) for name in point.crl_issuer or ()] for point in link.points] == [[x509.DirectoryName]]


def _capitals(code: str | None) -> bool:
    return code is not None and code == code.upper()


ROWS: Final = (
    Row("subjectPublicKey", "a key on P-256", "lab", _SIGNER, _on(ec.SECP256R1)),
    Row("BasicConstraints", "no CA", "lab", _SIGNER, lambda link: not link.authority),
    Row(
        "KeyUsage",
        "digitalSignature, if it is there",
        "lab",
        _SIGNER,
        lambda link: link.usages is None or "digital_signature" in link.usages,
    ),
    Row("signature", "ecdsa-with-SHA256 or ecdsa-with-SHA384", "normal", _ISSUED, _signed),
    Row("AuthorityKeyIdentifier", "the key identifier of the issuer", "normal", _ISSUED, _linked),
    Row(
        "TNAuthList",
        "exactly one service provider code",
        "normal",
        _SIGNER,
        lambda link: link.delegated or link.spc is not None,
    ),
    Row("serialNumber", "a random number of 64 bits", "strict", _ALL, _random_serial),
    Row("signature", "ecdsa-with-SHA256 or ecdsa-with-SHA384", "strict", _ROOT, _signed),
    Row("subjectPublicKey", "a key on P-256 or P-384", "strict", _ISSUERS, _on(ec.SECP256R1, ec.SECP384R1)),
    Row("issuer", "C, O and CN, as its certificate has them", "strict", _ISSUED, _issuer_named),
    Row(
        "subject",
        "C, O and CN, perhaps serialNumber, none twice",
        "strict",
        _ALL,
        lambda link: complete(link.certificate.subject),
    ),
    Row("CN", "SHAKEN and ROOT in it", "strict", _ROOT, lambda link: {"SHAKEN", "ROOT"} <= {*link.common_name.split()}),
    Row(
        "CN",
        "SHAKEN in it",
        "strict",
        _INTERMEDIATE,
        lambda link: link.delegated or "SHAKEN" in link.common_name.split(),
    ),
    Row(
        "CN",
        "SHAKEN and the code of its TNAuthList",
        "strict",
        _SIGNER,
        lambda link: link.delegated or link.common_name == f"SHAKEN {link.spc}".upper(),
    ),
    Row("BasicConstraints", "it critical", "strict", _ALL, lambda link: link.critical(x509.BasicConstraints)),
    Row("KeyUsage", "it critical", "strict", _ALL, lambda link: link.critical(x509.KeyUsage)),
    Row("KeyUsage", "digitalSignature alone", "strict", _SIGNER, lambda link: link.usages == _OF_SIGNERS),
    Row(
        "KeyUsage",
        "keyCertSign, and at most digitalSignature and cRLSign besides",
        "strict",
        _ISSUERS,
        lambda link: {"key_cert_sign"} <= (link.usages or frozenset()) <= _OF_ISSUERS,
    ),
    Row("SubjectKeyIdentifier", "the SHA-1 of its key", "strict", _ALL, lambda link: link.own_identifier),
    Row(
        "AuthorityKeyIdentifier",
        "its own key identifier or none",
        "strict",
        _ROOT,
        lambda link: identifies(link.certificate, link.certificate) is not False,
    ),
    Row("CRLDistributionPoints", "one list, by HTTP or HTTPS", "strict", _ISSUED, _one_list),
    Row("cRLIssuer", "the name of who issues the list", "strict", _ISSUED, _list_issuer),
    Row(
        "CertificatePolicies",
        "exactly one, and it not critical",
        "strict",
        _ISSUED,
        lambda link: len(link.policies) == 1 and not link.critical(x509.CertificatePolicies),
    ),
    Row(
        "TNAuthList",
        "a code of digits and capitals",
        "strict",
        _SIGNER,
        lambda link: link.delegated or _capitals(link.spc),
    ),
    Row(
        "other extensions",
        "none",
        "strict",
        _ALL,
        lambda link: {each.oid for each in link.certificate.extensions} <= _EXTENSIONS[link.role],
    ),
)
