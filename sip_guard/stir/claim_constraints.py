"""What a signing certificate allows its tokens to claim: the extensions of RFC 8226 8 and RFC 9118 3."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

import msgspec
from cryptography import x509
from cryptography.hazmat import asn1

OID: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.27")
"""JWTClaimConstraints (RFC 8226)."""
ENHANCED_OID: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.33")
"""EnhancedJWTClaimConstraints (RFC 9118)."""
MAX_CLAIMS: Final = 100
"""Names in one list."""
MAX_VALUES: Final = 1000
"""Values that one claim may have."""

_BASELINE = frozenset(("dest", "iat", "orig"))
"""The claims of every PASSporT."""


@asn1.sequence
class _Permitted:
    claim: asn1.IA5String
    values: Annotated[list[str], asn1.Size(1, MAX_VALUES)]


_Include = Annotated[list[asn1.IA5String] | None, asn1.Explicit(0)]
_Values = Annotated[list[_Permitted] | None, asn1.Explicit(1)]
_Exclude = Annotated[list[asn1.IA5String] | None, asn1.Explicit(2)]


@asn1.sequence
class _Constraints:
    include: _Include
    permitted: _Values


@asn1.sequence
class _Enhanced:
    include: _Include
    permitted: _Values
    exclude: _Exclude


class ClaimConstraints(msgspec.Struct, frozen=True):
    """The claims that a certificate's tokens must have, may have and must not have."""

    must_include: tuple[str, ...] = ()
    permitted: tuple[tuple[str, frozenset[str]], ...] = ()
    """A claim, and the values it may have where it is present. One that is listed twice has to keep to both."""
    must_exclude: tuple[str, ...] = ()

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self | None:
        """Read the extension of a certificate; None if it has none.

        RFC 9118 3 wants an extension passed over that excludes `iat`, `orig` or `dest`. Raises ValueError on what is
        not allowed: both extensions in one certificate, one that constrains nothing, or what is not DER.
        """
        found = [each for each in certificate.extensions if each.oid in (OID, ENHANCED_OID)]
        if not found:
            return None
        if len(found) > 1:
            raise ValueError("the extensions of RFC 8226 and of RFC 9118 in one certificate")
        der = found[0].value.public_bytes()
        constraints = cls.parse(der) if found[0].oid == OID else cls.parse_enhanced(der)
        return None if _BASELINE.intersection(constraints.must_exclude) else constraints

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """Read the value of the extension of RFC 8226. Raises ValueError on what its section 8 does not allow."""
        read = asn1.decode_der(_Constraints, _some(der))
        return cls(_names(read.include), _values(read.permitted))

    @classmethod
    def parse_enhanced(cls, der: bytes) -> Self:
        """Read the value of the extension of RFC 9118. Raises ValueError on what its section 3 does not allow."""
        read = asn1.decode_der(_Enhanced, _some(der))
        return cls(_names(read.include), _values(read.permitted), _names(read.exclude))

    def fault(self, claims: Mapping[str, object]) -> str | None:
        """Say what a token's payload claims, or fails to claim, against them; None if all is well.

        Permitted values are strings, so that a number, an array or an object is never among them.
        """
        for claim in self.must_include:
            if claim not in claims:
                return f"the claim {claim[:50]!r} is missing, and the certificate wants it"
        for claim, values in self.permitted:
            value = claims.get(claim)
            if claim in claims and not (isinstance(value, str) and value in values):
                return f"the claim {claim[:50]!r} has a value that the certificate does not permit"
        for claim in self.must_exclude:
            if claim in claims:
                return f"the certificate does not permit the claim {claim[:50]!r}"
        return None

    def der(self) -> bytes:
        """Give the value of the extension: that of RFC 9118 where claims are excluded, else that of RFC 8226."""
        include, exclude = (
            [asn1.IA5String(name) for name in names] or None for names in (self.must_include, self.must_exclude)
        )
        permitted = [_Permitted(claim=asn1.IA5String(name), values=sorted(all_)) for name, all_ in self.permitted]
        if exclude is None:
            return asn1.encode_der(_Constraints(include=include, permitted=permitted or None))
        return asn1.encode_der(_Enhanced(include=include, permitted=permitted or None, exclude=exclude))


def _some(der: bytes) -> bytes:
    """Refuse the empty SEQUENCE."""
    if der == b"\x30\x00":
        raise ValueError("it constrains nothing")
    return der


def _names(found: list[asn1.IA5String] | None) -> tuple[str, ...]:
    if found is not None and not 1 <= len(found) <= MAX_CLAIMS:
        raise ValueError(f"a list of {len(found)} claims, where 1 to {MAX_CLAIMS} may be")
    return tuple(name.as_str() for name in found or ())


def _values(found: list[_Permitted] | None) -> tuple[tuple[str, frozenset[str]], ...]:
    if found is not None and not 1 <= len(found) <= MAX_CLAIMS:
        raise ValueError(f"values of {len(found)} claims, where 1 to {MAX_CLAIMS} may have some")
    return tuple((each.claim.as_str(), frozenset(each.values)) for each in found or ())
