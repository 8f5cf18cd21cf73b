"""The list of trusted authorities that a policy administrator publishes: a signed JWT (ATIS-1000084)."""

import math
import warnings
from collections.abc import Mapping
from typing import Final, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sip_guard.call import Finding
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.es256 import is_signed
from sip_guard.stir.jws import Jws
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.strict_json import members

MAX_OCTETS: Final = 2_097_152
"""Of a list: several hundred authorities."""


class TrustList(msgspec.Struct, frozen=True):
    """A list whose signature was verified."""

    sequence: int
    """Goes up with every list."""
    until: float
    """Its `exp`, in seconds since the epoch: past it, a newer one must be had."""
    anchors: Anchors

    @classmethod
    def parse(cls, octets: bytes, pinned: Pinned, when: float, last: int = 0) -> Self:
        """Read a list, and verify its signature by a certificate that is pinned for it and valid at `when`.

        `when`: seconds since the epoch. `last`: the sequence that it must not fall behind. Whether the list is still in
        force is asked later. Raises ValueError, which says what is wrong with it.
        """
        jws = Jws.parse(octets.strip(), MAX_OCTETS)
        if isinstance(jws, Finding):
            raise ValueError(f"no signed list: {jws.detail}")  # noqa: TRY004 - a fault of what was read
        if jws.alg != "ES256" or jws.typ.upper() != "JWT":
            raise ValueError(f"a list of type {jws.typ:.20}, signed with {jws.alg:.20}; JWT and ES256 are needed")
        keys = [key for _, key in pinned.valid(when) if isinstance(key.curve, ec.SECP256R1)]
        if not any(is_signed(jws.signed, jws.signature, key) for key in keys):
            raise ValueError("the signature is not that of the certificate pinned for it")
        payload = members(jws.payload)
        if payload is None:
            raise ValueError("the payload is not a JSON object in strict form")
        sequence = _sequence(payload)
        if sequence < last:
            raise ValueError(f"an old list: its sequence is {sequence}, and {last} was seen")
        return cls(sequence, _exp(payload), _anchors(payload))

    def in_force(self, when: float) -> bool:
        """Tell whether it may still be gone by at `when`, in seconds since the epoch."""
        return when <= self.until


def _sequence(payload: Mapping[str, object]) -> int:
    version = str(payload.get("version", 1))
    if version.partition(".")[0] != "1":
        raise ValueError(f"a list of version {version:.20}, and 1 is known")
    sequence = payload.get("sequence")
    if type(sequence) is not int or sequence < 0:
        raise ValueError("no `sequence` that is a whole number")
    return sequence


def _exp(payload: Mapping[str, object]) -> float:
    exp = payload.get("exp")
    if not isinstance(exp, int | float) or isinstance(exp, bool) or not math.isfinite(exp):
        raise ValueError("no `exp` in seconds since the epoch")
    return float(exp)


def _anchors(payload: Mapping[str, object]) -> Anchors:
    """Give the roots. What stands on the list beside them is no anchor: it has to lead to one."""
    listed = payload.get("trustList")
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError("no `trustList` of certificates in PEM")
    roots = [root for each in listed for root in _roots(each.encode())]
    if not roots:
        raise ValueError("there is no self-signed CA certificate in `trustList`")
    return Anchors(b"".join(roots))


def _roots(pem: bytes) -> list[bytes]:
    try:
        with warnings.catch_warnings(action="error"):
            certificates = x509.load_pem_x509_certificates(pem)
            return [each.public_bytes(Encoding.PEM) for each in certificates if _is_root(each)]
    except Exception as fault:
        # Parsed as it is looked at, a certificate can raise anything anywhere.
        raise ValueError(
            f"a certificate in `trustList` cannot be read: {type(fault).__name__}: {fault}"[:200]
        ) from fault


def _is_root(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
