"""Where the names of targets lead, known before any call asks for it."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sip_guard.peer import Target
from sip_guard.proxy.place import Place
from sip_guard.sip.flow import numeric
from sip_guard.transport.dns import RETRY, Unlocatable
from sip_guard.transport.locate import Located

LEAST_PAUSE: Final = 1.0
"""Seconds until a target is located again at the soonest, whatever DNS says."""
LONGEST_RETRY: Final = 30.0
"""Seconds after an outage until it is tried again: RETRY at first, and as many more each time up to this."""
MAX_AT_ONCE: Final = 32
"""Targets that are being located; the others wait, so that many of them do not ask too many questions at a time."""

Told = Callable[[Target, tuple[Place, ...]], None]
"""Takes the places of a target, none if it is known that there are none."""
Lost = Callable[[Target, str], None]
"""Takes why a target has no place or cannot be located, for people."""
Mistake = Callable[[str, BaseException | None], None]
"""Takes a mistake of our own, with where it was made, to be logged and counted."""


class Locates(Protocol):
    """What `Locator` does."""

    def locate(self, host: str, port: int | None, transport: str | None, *, secure: bool) -> Deferred[Located]:
        """Give the places; fail with Unlocatable."""
        ...


class Locations:
    """Locates every target that has a name for a host, again and again, and tells what changes.

    In an outage the places that are known stay. The same places in another order are no change: a name server that
    turns its addresses round at each answer would never be quiet.
    """

    def __init__(
        self,
        locator: Locates,
        clock: IReactorTime,
        targets: Iterable[Target],
        *,
        told: Told,
        lost: Lost,
        mistake: Mistake,
    ) -> None:
        """`clock` is the locator's.

        `told` is called once when a target is located, and when its places change; `lost` where it has none, and at
        the beginning of each outage.
        """
        turns = DeferredSemaphore(MAX_AT_ONCE)
        self._locations = [
            _Location(target, locator, clock, turns, told=told, lost=lost, mistake=mistake)
            for target in targets
            if numeric(target.host) is None
        ]

    def start(self) -> None:
        """Begin to locate all of them."""
        for location in self._locations:
            location.locate()

    def stop(self) -> None:
        """End it: nothing is told any more."""
        for location in self._locations:
            location.stop()


class _Location:
    """One target, and what is known of it."""

    def __init__(
        self,
        target: Target,
        locator: Locates,
        clock: IReactorTime,
        turns: DeferredSemaphore,
        *,
        told: Told,
        lost: Lost,
        mistake: Mistake,
    ) -> None:
        self._target = target
        self._locator = locator
        self._clock = clock
        self._turns = turns
        self._told = told
        self._lost = lost
        self._mistake = mistake
        self._known: frozenset[Place] | None = None
        self._outages = 0
        """In a row."""
        self._stale = False
        """Whether what is known is older than it should be."""
        self._pending: Deferred[Any] | IDelayedCall | None = None

    def locate(self) -> None:
        """Ask where it is, and again when what comes of it has expired."""
        asked: Deferred[Located] = self._turns.run(self._ask)
        self._pending = asked
        asked.addCallbacks(self._found, self._failed).addErrback(
            lambda failure: self._mistake("locations", failure.value)
        )

    def stop(self) -> None:
        """End it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _ask(self) -> Deferred[Located]:
        target = self._target
        transport = None if target.transport is None else target.transport.lower()
        return self._locator.locate(target.host, target.port, transport, secure=False)

    def _found(self, located: Located) -> None:
        self._outages = 0
        self._locate_in(max(located.expires - self._clock.seconds(), LEAST_PAUSE))
        known, self._known = self._known, frozenset(located.places)
        stale, self._stale = self._stale, bool(located.outage)
        if self._stale and not stale:
            self._lost(self._target, f"{located.outage}; where it was before is used on")
        if self._known == known and (self._stale or not stale):
            return
        if not located.places:
            self._lost(self._target, located.reason)
        self._told(self._target, located.places)

    def _failed(self, failure: Failure) -> Failure | None:
        if isinstance(failure.value, CancelledError):
            return None
        self._outages += 1
        self._locate_in(min(RETRY * self._outages, LONGEST_RETRY))
        if not isinstance(failure.value, Unlocatable):
            return failure
        if self._outages == 1:
            self._lost(self._target, str(failure.value))
        return None

    def _locate_in(self, seconds: float) -> None:
        # Set before anybody is told anything, so that whatever goes wrong there is not the end of it.
        self._pending = self._clock.callLater(seconds, self.locate)
