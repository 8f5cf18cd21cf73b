"""Memory that a burst took goes back to the system, for Python and the C library keep it otherwise."""

import ctypes
import gc
from collections.abc import Callable

BURST = 1000
"""How much has to be in progress at once to be worth the trouble."""
REST = 100
"""What is worth it once more at the end of a burst."""
LATER = 500
"""Looks after which it is done again: what was still in use here and there has gone by then."""


class Memory:
    """Notices when a burst is over."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._most = 0
        self._worth = BURST
        self._again = 0

    def look(self, pending: int) -> None:
        """Look at how much is in progress. Each time that hardly anything is left of a burst, it is given back."""
        if pending > self._most:
            self._most = pending
        elif self._most >= self._worth and pending < self._most // 10:
            self._most = pending
            self._worth = REST if pending >= REST else BURST
            self._again = LATER
            self._give_back()
        elif self._again:
            self._again -= 1
            if not self._again:
                self._give_back()


def settle() -> None:
    """Call what is there at the end of the start permanent: collecting garbage is quick from then on."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Free what Python keeps for the next objects of a kind, and what the C library keeps for the next allocation."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        # Only glibc has it.
        trim(0)
