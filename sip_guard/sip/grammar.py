"""The small words of RFC 3261 25.1: tokens, and the names of header fields."""

import re
from typing import Final

TOKEN = rb"[A-Za-z0-9\-.!%*_+`'~]++"
QUOTED = rb'"(?:[^"\\]|\\[\x00-\x7f])*+"'

NUL: Final = 0x00
"""Octets that are looked for. As numbers: CPython first tries a `bytes` as one, at ten times the cost."""
LF: Final = 0x0A
CR: Final = 0x0D
PERCENT: Final = 0x25
COMMA: Final = 0x2C

token = re.compile(TOKEN).fullmatch
_folding = re.compile(rb"\r\n[ \t]++")

COMPACT = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"d": b"request-disposition",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"n": b"identity-info",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
    b"y": b"identity",
}
"""Compact forms (RFC 3261 7.3.3 and the IANA registry)."""

_USUAL = """
Accept Alert-Info Allow Allow-Events Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding
Content-Language Content-Length Content-Type CSeq Date Diversion Event Expires From Geolocation History-Info Identity
In-Reply-To Max-Forwards Min-SE MIME-Version Organization P-Asserted-Identity P-Charging-Vector P-Preferred-Identity
Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route Refer-To Referred-By
Remote-Party-ID Replaces Reply-To Require Resource-Priority Retry-After Route RSeq Server Session-Expires Subject
Subscription-State Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate X-SIP-Guard
"""

NAMES: dict[bytes, bytes] = {
    spelling: name.lower() for name in _USUAL.encode().split() for spelling in (name, name.lower(), name.upper())
} | {spelling: name for short, name in COMPACT.items() for spelling in (short, short.upper())}
"""Usual spellings of header field names and what they mean, so that most lines cost one look-up."""

SINGLE = frozenset(
    b"call-id content-length content-type cseq date expires from identity-info max-breadth max-forwards min-se rack "
    b"rseq referred-by refer-to replaces retry-after session-expires subscription-state to".split()
)
"""Fields that may stand once in a message. Two of them are two readings of one message, which no guard may allow."""


def canonical_name(spelled: bytes) -> bytes | None:
    """Give the long name in lower case of a header field, or None if it is no token (RFC 3261 7.3.1)."""
    name = spelled.rstrip(b" \t").lower()
    return COMPACT.get(name, name) if token(name) else None


def value_of(line: bytes) -> bytes:
    """Give the value of a header field on one line (RFC 3261 7.3.1): each folding becomes one space."""
    return unfolded(line.partition(b":")[2])


def unfolded(value: bytes) -> bytes:
    """Give what stands behind the colon, without the blanks around it; each folding becomes one space."""
    if LF in value:
        value = _folding.sub(b" ", value)
    return value.strip(b" \t")
