"""What is removed from a message of a peer that may not say it (3GPP TS 24.229, RFC 3325).

A forged `verstat` would show a spoofed call as verified: it is taken out wherever it can stand in a message, in every
spelling that a lenient reader might understand.
"""

import re
from collections.abc import Collection

from sip_guard.sip.message import Request
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


# What is left when a parameter is taken out must not make another. So junk behind a quoted value and the same word
# again go with it, and white space that neither `=` nor the word follows stays.
_BLANK = r"(?:[ \t\r\n]|%20|%09|%0a|%0d)*+"
_WORD = _BLANK + _spelled("verstat") + r"(?![a-z0-9\-.!*_+`'~]|%(?!3[bd]|40|20|09|0[ad]))"
_EQUALS = _BLANK + r"(?:=|%3d)" + _BLANK + r'(?:"(?:[^"\\]|\\.)*+"?)?+(?:(?!%3b|%40)[^;,>@?\s"&])*+'
_PARAMETER = r"(?:;|%3b)(?:" + _WORD + r"(?:" + _EQUALS + r")?+)++"
_VERSTAT = re.compile(_PARAMETER.encode(), re.IGNORECASE | re.DOTALL)
_VERSTAT_OR_QUOTED = re.compile(
    (r'(?P<quoted>"(?:[^"\\]|\\.)*+"?+)(?P<address>[ \t\r\n]*+<)?+|' + _PARAMETER).encode(), re.IGNORECASE | re.DOTALL
)


def without_verstat(text: bytes) -> bytes:
    """Give a header line or a URI without its verstat parameters. A display name in quotes is left alone."""
    return _VERSTAT_OR_QUOTED.sub(_kept, text)


def _kept(found: re.Match[bytes]) -> bytes:
    if found["quoted"] is None:
        return b""
    return found[0] if found["address"] else _VERSTAT.sub(b"", found[0])


def strip(draft: Draft, names: Collection[bytes] = FORGEABLE) -> None:
    """Remove the fields `names` from `draft`, and every verstat, that in the Request-URI included."""
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
    if isinstance(message, Request):
        draft.start = without_verstat(draft.start)
