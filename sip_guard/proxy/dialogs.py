"""The calls in progress, from their INVITE to their BYE: how many there are, and how long each was spoken."""

from collections import Counter, OrderedDict
from typing import Final

from sip_guard.peer import Trunk
from sip_guard.proxy.action import Answered, Ended, Followed
from sip_guard.proxy.key import Key
from sip_guard.sip.message import Message, Request

LIFETIME: Final = 4 * 3600.0
"""Seconds without a sign of life after which a call is forgotten: its BYE went another way, or was lost."""
MAX_CALLS: Final = 200_000
"""Calls that are known at a time, if nothing else is said."""


class _Call:
    __slots__ = ("answered", "followed", "seen", "trunk")

    def __init__(self, trunk: str, seen: float) -> None:
        self.trunk = trunk
        """Empty: it is of our side."""
        self.seen = seen
        """When there was a sign of life last."""
        self.answered = 0.0
        self.followed: Followed | None = None


class Dialogs:
    """Knows the calls of trunks, and those of our side.

    A call counts from its INVITE on, so that what rings counts, until that is refused or the dialog has a BYE. The
    first 2xx makes it a dialog; what other branches of a fork answer is not counted again. A call of a trunk that our
    side sends out again is that of the trunk.
    """

    def __init__(self, most: int = MAX_CALLS) -> None:
        """Know so many at a time; when there are more, the one without a sign of life for the longest is forgotten."""
        self._most = most
        self._calls: OrderedDict[int, _Call] = OrderedDict()
        """By a hash of the INVITE's key, or of what names the dialog; the one with the oldest sign of life first."""
        self._counts: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        """How many are known."""
        return len(self._calls)

    def count(self, trunk: Trunk) -> int:
        """Give how many calls it has."""
        return self._counts[trunk.name]

    def full(self, trunk: Trunk, now: float) -> bool:
        """Tell whether it may have no further call."""
        if trunk.concurrent_calls is None:
            return False
        self._forget_old(now)
        return self._counts[trunk.name] >= trunk.concurrent_calls

    def begin(self, trunk: Trunk | None, key: Key, now: float) -> None:
        """Take the call of a trunk (None: of our side) whose INVITE was taken as the transaction `key`."""
        self._add(hash(key), _Call("" if trunk is None else trunk.name, now), now)

    def follow(self, key: Key, followed: Followed) -> None:
        """Tell how the call goes on from here."""
        call = self._calls.get(hash(key))
        if call is not None:
            call.followed = followed

    def answered(self, key: Key, invite: Message, code: int, tag: bytes, now: float) -> list[Answered]:
        """Take a final answer to the INVITE of `key`; tell of it if the call is followed.

        `invite` is the INVITE or an answer to it, `tag` the To tag of the answer. Whatever comes after the first, and
        any answer to what was not begun, changes nothing.
        """
        if code < 200:
            return []
        call = self._remove(hash(key))
        if call is None:
            return []
        if code < 300:
            call.seen = call.answered = now
            self._add(_dialog(invite.call_id, invite.from_tag, tag), call, now)
        return [] if call.followed is None else [Answered(call.followed, code)]

    def unanswered(self, key: Key) -> None:
        """Take it that the INVITE of `key` has no answer, and gets none any more."""
        self._remove(hash(key))

    def passed(self, request: Request, now: float) -> list[Ended]:
        """Take a request of a proven dialog: a BYE ends it, which is told if it is followed; others prolong it."""
        dialog = _dialog(request.call_id, request.from_tag, request.to_tag)
        call = self._remove(dialog)
        if call is None:
            return []
        if request.method != b"BYE":
            call.seen = now
            self._add(dialog, call, now)
            return []
        return [] if call.followed is None else [Ended(call.followed, now - call.answered)]

    def _add(self, name: int, call: _Call, now: float) -> None:
        self._forget_old(now)
        known = self._calls.get(name)
        if known is not None:
            if known.trunk or not call.trunk:
                return
            self._remove(name)
        if len(self._calls) >= self._most:
            self._remove(next(iter(self._calls)))
        self._calls[name] = call
        self._counts[call.trunk] += 1

    def _remove(self, name: int) -> _Call | None:
        call = self._calls.pop(name, None)
        if call is not None:
            self._counts[call.trunk] -= 1
        return call

    def _forget_old(self, now: float) -> None:
        while self._calls:
            name, call = next(iter(self._calls.items()))
            if now - call.seen < LIFETIME:
                return
            self._remove(name)


def _dialog(call_id: bytes, one: bytes, other: bytes) -> int:
    """Name a dialog the same whichever side speaks. A hash, for a peer chooses how long its names are."""
    return hash((call_id, frozenset((one, other))))
