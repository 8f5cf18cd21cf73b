"""Where no new call is taken any more, because the guard, or an address of it, is about to go."""

import math

from sip_guard.proxy.admission import Refusal
from sip_guard.sip.flow import End, Flow


class Leaving:
    """Turns new calls away, so that peers go elsewhere while those in progress end."""

    def __init__(self) -> None:
        self.until: float | None = None
        """When the guard goes; None: it stays."""
        self.ends: dict[End, float] = {}
        """Those of our ends that go, and when."""

    def refusal(self, flow: Flow, now: float) -> Refusal | None:
        """Give the answer to what would begin something along `flow`; None if that may begin.

        Its Retry-After keeps a peer away until we are gone (RFC 3261 21.5.4).
        """
        until = self.until
        if until is None:
            if not self.ends:
                return None
            until = self.ends.get(End(flow.transport, flow.local))
            if until is None:
                return None
        return 503, "Going Away", b"Retry-After: %d" % max(1, math.ceil(until - now))
