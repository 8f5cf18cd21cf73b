"""Makes tokens and Identity values (RFC 8224 6.1, RFC 8225 9)."""

import binascii
from collections.abc import Mapping, Sequence

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def sign(
    *,
    attest: str,
    dest_tn: Sequence[str],
    iat: int,
    orig_tn: str,
    origid: str,
    key: ec.EllipticCurvePrivateKey,
    x5u: str,
) -> bytes:
    """Give the value of the Identity header field of a SHAKEN token (RFC 8588).

    `orig_tn` and `dest_tn` are canonical numbers, `iat` seconds since the epoch, `key` is on P-256, and `x5u` is
    the URL of its certificate. Equal arguments give equal octets.
    """
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": x5u}
    claims = {
        "attest": attest,
        "dest": {"tn": sorted(dest_tn)},
        "iat": iat,
        "orig": {"tn": orig_tn},
        "origid": origid,
    }
    return token(header, claims, key) + b";info=<" + x5u.encode("ascii") + b">;alg=ES256;ppt=shaken"


def token(header: Mapping[str, object], claims: Mapping[str, object], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give a token in full form, signed with ES256 (RFC 8225 7) in the deterministic way of RFC 6979."""
    signed = base64url(canonical_json(header)) + b"." + base64url(canonical_json(claims))
    r, s = decode_dss_signature(key.sign(signed, _ES256))
    return signed + b"." + base64url(r.to_bytes(32) + s.to_bytes(32))


def canonical_json(value: Mapping[str, object]) -> bytes:
    """Write JSON in the one way of RFC 8225 9: names sorted at every depth, no white space, no needless escapes."""
    return msgspec.json.encode(value, order="sorted")


def base64url(octets: bytes) -> bytes:
    """Encode without padding (RFC 7515 2)."""
    return binascii.b2a_base64(octets, newline=False).translate(_URL, b"=")


_URL = bytes.maketrans(b"+/", b"-_")
