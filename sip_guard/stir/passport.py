"""PASSporTs: the claims that a token makes of a call (RFC 8225)."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

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


class _Caller(msgspec.Struct):
    """Exactly one of both (RFC 8225 5.2.1)."""

    tn: str | UnsetType = UNSET
    uri: str | UnsetType = UNSET


class _Callees(msgspec.Struct):
    """Arrays in an object (RFC 8225 5.2.1, erratum 5715)."""

    tn: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()


class _Claims(msgspec.Struct):
    dest: _Callees
    iat: Annotated[int, Meta(ge=0, le=MAX_IAT)]
    orig: _Caller
    attest: str | UnsetType = UNSET
    origid: str | UnsetType = UNSET


def claims(jws: Jws) -> Passport | Finding:
    """Read the claims of a token whose JOSE header has been read."""
    payload = members(jws.payload)
    if payload is None:
        return Finding(Code.PASSPORT_MALFORMED, "the payload is not a JSON object in strict form")
    try:
        said = msgspec.convert(payload, _Claims)
    except msgspec.ValidationError as fault:
        for name in ("dest", "orig", "iat"):
            if name not in payload:
                return Finding(Code.CLAIM_MISSING, f"no '{name}' in the payload")
        return Finding(Code.CLAIM_INVALID, f"a claim of another form: {fault}"[:200])
    orig, dest = said.orig, said.dest
    tn = None if orig.tn is UNSET else orig.tn
    uri = None if orig.uri is UNSET else orig.uri
    if (tn is None) == (uri is None) or not (tn or uri):
        return Finding(Code.CLAIM_INVALID, "'orig' does not hold exactly one of 'tn' and 'uri'")
    if not dest.tn and not dest.uri:
        return Finding(Code.CLAIM_INVALID, "'dest' names nobody")
    return Passport(
        jws.alg,
        jws.ppt,
        jws.typ,
        jws.x5u,
        None if said.attest is UNSET else said.attest,
        None if said.origid is UNSET else said.origid,
        dest.tn,
        dest.uri,
        said.iat,
        tn,
        uri,
        jws.signed,
        jws.signature,
        payload,
    )
