"""ES256: ECDSA on P-256 with SHA-256, as JSON Web Signatures have it (RFC 7518 3.4)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_ES256 = ec.ECDSA(hashes.SHA256())


def is_signed(octets: bytes, signature: bytes, key: ec.EllipticCurvePublicKey) -> bool:
    """Tell whether `signature`, R and S of 32 octets each, is that of a key on P-256 over these octets."""
    pair = _integer(signature[:32]) + _integer(signature[32:])
    try:
        key.verify(b"\x30%c%b" % (len(pair), pair), octets, _ES256)
    except InvalidSignature:
        return False
    return True


def _integer(octets: bytes) -> bytes:
    """Write an unsigned number of 32 octets as an INTEGER in DER (X.690 8.3)."""
    if octets[0] & 0x80:
        return b"\x02\x21\0" + octets
    if not octets[0]:
        octets = octets.lstrip(b"\0") or b"\0"
        if octets[0] & 0x80:
            octets = b"\0" + octets
    return b"\x02%c%b" % (len(octets), octets)
