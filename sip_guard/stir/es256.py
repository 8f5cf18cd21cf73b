"""ES256: ECDSA on P-256 with SHA-256, as JSON Web Signatures have it (RFC 7518 3.4)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_ES256 = ec.ECDSA(hashes.SHA256())
_INTEGER = b"\x02\x20"
_INTEGER_SIGNED = b"\x02\x21\0"
"""Before 32 octets whose first bit would make them a negative number (X.690 8.3)."""


def is_signed(octets: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    """Tell whether `signature`, R and S of 32 octets each, is that of a key on P-256 over these octets."""
    try:
        key.verify(_der(signature[:32], signature[32:]), octets, _ES256)
    except InvalidSignature:
        return False
    return True


def _der(r: bytes, s: bytes) -> bytes:
    """Write R and S as DER has them, a SEQUENCE of two INTEGERs (RFC 3279 2.2.3)."""
    if not r[0] or not s[0]:
        return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    pair = (_INTEGER_SIGNED if r[0] & 0x80 else _INTEGER) + r + (_INTEGER_SIGNED if s[0] & 0x80 else _INTEGER) + s
    return _SEQUENCE[len(pair)] + pair


_SEQUENCE = {length: b"\x30%c" % length for length in range(68, 71)}
