"""ES256: ECDSA on P-256 with SHA-256, as JSON Web Signatures have it (RFC 7518 3.4)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_ES256 = ec.ECDSA(hashes.SHA256())


def is_signed(octets: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    """Tell whether `signature`, R and S of 32 octets each, is that of a key on P-256 over these octets."""
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        key.verify(encode_dss_signature(r, s), octets, _ES256)
    except InvalidSignature:
        return False
    return True
