"""Circuit breakers: a host that fails again and again is left alone for a while, and then tried by one fetch."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.repository.answer import Answer, Fetch, Validators
from sip_guard.repository.endpoint import Absent, Unavailable, Untried, shown
from sip_guard.repository.kept import Kept
from sip_guard.repository.reach import Place, place_of

MAX_HOSTS: Final = 10_000
"""Hosts whose failures are counted: those that failed last."""
MOST_PAUSE: Final = 300.0
"""Seconds that a host is left alone at most, but for the jitter of a fifth."""

Tell = Callable[..., None]
"""Writes a line for people: the name of the event, and its particulars by keyword."""


class _Circuit(msgspec.Struct):
    """The failures of one host and port since it last answered."""

    failures: int = 0
    pause: float = 0.0
    """Seconds that it was last left alone; 0: it is still asked."""
    ask_at: float = 0.0
    trying: bool = False
    """Whether one fetch is finding out if it is back."""


class Breakers:
    """Stands before a fetch. An answer of any kind but 5xx and 429 shows that a host is well, whatever it says."""

    def __init__(
        self,
        fetch: Fetch,
        clock: IReactorTime,
        random: Callable[[], float],
        tell: Tell,
        *,
        down_after: int,
        retry_after: float,
    ) -> None:
        """`down_after`: failures in a row. `retry_after`: seconds of the first pause; each further one is doubled.

        `random` gives numbers from 0 up to 1. `tell` gets `repository_down` and `repository_up`.
        """
        self._fetch = fetch
        self._clock = clock
        self._random = random
        self._tell = tell
        self._down_after = down_after
        self._retry_after = retry_after
        self._circuits: Kept[_Circuit] = Kept(MAX_HOSTS)

    def get(self, url: str, validators: Validators) -> Deferred[Answer]:
        """Fetch a URL that has no faults, or fail with Untried while its host is left alone."""
        place = place_of(url)
        circuit = self._circuits.get(_key(place))
        if circuit is not None and circuit.pause:
            wait = circuit.ask_at - self._clock.seconds()
            if wait > 0 or circuit.trying:
                after = f"after {circuit.failures} failures in a row"
                until = f"for {wait:.0f} s more" if wait > 0 else "but by one fetch"
                return fail(Untried(f"{_name(place)} is not asked {until}, {after}"))
            circuit.trying = True
        tried = circuit is not None and circuit.trying
        return maybeDeferred(self._fetch, url, validators).addBoth(self._ended, place, tried=tried)

    def _ended(self, found: Answer | Failure, place: Place, *, tried: bool) -> Any:
        circuit = self._circuits.get(_key(place))
        if circuit is not None and tried:
            circuit.trying = False
        error = None if isinstance(found, Answer) else found.value
        if error is None or isinstance(error, Absent):
            self._well(place, circuit)
        elif isinstance(error, Unavailable) and not isinstance(error, Untried):
            self._failed(place, circuit or _Circuit(), str(error), tried=tried)
        return found

    def _well(self, place: Place, circuit: _Circuit | None) -> None:
        self._circuits.drop(_key(place))
        if circuit is not None and circuit.pause:
            self._tell("repository_up", host=_name(place))

    def _failed(self, place: Place, circuit: _Circuit, reason: str, *, tried: bool) -> None:
        """Count a failure. Those of fetches that were under way already do not make a pause longer."""
        circuit.failures += 1
        self._circuits.put(_key(place), circuit)
        first = not circuit.pause and circuit.failures >= self._down_after
        if not first and not tried:
            return
        circuit.pause = self._retry_after if first else min(2 * circuit.pause, MOST_PAUSE)
        seconds = circuit.pause * (0.8 + 0.4 * self._random())
        circuit.ask_at = self._clock.seconds() + seconds
        if first:
            self._tell("repository_down", host=_name(place), reason=reason, failures=circuit.failures)


def _key(place: Place) -> str:
    return f"{place[0]} {place[1]}"


def _name(place: Place) -> str:
    host, port = place
    return shown(host) if port == 443 else f"{shown(host)} port {port}"
