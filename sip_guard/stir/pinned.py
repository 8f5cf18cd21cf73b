"""Certificates that the operator has pinned for what an authority signs: revocation lists and trust lists."""

import warnings
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec


class Pinned:
    """The certificates of a PEM file: each is believed because the operator says so, as long as it is valid.

    They are apart from all trust anchors: who signs lists signs no tokens, and the other way round.
    """

    def __init__(self, pem: bytes) -> None:
        """Read one or many certificates. Raises ValueError where there is none, or one with another kind of key."""
        try:
            with warnings.catch_warnings(action="error"):
                self.certificates = tuple(x509.load_pem_x509_certificates(pem))
                keys = [each.public_key() for each in self.certificates]
                self.subjects = tuple(
                    (each.subject.rfc4514_string(), f"{each.not_valid_after_utc:%Y-%m-%d}")
                    for each in self.certificates
                )
                """The name of each, and the day of its end."""
        except Exception as fault:
            raise ValueError("no certificates in PEM that can be read") from fault
        for key, (subject, _) in zip(keys, self.subjects, strict=True):
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise ValueError(f"not a certificate with an elliptic curve key: {subject}")  # noqa: TRY004 - a fault of the file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pinned) and self.certificates == other.certificates

    def __hash__(self) -> int:
        return hash(self.certificates)

    def valid(self, when: float) -> list[tuple[x509.Certificate, ec.EllipticCurvePublicKey]]:
        """Give those that are valid at `when` (seconds since the epoch), with their keys.

        Raises ValueError where none is, which says until when they were.
        """
        moment = datetime.fromtimestamp(when, UTC)
        found = []
        for each in self.certificates:
            key = each.public_key()
            in_time = each.not_valid_before_utc <= moment <= each.not_valid_after_utc
            if in_time and isinstance(key, ec.EllipticCurvePublicKey):
                found.append((each, key))
        if not found:
            ends = ", ".join(day for _, day in self.subjects)
            raise ValueError(f"the certificate pinned for it is not valid now; its last day: {ends}")
        return found
