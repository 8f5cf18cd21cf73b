"""The parameters of a Via by which a server asks for fewer requests (RFC 7339)."""

import re
from typing import Final

from sip_guard.sip.grammar import value_of
from sip_guard.sip.headers import Via, split_list, unquoted
from sip_guard.sip.rewrite import Draft
from sip_guard.value import Value

OFFER: Final = b';oc;oc-algo="loss"'
"""What a client writes into its own Via: that it will send less when it is asked to (RFC 7339 5.1)."""
VALIDITY: Final = 0.5
"""Seconds that what a server says is valid, unless it says how long (RFC 7339 4.3)."""
MAX_VALIDITY: Final = 60.0
"""Seconds that are believed: one wrong answer shall not keep calls away for a day."""

_NUMBER = re.compile(rb"[0-9]{1,9}").fullmatch
_SEQUENCE = re.compile(rb"([0-9]{1,12})(?:\.([0-9]{1,5}))?").fullmatch
_PARAMETERS = re.compile(
    rb'(?P<quoted>"(?:[^"\\]|\\.)*+"?+)'
    rb"|;[ \t\r\n]*+oc(?:-(?:algo|validity|seq))?+(?![A-Za-z0-9\-.!%*_+`'~])"
    rb'(?:[ \t\r\n]*+=[ \t\r\n]*+(?:"(?:[^"\\]|\\.)*+"|[^;,"\s]*+))?+',
    re.IGNORECASE | re.DOTALL,
)


class Feedback(Value):
    """What a server asks for in an answer."""

    share: float
    """Of the requests it would get, how many it shall not get: 0 to 1."""
    seconds: float
    """For how long; 0: it is asked no more."""
    sequence: int | None
    """The larger, the newer; None: it does not say."""


def offered(via: Via) -> bool:
    """Tell from the top Via of a request whether its sender will leave out a share of its requests when asked to."""
    return via.params.get(b"oc") == b"" and b"loss" in _algorithms(via)


def feedback(via: Via) -> Feedback | None:
    """Read what an answer says in our own Via; None where it says nothing that can be followed."""
    share = _NUMBER(via.params.get(b"oc", b""))
    if share is None or int(share[0]) > 100 or (b"oc-algo" in via.params and _algorithms(via) != [b"loss"]):
        return None
    validity = _NUMBER(via.params.get(b"oc-validity", b""))
    seconds = VALIDITY if validity is None else min(int(validity[0]) / 1000, MAX_VALIDITY)
    sequence = _SEQUENCE(via.params.get(b"oc-seq", b""))
    number = None if sequence is None else int(sequence[1]) * 100_000 + int((sequence[2] or b"").ljust(5, b"0"))
    return Feedback(int(share[0]) / 100, seconds, number)


def asking(share: float, when: float) -> bytes:
    """Write what an answer to a client that offered it says: to leave out `share` (0 to 1) of its requests.

    `when` are seconds that only grow, over restarts too (RFC 7339 4.4).
    """
    percent = round(100 * share)
    validity = round(1000 * VALIDITY) if percent else 0
    return b';oc=%d;oc-algo="loss";oc-validity=%d;oc-seq=%.3f' % (percent, validity, when % 1e12)


def without(line: bytes) -> bytes:
    """Give a Via line without such parameters: they are between neighbours (RFC 7339 5.6)."""
    return _PARAMETERS.sub(_kept, line)


def with_top(line: bytes, parameters: bytes) -> bytes:
    """Give a Via line with `parameters` in its first value, instead of all such that are there."""
    line = without(line)
    if not parameters:
        return line
    top, *rest = split_list(value_of(line))
    return line.partition(b":")[0] + b": " + b", ".join((top + parameters, *rest))


def stamp(draft: Draft, parameters: bytes = b"") -> None:
    """Put `parameters` into the first Via of a draft as it stands, and remove such that others wrote."""
    for place in draft.message.places(b"via"):
        line = draft.lines[place]
        if line is not None and (parameters or line.lower().find(b"oc") >= 0):
            draft.lines[place] = with_top(line, parameters)
            parameters = b""


def _algorithms(via: Via) -> list[bytes]:
    return [name.strip().lower() for name in unquoted(via.params.get(b"oc-algo", b"")).split(b",")]


def _kept(found: re.Match[bytes]) -> bytes:
    return found["quoted"] or b""
