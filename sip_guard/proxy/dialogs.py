"""How many calls a trunk has, where their number is limited."""

from collections import Counter
from typing import Final

from sip_guard.peer import Trunk
from sip_guard.proxy.key import Key
from sip_guard.sip.message import Request

LIFETIME: Final = 4 * 3600.0
"""Seconds without a sign of life after which a call is over: its BYE went another way, or was lost."""
MAX_CALLS: Final = 200_000
"""Calls that are counted. Trunks' own limits are reached long before; this one is for emergency calls."""


class Dialogs:
    """Counts the calls of trunks that may have so many at a time.

    A call counts from its INVITE on, so that what rings counts, until that is refused or the dialog has a BYE. The
    first 2xx makes it a dialog; what other branches of a fork answer is not counted again.
    """

    def __init__(self) -> None:
        self._calls: dict[int, tuple[str, float]] = {}
        """Trunk and last sign of life, the oldest first; by a hash of the INVITE's key, or of what names the dialog."""
        self._counts: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        """How many are known."""
        return len(self._calls)

    def count(self, trunk: Trunk) -> int:
        """Give how many calls it has; 0 for one without a limit."""
        return self._counts[trunk.name]

    def full(self, trunk: Trunk, now: float) -> bool:
        """Tell whether it may have no further call."""
        if trunk.concurrent_calls is None:
            return False
        self._forget_old(now)
        return self._counts[trunk.name] >= trunk.concurrent_calls

    def begin(self, trunk: Trunk, key: Key, now: float) -> None:
        """Count the call whose INVITE was taken as the transaction `key`."""
        if trunk.concurrent_calls is None:
            return
        self._forget_old(now)
        if len(self._calls) < MAX_CALLS:
            self._add(hash(key), trunk.name, now)

    def answered(self, key: Key, request: Request, code: int, tag: bytes, now: float) -> None:
        """Take a final answer to the INVITE of `key`, or its end without one; `tag` is the To tag of the answer.

        Whatever comes after the first, and any answer to what was not counted, changes nothing.
        """
        if code < 200 or not self._calls:
            return
        trunk = self._remove(hash(key))
        if trunk and code < 300:
            self._add(_dialog(request.value(b"call-id"), request.from_tag, tag), trunk, now)

    def passed(self, request: Request, now: float) -> None:
        """Take note of a request of a proven dialog: a BYE ends it, any other shows that it lives."""
        if not self._calls:
            return
        dialog = _dialog(request.value(b"call-id"), request.from_tag, request.to_tag)
        trunk = self._remove(dialog)
        if trunk and request.method != b"BYE":
            self._add(dialog, trunk, now)

    def _add(self, call: int, trunk: str, now: float) -> None:
        if call not in self._calls:
            self._calls[call] = trunk, now
            self._counts[trunk] += 1

    def _remove(self, call: int) -> str:
        trunk, _ = self._calls.pop(call, ("", 0.0))
        if trunk:
            self._counts[trunk] -= 1
        return trunk

    def _forget_old(self, now: float) -> None:
        while self._calls:
            call, (_, seen) = next(iter(self._calls.items()))
            if now - seen < LIFETIME:
                return
            self._remove(call)


def _dialog(call_id: bytes, one: bytes, other: bytes) -> int:
    """Name a dialog the same whichever side speaks. A hash, for a peer chooses how long its names are."""
    return hash((call_id, frozenset((one, other))))
