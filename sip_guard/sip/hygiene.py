"""What is removed from a message: of a peer that may not say it, or for one that may not learn it.

By 3GPP TS 24.229, RFC 3323 and RFC 3325. A forged `verstat` would show a spoofed call as verified: it is taken out
wherever it can stand in a message, in every spelling that a lenient reader might understand.
"""

import re
from collections.abc import Set as AbstractSet

from sip_guard.sip.grammar import PERCENT
from sip_guard.sip.message import Message, Request
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


IDENTITIES = frozenset((b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id"))
"""Fields that say who somebody is on behalf of the network, or ask it to say so."""
PRIVACY = frozenset((b"critical", b"header", b"history", b"id", b"none", b"session", b"user"))
"""What Privacy can ask for (RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.2)."""
_HIDING = frozenset((b"id", b"user", b"header"))
_PRIVATE = re.compile(rb";\s*privacy\s*=\s*\"?(?:full|name|uri)", re.IGNORECASE)
"""A Remote-Party-ID that asks to be hidden (draft-ietf-sip-privacy-04 5.1)."""


def privacy(message: Message) -> frozenset[bytes]:
    """Give what the sender asks for in Privacy (RFC 3323 4.2), in lower case."""
    values = b";".join(message.values(b"privacy")).replace(b",", b";").lower().split(b";")
    return frozenset(value.strip() for value in values) - {b""}


def withhold(draft: Draft, *, outside: bool, anonymous: bool = False) -> None:
    """Remove from a request or an answer what its receiver may not learn of who sends it (RFC 3325 5 and 7).

    For receivers that are not trusted alone: within the trust domain P-Asserted-Identity stays whatever is asked for,
    because the last element there acts upon it. `outside`: what is not asked to be shown is removed. Otherwise, what is
    asked to be hidden is, or all if it is to be `anonymous` whatever it asks.

    - `id` asks for it (RFC 3325 9.3). So do `user` and `header`: whoever is to be hidden in what the phone wrote, or
      in what only the network can hide (RFC 3323 4.2), is not to be named by the network. The older Remote-Party-ID and
      P-Preferred-Identity say the same as P-Asserted-Identity and go with it. So does a Remote-Party-ID that asks
      for it in its own way, `privacy=full`.
    - `none` alone forbids to remove P-Asserted-Identity (RFC 3325 7). Beside another value, which RFC 3323 4.2 does
      not allow, it does not count: what is hidden by mistake does less harm than what is shown.
    - Without Privacy it is a matter of policy (RFC 3325 7), which `outside` is. `session`, `history` and `critical` say
      nothing of these fields.

    Nothing else is done for privacy: the guard is no privacy service (a Proxy-Require of one gets 420), and whoever
    changes From breaks the token that attests it. Privacy itself always stays, for those behind to act upon.
    """
    asked = privacy(draft.message)
    if anonymous or asked & _HIDING or any(map(_PRIVATE.search, draft.message.values(b"remote-party-id"))):
        hidden = IDENTITIES
    elif outside and asked != {b"none"}:
        hidden = frozenset({b"p-asserted-identity"})
    else:
        return
    draft.leave_out(hidden)


def without_verstat(text: bytes) -> bytes:
    """Give a header line or a URI without its verstat parameters. A display name in quotes is left alone."""
    if PERCENT not in text and text.lower().find(b"verstat") < 0:
        return text
    return _VERSTAT_OR_QUOTED.sub(_kept, text)


def _kept(found: re.Match[bytes]) -> bytes:
    if found["quoted"] is None:
        return b""
    return found[0] if found["address"] else _VERSTAT.sub(b"", found[0])


def strip(draft: Draft, names: AbstractSet[bytes] = FORGEABLE) -> None:
    """Remove the fields `names` from `draft`, and every verstat, that in the Request-URI included."""
    message = draft.message
    draft.leave_out(names)
    if PERCENT not in message.head and message.head.lower().find(b"verstat") < 0:
        return
    for place, name in enumerate(message.names):
        line = draft.lines[place]
        if line is not None and name in _CARRIERS:
            stripped = without_verstat(line)
            if stripped != line:
                draft.lines[place] = stripped
    if isinstance(message, Request):
        draft.start = without_verstat(draft.start)
