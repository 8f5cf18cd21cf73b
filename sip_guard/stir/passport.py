"""PASSporTs: the claims that a token makes of a call (RFC 8225)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sip_guard.call import Code, Finding
from sip_guard.stir.jws import Jws
from sip_guard.stir.strict_json import members

MAX_IAT: Final = 2**53
"""Above it, not every reader of JSON sees the same integer (RFC 7493 2.2)."""


class Passport(msgspec.Struct, frozen=True):
    """The claims of one token. Nothing in it is believed until `verify` has passed it."""

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
    more: Mapping[str, object]
    """Members of the payload that have no place above; most tokens have none."""


class _Caller(msgspec.Struct):
    """Exactly one of both (RFC 8225 5.2.1)."""

    tn: str | UnsetType = UNSET
    uri: str | UnsetType = UNSET


class _Callees(msgspec.Struct, omit_defaults=True):
    """Arrays in an object (RFC 8225 5.2.1, erratum 5715)."""

    tn: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()


class _Claims(msgspec.Struct, kw_only=True):
    """What a token may claim of any type, in the order of RFC 8225 9."""

    attest: str | UnsetType = UNSET
    dest: _Callees
    iat: Annotated[int, Meta(ge=0, le=MAX_IAT)]
    orig: _Caller
    origid: str | UnsetType = UNSET


_NO_MORE: Final[Mapping[str, object]] = MappingProxyType({})
_decode = msgspec.json.Decoder(_Claims).decode
_encode = msgspec.json.Encoder().encode


def claims(jws: Jws) -> Passport | Finding:
    """Read the claims of a token whose JOSE header has been read."""
    more = _NO_MORE
    try:
        said = _decode(jws.payload)
        # What comes out as it went in has no other members, and no name twice.
        plain = _encode(said) == jws.payload
    except (ValueError, RecursionError):
        plain = False
    if not plain:
        found = _strictly(jws)
        if isinstance(found, Finding):
            return found
        said, more = found
    orig, dest = said.orig, said.dest
    tn = None if orig.tn is UNSET else orig.tn
    uri = None if orig.uri is UNSET else orig.uri
    if (tn is None) == (uri is None) or not (tn or uri):
        return Finding(Code.CLAIM_INVALID, "'orig' does not hold exactly one of 'tn' and 'uri'")
    if not dest.tn and not dest.uri:
        return Finding(Code.CLAIM_INVALID, "'dest' names nobody")
    return Passport(
        None if said.attest is UNSET else said.attest,
        None if said.origid is UNSET else said.origid,
        dest.tn,
        dest.uri,
        said.iat,
        tn,
        uri,
        more,
    )


def everything(jws: Jws) -> Mapping[str, object]:
    """Give all members of the payload of a token whose claims have been read."""
    return members(jws.payload) or {}


def _strictly(jws: Jws) -> tuple[_Claims, Mapping[str, object]] | Finding:
    """Read a payload that is written in another way, or claims more, or is not what it should be."""
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
    return said, {name: value for name, value in payload.items() if name not in _Claims.__struct_fields__}
