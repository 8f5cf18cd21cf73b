"""The end of a guard at work: it takes no new calls, and those in progress end."""

from typing import Any, Final

from twisted.internet.defer import Deferred

from sip_guard.log import Logger
from sip_guard.proxy.core import Proxy
from sip_guard.supervisor import Supervisor

LOOK: Final = 0.25
"""Seconds from one look at what is in progress to the next."""
LINGER: Final = 2.0
"""Seconds after the last answer in which it may be asked for again, because it was lost."""


class Draining:
    """Waits until no call is in progress, or for so long as is told."""

    def __init__(self, proxy: Proxy, reactor: Any, log: Logger, supervisor: Supervisor) -> None:
        self.done: Deferred[None] = Deferred()
        """Fires when the guard may go."""
        self._proxy = proxy
        self._reactor = reactor
        self._log = log
        self._supervisor = supervisor
        self._idle_since: float | None = None
        self._next: Any = None

    @property
    def is_under_way(self) -> bool:
        """Whether no new calls are taken any more."""
        return self._proxy.leaving.until is not None

    @property
    def calls(self) -> int:
        """How much is in progress: calls that are known, and requests that have no answer yet."""
        return self._proxy.dialogs.calls + self._proxy.unanswered

    def begin(self, seconds: float) -> None:
        """Take no new calls, and let those in progress end within so many seconds. The second time, go at once."""
        now = self._reactor.seconds()
        if self.is_under_way:
            self._end("told twice")
            return
        self._proxy.leaving.until = now + seconds
        self._log.info("draining", seconds=seconds, calls=self.calls)
        self._supervisor.stopping(f"{self.calls} in progress", seconds)
        self._look()

    def stop(self) -> None:
        """Wait no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self) -> None:
        self._next = None
        now, until = self._reactor.seconds(), self._proxy.leaving.until
        if self.calls:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        if until is not None and now >= until:
            self._end("its time is over")
        elif self._idle_since is not None and (now >= self._idle_since + LINGER or not self._proxy.transactions):
            self._end("no call is in progress")
        else:
            self._next = self._reactor.callLater(LOOK, self._look)

    def _end(self, reason: str) -> None:
        self.stop()
        if not self.done.called:
            say = self._log.warning if self.calls else self._log.info
            say("drained", calls=self.calls, reason=reason)
            self.done.callback(None)
