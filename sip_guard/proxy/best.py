"""Which of several final answers goes back (RFC 3261 16.7 steps 6 and 7)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sip_guard.sip.message import Response
from sip_guard.sip.rewrite import Draft

MAX_CHALLENGES = 32
"""Challenges of other answers that are added to one."""
_TELLING = frozenset((401, 407, 415, 420, 484))
"""What tells the caller how to call again."""
_EMPTY = frozenset((408, 487, 503))
"""What tells nothing of the callee: no answer in time, a CANCEL (which may be our own), or a server that cannot."""
_CHALLENGED = frozenset((401, 407))


class Best(NamedTuple):
    """What is answered."""

    code: int
    at: int | None
    """Place of the answer that is passed on; None: it is one of our own."""


def best(codes: Sequence[int]) -> Best:
    """Choose among the codes of final answers from 300 to 699, none of which was passed on (RFC 3261 16.7 step 6).

    A 6xx, else the lowest class; in it what tells the caller more, then what came first. A 503 would say that this
    guard cannot be used, so it becomes a 500. Nothing at all is a 408 (which no non-INVITE may get, RFC 4320 4.2).
    """
    if not codes:
        return Best(408, None)
    at = min(range(len(codes)), key=lambda place: _rank(codes[place]))
    return Best(500, None) if codes[at] == 503 else Best(codes[at], at)


def _rank(code: int) -> tuple[int, int]:
    group = code // 100
    return 0 if group == 6 else group, 0 if code in _TELLING else 2 if code in _EMPTY else 1


def gather_challenges(draft: Draft, answers: Iterable[Response]) -> None:
    """Add the challenges of all 401 and 407 `answers` to the one that is passed on, if it is one (16.7 step 7).

    So the caller can answer them all at once. None is added twice, and none is changed.
    """
    chosen = draft.message
    if not isinstance(chosen, Response) or chosen.code not in _CHALLENGED:
        return
    others = [answer for answer in answers if answer is not chosen and answer.code in _CHALLENGED]
    lines = dict.fromkeys(line for answer in others for line in _challenges(answer))
    own = set(_challenges(chosen))
    draft.below += [line for line in lines if line not in own][:MAX_CHALLENGES]


def _challenges(answer: Response) -> list[bytes]:
    names = (b"www-authenticate", b"proxy-authenticate")
    return [answer.lines[place] for name in names for place in answer.places(name)]
