"""Makes tokens and Identity values (RFC 8224 6.1, RFC 8225 9).

Who calls and who is called are canonical numbers, or URIs where they hold a colon. `iat` is seconds since the epoch,
`key` is on P-256, and `x5u` is the URL of its certificate. Equal arguments give equal octets.
"""

import binascii
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Claims = Mapping[str, object]

_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_NONE: Claims = MappingProxyType({})


def sign(
    *,
    attest: str,
    dest_tn: Sequence[str],
    iat: int,
    orig_tn: str,
    origid: str,
    key: ec.EllipticCurvePrivateKey,
    x5u: str,
    further: Claims = _NONE,
) -> bytes:
    """Give the value of the Identity header field of a SHAKEN token (RFC 8588).

    `further` are claims beside its own, such as `mky` or `rcd`.
    """
    claims = _call(orig_tn, dest_tn, iat) | {"attest": attest, "origid": origid, **further}
    return identity(claims, key=key, x5u=x5u, ppt="shaken")


def base(
    *,
    orig: str,
    dest: Sequence[str],
    iat: int,
    key: ec.EllipticCurvePrivateKey,
    x5u: str,
    further: Claims = _NONE,
) -> bytes:
    """Give the value for a token without extension (RFC 8225), such as one for callers that have no number."""
    return identity({**_call(orig, dest, iat), **further}, key=key, x5u=x5u)


def div(
    *, orig: str, dest: Sequence[str], diverted: str, iat: int, key: ec.EllipticCurvePrivateKey, x5u: str, hi: str = ""
) -> bytes:
    """Give the value for a call that was sent on to another callee (RFC 8946).

    `orig` and `iat` are those of the call's first token. `diverted` was called before, and `dest` is called now. `hi`
    is an index of History-Info (RFC 7044).
    """
    before = _party(diverted) | ({"hi": hi} if hi else {})
    return identity(_call(orig, dest, iat) | {"div": before}, key=key, x5u=x5u, ppt="div")


def rph(
    *, orig: str, dest: Sequence[str], auth: Sequence[str], iat: int, key: ec.EllipticCurvePrivateKey, x5u: str
) -> bytes:
    """Give the value of a token that entitles to values of Resource-Priority, such as `ets.0` (RFC 8443)."""
    return identity(_call(orig, dest, iat) | {"rph": {"auth": list(auth)}}, key=key, x5u=x5u, ppt="rph")


def rcd(
    *,
    orig: str,
    dest: Sequence[str],
    rcd: Claims,
    iat: int,
    key: ec.EllipticCurvePrivateKey,
    x5u: str,
    further: Claims = _NONE,
) -> bytes:
    """Give the value of a token for what is shown of the caller (RFC 9795): `rcd` has at least `nam`, the name.

    `further` are claims such as `crn`, the reason of the call, and `rcdi`, the digests of what URLs lead to.
    """
    return identity(_call(orig, dest, iat) | {"rcd": rcd, **further}, key=key, x5u=x5u, ppt="rcd")


def mky(fingerprints: Iterable[str]) -> list[dict[str, str]]:
    """Give the claim for the keys of the media (RFC 8225 5.2.2); `fingerprints` are the values of SDP `a=fingerprint`.

    Such a value is `sha-256 4A:AD:...` (RFC 8122 5).
    """
    parts = [value.split() for value in fingerprints]
    keys = [{"alg": alg.lower(), "dig": digest.replace(":", "").upper()} for alg, digest in parts]
    return sorted(keys, key=lambda each: each["alg"] + each["dig"])


def identity(claims: Claims, *, key: ec.EllipticCurvePrivateKey, x5u: str, ppt: str = "") -> bytes:
    """Give the value of the Identity header field of a token with any claims (RFC 8224 4); `ppt` "": no extension."""
    header = {"alg": "ES256", "typ": "passport", "x5u": x5u} | ({"ppt": ppt} if ppt else {})
    kind = b";ppt=" + ppt.encode("ascii") if ppt else b""
    return token(header, claims, key) + b";info=<" + x5u.encode("ascii") + b">;alg=ES256" + kind


def token(header: Claims, claims: Claims, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give a token in full form, signed with ES256 (RFC 8225 7) in the deterministic way of RFC 6979."""
    signed = base64url(canonical_json(header)) + b"." + base64url(canonical_json(claims))
    r, s = decode_dss_signature(key.sign(signed, _ES256))
    return signed + b"." + base64url(r.to_bytes(32) + s.to_bytes(32))


def canonical_json(value: Claims) -> bytes:
    """Write JSON in the one way of RFC 8225 9: names sorted at every depth, no white space, no needless escapes."""
    return msgspec.json.encode(value, order="sorted")


def base64url(octets: bytes) -> bytes:
    """Encode without padding (RFC 7515 2)."""
    return binascii.b2a_base64(octets, newline=False).translate(_URL, b"=")


def _call(orig: str, dest: Sequence[str], iat: int) -> dict[str, object]:
    """Give the claims that every token has (RFC 8225 5), in the order of RFC 8225 9."""
    uris = sorted(callee for callee in dest if ":" in callee)
    numbers = sorted(callee for callee in dest if ":" not in callee)
    called = ({"tn": numbers} if numbers else {}) | ({"uri": uris} if uris else {})
    return {"orig": _party(orig), "dest": called, "iat": iat}


def _party(who: str) -> dict[str, object]:
    return {"uri" if ":" in who else "tn": who}


_URL = bytes.maketrans(b"+/", b"-_")
