"""What is removed from a message of a peer that may not say it (3GPP TS 24.229, RFC 3325).

A forged `verstat` would show a spoofed call as verified: it is taken out wherever it can stand in a message, in every
spelling that a lenient reader might understand.
"""

import re
from collections.abc import Collection

from sip_guard.sip.rewrite import Draft

FORGEABLE = frozenset(
    {
        b"p-attestation-indicator",
        b"p-origination-id",
        b"attestation-info",
        b"origination-id",
        b"priority-verstat",
    }
)
"""Fields by which an element that verified tells those behind it; whoever else sends them forges them."""

_CARRIERS = frozenset(
    b"from to contact p-asserted-identity p-preferred-identity remote-party-id diversion history-info referred-by "
    b"refer-to reply-to".split()
)


def _spelled(word: str) -> str:
    """Give a pattern for `word` with any of its letters escaped."""
    return "".join(f"(?:{c}|%{ord(c.lower()):02x}|%{ord(c.upper()):02x})" for c in word)


_PARAMETER = (
    r"(?:;|%3b)[ \t\r\n]*+" + _spelled("verstat") + r"(?![a-z0-9\-.!*_+`'~]|%(?!3[bd]|40))[ \t\r\n]*+"
    r'(?:(?:=|%3d)[ \t\r\n]*+(?:"(?:[^"\\]|\\.)*+"?|(?:(?!%3b|%40)[^;,>@?\s\"&])*+))?'
)
_VERSTAT = re.compile(_PARAMETER.encode(), re.IGNORECASE | re.DOTALL)
_VERSTAT_OR_QUOTED = re.compile((r'(?P<kept>"(?:[^"\\]|\\.)*+")|' + _PARAMETER).encode(), re.IGNORECASE | re.DOTALL)
_QUOTES = re.compile(rb'"(?:[^"\\]|\\.)*+(?P<end>"?)', re.DOTALL)


def without_verstat(text: bytes) -> bytes:
    """Give a header line or a URI without its verstat parameters.

    A quoted display name is left alone; where a quote has no end nothing counts as quoted.
    """
    if all(m["end"] for m in _QUOTES.finditer(text)):
        return _VERSTAT_OR_QUOTED.sub(lambda m: m["kept"] or b"", text)
    return _VERSTAT.sub(b"", text)


def strip(draft: Draft, names: Collection[bytes] = FORGEABLE, *, first_line: bool = False) -> None:
    """Remove every verstat and the fields `names` from `draft`; with `first_line` also from the Request-URI."""
    message = draft.message
    for place, name in enumerate(message.names):
        if name in names:
            draft.remove(place)
    head = b"\r\n".join((message.start, *message.lines))
    if b"%" not in head and b"verstat" not in head.lower():
        return
    for place, name in enumerate(message.names):
        line = draft.lines[place]
        if line is not None and name in _CARRIERS:
            stripped = without_verstat(line)
            if stripped != line:
                draft.lines[place] = stripped
    if first_line:
        draft.start = without_verstat(draft.start)
