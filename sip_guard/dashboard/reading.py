"""Pages that read the record are made beside the reactor: few at a time, and none twice within a moment."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, DeferredSemaphore, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.admin.page import Answer
from sip_guard.repository.disk import InThread

FRESH: Final = 0.5
"""Seconds for which what was made is good."""
SHARE: Final = 10
"""It is good for so many times the time that it took, too, so that no more than a tenth of a thread goes into it."""
AT_ONCE: Final = 2
"""Threads."""
MOST: Final = 32
"""Answers that are kept, and that are waited for."""


class Busy(Exception):  # noqa: N818 - what it is
    """Too many wait already."""


class _Made(NamedTuple):
    answer: Answer
    until: float


class Reading:
    """Makes answers in threads, and keeps them for a moment."""

    def __init__(self, in_thread: InThread, clock: IReactorTime) -> None:
        self._in_thread = in_thread
        self._clock = clock
        self._made: dict[str, _Made] = {}
        self._waiting: dict[str, list[Deferred[Answer]]] = {}
        self._turns = DeferredSemaphore(AT_ONCE)

    def give(self, name: str, prepare: Callable[[], Callable[[], Answer]]) -> Deferred[Answer]:
        """Give what was made under a name a moment ago, or is being made, or make it.

        `prepare` is asked here, when its turn has come, and what it gives makes the answer in a thread. Fails with
        Busy, and with what that raises.
        """
        made = self._made.get(name)
        if made is not None and self._clock.seconds() < made.until:
            return succeed(made.answer)
        given: Deferred[Answer] = Deferred()
        if name in self._waiting:
            self._waiting[name].append(given)
        elif len(self._waiting) >= MOST:
            return fail(Busy())
        else:
            self._waiting[name] = [given]
            self._turns.run(self._make, name, prepare).addBoth(self._hand_out, name)
        return given

    def _make(self, name: str, prepare: Callable[[], Callable[[], Answer]]) -> Deferred[Answer]:
        return self._in_thread(prepare()).addCallback(partial(self._keep, name, self._clock.seconds()))

    def _keep(self, name: str, began: float, answer: Answer) -> Answer:
        now = self._clock.seconds()
        self._made.pop(name, None)
        if len(self._made) >= MOST:
            del self._made[next(iter(self._made))]
        self._made[name] = _Made(answer, now + max(FRESH, SHARE * (now - began)))
        return answer

    def _hand_out(self, made: Answer | Failure, name: str) -> None:
        for given in self._waiting.pop(name):
            given.callback(made)
