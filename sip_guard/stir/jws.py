"""The envelope of a PASSporT: a JSON Web Signature in compact serialisation (RFC 7515 7.1, RFC 8225 4)."""

import binascii
from functools import lru_cache
from typing import Final, Self

import msgspec

from sip_guard.call import Code, Finding
from sip_guard.stir.strict_json import members

MAX_TOKEN: Final = 16_384
"""Octets of a token."""
USUAL: Final = 1024
"""Octets up to which a header that was read is remembered, so that the memory for it is bounded."""
SIGNATURE_OCTETS: Final = 64
"""R and S of ES256, 32 octets each (RFC 7518 3.4). A signature in DER has more."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
"""To what `binascii` reads: the two characters that plain base64 has instead become such as it refuses."""
_END = {0: (b"", frozenset(_ALPHABET)), 2: (b"==", frozenset(b"AQgw")), 3: (b"=", frozenset(b"AEIMQUYcgkosw048"))}
"""By the length modulo 4 the padding, and what the last character may be: the bits that it does not need are zero
(RFC 4648 3.5)."""


class Jws(msgspec.Struct, frozen=True):
    """A token whose JOSE header has been read, and whose payload has not."""

    alg: str
    ppt: str | None
    typ: str
    x5u: str
    payload: bytes
    """The octets of the JSON text."""
    signed: bytes
    """`header.payload` as received: what the signature is over."""
    signature: bytes

    @classmethod
    def parse(cls, token: bytes, limit: int = MAX_TOKEN) -> Self | Finding:
        """Read the form and the JOSE header of a token in full form, of up to `limit` octets."""
        if len(token) > limit or token.startswith(b".."):
            return _form_fault(token, limit)
        signed, _, seal = token.rpartition(b".")
        head, _, body = signed.partition(b".")
        payload, signature = _decoded(body), _decoded(seal)
        # It is the same for every token of a signer.
        jose = _remembered(head) if len(head) <= USUAL else _jose(head)
        if payload is None:
            return _not_base64url()
        if not isinstance(jose, tuple) and jose.code is Code.PASSPORT_MALFORMED:
            return jose
        if signature is None or len(signature) != SIGNATURE_OCTETS:
            return _signature_fault(signature)
        return cls(*jose, payload, signed, signature) if isinstance(jose, tuple) else jose


def _jose(part: bytes) -> tuple[str, str | None, str, str] | Finding:
    """Read the header: `alg`, `ppt`, `typ` and `x5u`."""
    opened = _decoded(part)
    if opened is None:
        return _not_base64url()
    jose = members(opened)
    if jose is None:
        return Finding(Code.PASSPORT_MALFORMED, "the PASSporT header is not a JSON object in strict form")
    for name in ("typ", "alg", "x5u"):
        if name not in jose:
            return Finding(Code.JOSE_CLAIM_MISSING, f"no '{name}' in the PASSporT header")
    if "crit" in jose:
        return Finding(Code.CRIT_UNSUPPORTED, "the PASSporT header calls something critical that is not known")
    alg, ppt, typ, x5u = jose["alg"], jose.get("ppt", ""), jose["typ"], jose["x5u"]
    if isinstance(alg, str) and isinstance(ppt, str) and isinstance(typ, str) and isinstance(x5u, str):
        return alg, ppt or None, typ, x5u
    return Finding(Code.PASSPORT_MALFORMED, "a member of the PASSporT header is not a string")


_remembered = lru_cache(maxsize=4096)(_jose)


def signature_of(part: bytes) -> bytes | Finding:
    """Decode the last part of a token."""
    signature = _decoded(part)
    return signature if signature is not None and len(signature) == SIGNATURE_OCTETS else _signature_fault(signature)


def _signature_fault(signature: bytes | None) -> Finding:
    """Say what is wrong with one that is no base64url (None), or has not its length."""
    if signature is None:
        return _not_base64url()
    return Finding(Code.SIGNATURE_MALFORMED, f"a signature of {len(signature)} octets instead of 64")


def _not_base64url() -> Finding:
    return Finding(Code.PASSPORT_MALFORMED, "the token is not three parts in base64url, as RFC 7515 has it")


def _form_fault(token: bytes, limit: int) -> Finding:
    """Say what is wrong with the form of a token."""
    if len(token) > limit:
        return Finding(Code.PASSPORT_MALFORMED, f"a token of {len(token)} octets where {limit} are the limit")
    if token.translate(None, _ALPHABET) != b"..":
        return Finding(Code.PASSPORT_MALFORMED, "the token is not three parts in base64url")
    return Finding(Code.COMPACT_FORM, "compact form where the full form is required")


def _decoded(part: bytes) -> bytes | None:
    """Decode base64url without padding, of which there is one spelling only; None for any other."""
    end = _END.get(len(part) % 4)
    if not part or end is None or part[-1] not in end[1]:
        return None
    try:
        return binascii.a2b_base64(part.translate(_STANDARD) + end[0], strict_mode=True)
    except binascii.Error:
        return None
