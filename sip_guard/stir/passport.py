"""PASSporTs: the claims that a token makes of a call (RFC 8225)."""

from collections.abc import Mapping
from typing import Final

import msgspec

from sip_guard.call import Code, Finding
from sip_guard.stir.jws import Jws
from sip_guard.stir.strict_json import members

MAX_IAT: Final = 2**53
"""Above it, not every reader of JSON sees the same integer (RFC 7493 2.2)."""


class Passport(msgspec.Struct, frozen=True):
    """One decoded token. Nothing in it is believed until `verify` has passed it."""

    alg: str
    ppt: str | None
    typ: str
    x5u: str
    attest: str | None
    """Attestation level, as it was sent (RFC 8588 4)."""
    origid: str | None
    """What the signer calls the origin of the call, mostly a UUID (RFC 8588 5)."""
    dest_tn: tuple[str, ...]
    dest_uri: tuple[str, ...]
    iat: int
    """When it was signed: seconds since the epoch, 0 to 2^53."""
    orig_tn: str | None
    """The calling number; exactly one of it and `orig_uri` is there."""
    orig_uri: str | None
    signed: bytes
    """`header.payload` as received: what the signature is over."""
    signature: bytes
    """R and S, 64 octets."""
    claims: Mapping[str, object]
    """All members of the payload."""


def claims(jws: Jws) -> Passport | Finding:
    """Read the claims of a token whose JOSE header has been read."""
    payload = members(jws.payload)
    if payload is None:
        return Finding(Code.PASSPORT_MALFORMED, "the payload is not a JSON object in strict form")
    for name in ("dest", "orig", "iat"):
        if name not in payload:
            return Finding(Code.CLAIM_MISSING, f"no '{name}' in the payload")
    try:
        orig_tn, orig_uri = _orig(payload["orig"])
        dest_tn, dest_uri = _dest(payload["dest"])
        return Passport(
            jws.alg,
            jws.ppt,
            jws.typ,
            jws.x5u,
            _text(payload, "attest"),
            _text(payload, "origid"),
            dest_tn,
            dest_uri,
            _iat(payload["iat"]),
            orig_tn,
            orig_uri,
            jws.signed,
            jws.signature,
            payload,
        )
    except _InvalidClaim as fault:
        return Finding(Code.CLAIM_INVALID, str(fault))


class _InvalidClaim(Exception):  # noqa: N818 - it never leaves this file
    pass


def _iat(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_IAT:  # bool is an int, and no time
        raise _InvalidClaim("'iat' is not a number of whole seconds")
    return value


def _text(payload: Mapping[str, object], name: str) -> str | None:
    value = payload.get(name, "")
    if not isinstance(value, str):
        raise _InvalidClaim(f"'{name}' is not a string")
    return value if name in payload else None


def _orig(value: object) -> tuple[str | None, str | None]:
    """Read the one identity of the caller (RFC 8225 5.2.1)."""
    if not isinstance(value, dict) or ("tn" in value) == ("uri" in value):
        raise _InvalidClaim("'orig' does not hold exactly one of 'tn' and 'uri'")
    tn, uri = value.get("tn"), value.get("uri")
    if isinstance(tn, str) and tn:
        return tn, None
    if isinstance(uri, str) and uri:
        return None, uri
    raise _InvalidClaim("'orig' does not hold a string")


def _dest(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the identities of the callees (RFC 8225 5.2.1): arrays in an object (erratum 5715)."""
    if not isinstance(value, dict):
        raise _InvalidClaim("'dest' is not an object")
    tns, uris = value.get("tn", []), value.get("uri", [])
    if not isinstance(tns, list) or not isinstance(uris, list):
        raise _InvalidClaim("'dest' does not hold arrays")
    if any(type(item) is not str for item in (*tns, *uris)):
        raise _InvalidClaim("'dest' holds something else than strings")
    if not tns and not uris:
        raise _InvalidClaim("'dest' names nobody")
    return tuple(tns), tuple(uris)
