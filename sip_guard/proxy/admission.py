"""Whether a request is taken at all, asked before anything dear is done for it."""

from collections import Counter
from collections.abc import Callable

from sip_guard.peer import Trunk
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.overload import Overload

Refusal = tuple[int, str, bytes]
"""Code, phrase, and a further line of the answer or nothing."""


class Admission:
    """Turns away what is too much, so that what was begun goes on.

    The answer is 503, for another way may be open, and has no Retry-After, for that would keep the peer away altogether
    (RFC 7339 5.10.2). Its phrase says why.
    """

    def __init__(
        self, dialogs: Dialogs, overload: Overload, random: Callable[[], float], *, max_transactions: int
    ) -> None:
        """`random` gives numbers from 0 up to 1; `max_transactions` bounds the requests in progress."""
        self._dialogs = dialogs
        self._overload = overload
        self._random = random
        self.max_transactions = max_transactions
        self._buckets: dict[str, tuple[float, float]] = {}
        """Calls that a trunk may begin at once, and since when so many."""
        self.refused: Counter[str] = Counter()
        """How many were turned away, by what: `transactions`, `overload`, `concurrent_calls`, `calls_per_second`."""

    def refuse(
        self,
        trunk: Trunk | None,
        now: float,
        *,
        pending: int,
        invite: bool = True,
        in_dialog: bool = False,
        urgent: Callable[[], bool] = lambda: False,
        throttled: bool = False,
    ) -> Refusal | None:
        """Give the answer for a new request of `trunk` (None: of our side) that is not taken; None if it is taken.

        `pending` requests are in progress. Of a dialog, or `urgent` as an emergency call is (which is asked only if it
        matters), it is refused for want of memory alone. `throttled`: the sender was told to send less (RFC 7339), and
        leaves out its share by itself: it is spared, but not so much that it could leave the shedding to others.
        """
        if pending >= 2 * self.max_transactions:
            return self._refusal("transactions", "Too Many Transactions")
        if in_dialog:
            return None
        too_much = self._too_much(trunk, now, pending, invite=invite, throttled=throttled)
        return None if too_much is None or urgent() else self._refusal(*too_much)

    def _too_much(
        self, trunk: Trunk | None, now: float, pending: int, *, invite: bool, throttled: bool
    ) -> tuple[str, str] | None:
        """Find what there is too much of: how it is counted, and the phrase."""
        if pending >= self.max_transactions:
            return "transactions", "Too Many Transactions"
        share = self._overload.share(now)
        if share and self._random() < (share * share if throttled else share):
            return "overload", "Overloaded"
        if trunk is None or not invite:
            return None
        if self._dialogs.full(trunk, now):
            return "concurrent_calls", "Too Many Calls"
        if trunk.calls_per_second is not None and not self._may_begin(trunk.name, trunk.calls_per_second, now):
            return "calls_per_second", "Call Rate Exceeded"
        return None

    def _may_begin(self, trunk: str, rate: float, now: float) -> bool:
        burst = max(1.0, rate)
        left, since = self._buckets.get(trunk, (burst, now))
        left = min(burst, left + (now - since) * rate)
        taken = left >= 1.0
        self._buckets[trunk] = left - taken, now
        return taken

    def _refusal(self, reason: str, phrase: str) -> Refusal:
        self.refused[reason] += 1
        return 503, phrase, b""
