"""The value of an Identity header field (RFC 8224 4)."""

import re
from functools import lru_cache
from typing import Final

import msgspec

from sip_guard.call import Code, Finding
from sip_guard.sip.grammar import QUOTED, TOKEN
from sip_guard.sip.headers import unquoted

MAX_VALUE: Final = 24_576
"""Octets of one value."""
USUAL: Final = 512
"""Octets up to which what was read is remembered, so that the memory for it is bounded."""

_PARAMETER = re.compile(
    rb";[ \t]*+(" + TOKEN + rb")[ \t]*+(?:=[ \t]*+(<[^<>]*+>|" + QUOTED + rb"|[^\x00-\x20;,<>\"\x7f]++)[ \t]*+)?+"
)
_KNOWN = frozenset((b"info", b"alg", b"ppt"))


class Identity(msgspec.Struct, frozen=True):
    """One token as a SIP message carries it, with the parameters beside it. Nothing in it has been checked."""

    token: bytes
    info: str
    """The URL between `<` and `>`."""
    alg: str | None
    ppt: str | None


def parse(value: bytes) -> Identity | Finding:
    """Read one Identity value, unfolded. Parameters come in any order; those that are not known are passed over."""
    if len(value) > MAX_VALUE:
        return _malformed(f"a value of {len(value)} octets where {MAX_VALUE} are the limit")
    end = value.find(b";")
    token, parameters = (value[:end], value[end:]) if end >= 0 else (value, b"")
    token = token.strip(b" \t")
    if not token:
        return _malformed("no token")
    # They are the same for every token of a signer.
    read = _remembered(parameters) if len(parameters) <= USUAL else _parameters(parameters)
    return Identity(token, *read) if isinstance(read, tuple) else read


def _parameters(text: bytes) -> tuple[str, str | None, str | None] | Finding:
    """Read `info`, `alg` and `ppt`."""
    found: dict[bytes, bytes] = {}
    end = 0
    while end < len(text):
        m = _PARAMETER.match(text, end)
        if m is None:
            return _malformed("a parameter that is not well formed")
        end = m.end()
        name, value = m[1].lower(), m[2]
        if name not in _KNOWN:
            continue
        if name in found or not value:
            return _malformed(f"two '{name.decode()}' parameters, or one without a value")
        found[name] = value
    info, alg, ppt = found.get(b"info"), _text(found.get(b"alg")), _text(found.get(b"ppt"))
    if alg == "" or ppt == "":
        return _malformed("an 'alg' or 'ppt' that is neither a token nor a quoted string")
    if info is None:
        return Finding(Code.INFO_MISSING, "no 'info' parameter")
    if info[:1] != b"<":
        return Finding(Code.INFO_INVALID, "the 'info' URL is not between < and >")
    return info[1:-1].decode("latin-1"), alg, ppt


_remembered = lru_cache(maxsize=4096)(_parameters)


def _text(value: bytes | None) -> str | None:
    """Give what a parameter says; empty if it is no text."""
    if value is None:
        return None
    return "" if value[:1] == b"<" else unquoted(value).decode("latin-1")


def _malformed(detail: str) -> Finding:
    return Finding(Code.IDENTITY_MALFORMED, detail)
