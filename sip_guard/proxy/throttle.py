"""Sending fewer calls to a target that asks for fewer (RFC 7339 5.4 to 5.10)."""

from collections.abc import Callable
from typing import Final

import msgspec

from sip_guard.sip.flow import End
from sip_guard.sip.headers import Via
from sip_guard.sip.overload_control import feedback

MAX_ENDS: Final = 4096
"""Addresses whose wishes are remembered; the one that was first heard of makes room."""
FORGOTTEN: Final = 300.0
"""Seconds after which an older number in a sequence may be a restart: answers come late, but not as late as that."""


class _Wish(msgspec.Struct):
    share: float
    until: float
    sequence: int
    heard: float


class Throttle:
    """What share of new calls each address asked not to get."""

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 up to 1."""
        self._random = random
        self._wishes: dict[End, _Wish] = {}
        self.wished = self._wishes.keys()
        """The addresses that asked for fewer."""

    def told(self, end: End, via: Via, now: float) -> None:
        """Read what an answer from `end` says in our own Via, which made the offer."""
        said = feedback(via)
        if said is None:
            return
        known = self._wishes.get(end)
        if known is not None and said.sequence is not None:
            if said.sequence <= known.sequence and now - known.heard < FORGOTTEN:
                return
        elif known is None and len(self._wishes) >= MAX_ENDS:
            del self._wishes[next(iter(self._wishes))]
        sequence = said.sequence if said.sequence is not None else known.sequence if known is not None else -1
        self._wishes[end] = _Wish(said.share, now + said.seconds, sequence, now)

    def holds_back(self, end: End, now: float) -> bool:
        """Tell whether a new call is not to go there: as if it had been answered 503."""
        wish = self._wishes.get(end)
        return wish is not None and now < wish.until and self._random() < wish.share
