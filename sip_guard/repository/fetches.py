"""Counts fetches, and how long they take."""

from collections import Counter
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.histogram import Histogram
from sip_guard.repository.answer import Answer, Fetch, Validators
from sip_guard.repository.endpoint import Absent, Forbidden, Unavailable

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class Fetches:
    """Counts what is fetched, by whatever fetches it."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self.results: Counter[str] = Counter()
        """`fetched`, `unmodified` (304), `absent` (an answer, and no certificate), `unavailable` (an outage),
        `forbidden` (it may not be asked for) or `mistake`."""
        self.seconds = Histogram(SECONDS)

    def counted(self, fetch: Fetch) -> Fetch:
        """Give what fetches in this way and is counted."""

        def get(url: str, validators: Validators) -> Deferred[Answer]:
            return fetch(url, validators).addBoth(self._ended, self._clock.seconds())

        return get

    def _ended(self, found: Answer | Failure, began: float) -> Any:
        self.seconds.add(self._clock.seconds() - began)
        self.results[_result(found)] += 1
        return found


def _result(found: Answer | Failure) -> str:
    if isinstance(found, Answer):
        return "unmodified" if found.body is None else "fetched"
    for kind, result in ((Absent, "absent"), (Unavailable, "unavailable"), (Forbidden, "forbidden")):
        if isinstance(found.value, kind):
            return result
    return "mistake"
