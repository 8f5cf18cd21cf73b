"""What we sign calls with: a private key, and the certificate that others verify by (RFC 8224 6.1, RFC 8226)."""

import warnings
from typing import NamedTuple

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sip_guard.call import Finding
from sip_guard.stir.certificate import Chain, signing_key
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.tn_auth_list import TnAuthList


class Certificate(NamedTuple):
    """A certificate that may sign calls. Whether it leads to an anchor is the verifier's concern."""

    chain: Chain
    """The certificate, followed by those above it."""
    listed: TnAuthList
    """What it is good for."""
    constraints: ClaimConstraints | None


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    """On P-256."""
    url: str
    """Where others get the certificate: `info` and `x5u`."""
    certificate: Certificate

    @property
    def not_after(self) -> float:
        """When the first of the certificates expires, in seconds since the epoch."""
        return min(each.not_valid_after_utc.timestamp() for each in self.certificate.chain)

    @property
    def not_before(self) -> float:
        """From when on all of them are valid."""
        return max(each.not_valid_before_utc.timestamp() for each in self.certificate.chain)

    def valid(self, when: float) -> bool:
        """Tell whether what is signed at `when`, in seconds since the epoch, can be verified (RFC 8224 6.1 step 3)."""
        return self.not_before <= when <= self.not_after

    def covers(self, number: str) -> bool:
        """Tell whether calls of a canonical number may be signed with it. A provider's code says nothing of numbers."""
        listed = self.certificate.listed
        return bool(listed.spcs) or any(number in numbers for numbers in listed.numbers)


def private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a key that makes ES256 signatures. Raises ValueError that says what is wrong with it."""
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise ValueError(
            "the private key is encrypted; store it without a password, readable by the guard alone"
        ) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a private key in PEM form: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("tokens are signed with ES256 alone, and this key is not on P-256")  # noqa: TRY004 - as above
    return key


def own_certificate(pem: bytes) -> Certificate:
    """Read the certificate that we sign with. Raises ValueError that says why nobody would believe what it signs."""
    try:
        with warnings.catch_warnings(action="error"):
            chain = tuple(x509.load_pem_x509_certificates(pem))
            key = signing_key(chain[0])
    except Exception as fault:
        raise ValueError(f"not certificates that can be read: {fault}") from fault
    if isinstance(key, Finding):
        raise ValueError(f"it cannot sign calls: {key.detail}")  # noqa: TRY004 - as above
    try:
        listed, constraints = TnAuthList.of(chain[0]), ClaimConstraints.of(chain[0])
    except ValueError as fault:
        raise ValueError(f"it cannot sign calls: {fault}") from None
    if listed is None:
        raise ValueError("it cannot sign calls: it has no TNAuthList")
    return Certificate(chain, listed, constraints)
