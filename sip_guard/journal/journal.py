"""Takes decisions from the reactor and has them written by a thread of its own: no call ever waits for it."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from twisted.internet.defer import Deferred

from sip_guard.journal.options import Options
from sip_guard.journal.queue import Decided, Queue, Waiting
from sip_guard.journal.row import Answer, End, Fields
from sip_guard.journal.writing import AGAIN, Mistake, Writing
from sip_guard.log import Logger
from sip_guard.worker import Worker

INTERVAL = 0.5
"""Seconds from one writing to the next; what is younger is lost if the guard is killed."""
FAREWELL = 5.0
"""Seconds that what waits has to be written in, when the guard stops."""


class Journal:
    """The record of a guard at work."""

    def __init__(self, options: Options, reactor: Any, log: Logger, mistake: Mistake) -> None:
        self._reactor = reactor
        self._log = log
        self._queue = Queue(options.queue)
        self._writing = Writing(options, self._queue, self._in_reactor(log.warning), self._in_reactor(mistake))
        self._told = float("-inf")
        self._worker = Worker("record", self._run, reactor, FAREWELL)

    def decided(self, call: int, at: float, fields: Fields) -> None:
        """Keep a decision taken at `at` (seconds since the epoch), by the number `call`, which no other has.

        Like all that follows, it takes no lock, and waits for nothing.
        """
        self._add(Decided(call, at, fields))

    def answered(self, call: int, code: int, at: float) -> None:
        """Keep the final answer to a call that was let through, at `at` (seconds since the epoch)."""
        self._add(Answer.of(call, code, at))

    def ended(self, call: int, duration: float) -> None:
        """Keep how many seconds a call has lasted that was answered."""
        self._add(End(round(duration, 3), call))

    def _add(self, entry: Waiting) -> None:
        if self._queue.add(entry):
            return
        now = self._reactor.seconds()
        if now - self._told >= AGAIN:
            self._told = now
            what = "decisions come faster than they can be written"
            self._log.error("record_incomplete", dropped=self._queue.dropped, reason=what)

    @property
    def waiting(self) -> int:
        """Decisions that are not in the file yet."""
        return self._writing.waiting

    @property
    def dropped(self) -> int:
        """Decisions, answers and ends of calls that were not kept."""
        return self._queue.dropped

    def start(self) -> None:
        """Begin to write."""
        self._worker.start()

    def stop(self) -> Deferred[None]:
        """Write what waits, if that can be done in time. Fires when it is over; call it once."""
        return self._worker.stop().addCallback(self._end)

    def _run(self, stopping: Event) -> None:
        while not stopping.wait(INTERVAL):
            self._write()
        # What the first time found damaged is new the second time.
        if not self._write():
            self._write()
        self._writing.close()

    def _write(self) -> bool:
        return self._writing.write(time.monotonic(), time.time())

    def _end(self, _: None) -> None:
        if self._writing.waiting:
            lost = self._queue.dropped + self._writing.waiting
            self._log.error("record_incomplete", dropped=lost, reason="what waited could not be written at the end")

    def _in_reactor(self, what: Callable[..., None]) -> Callable[..., None]:
        return lambda *given, **named: self._reactor.callFromThread(what, *given, **named)
