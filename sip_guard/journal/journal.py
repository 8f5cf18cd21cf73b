"""Takes decisions from the reactor and has them written by a thread of its own: no call ever waits for it."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from twisted.internet.defer import Deferred

from sip_guard.journal.options import Options
from sip_guard.journal.queue import Decided, Queue, Waiting
from sip_guard.journal.row import Answer, End, Fields
from sip_guard.journal.writing import AGAIN, Mistake, Writing
from sip_guard.log import Logger

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
        self._stopping = Event()
        self._thread: Thread | None = None
        self._stopped: Deferred[None] = Deferred()

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
        """Decisions that were not kept."""
        return self._queue.dropped

    def start(self) -> None:
        """Begin to write."""
        if not self._stopping.is_set():
            # A disk that never answers must not keep the process from ending.
            self._thread = Thread(target=self._run, name="record", daemon=True)
            self._thread.start()

    def stop(self) -> Deferred[None]:
        """Write what waits, if that can be done in time. Fires when it is over; call it once."""
        self._stopping.set()
        if self._thread is None:
            self._stopped.callback(None)
        else:
            limit = self._reactor.callLater(FAREWELL, self._end)
            self._stopped.addCallback(lambda _: limit.cancel() if limit.active() else None)
        return self._stopped

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL):
            self._write()
        # What the first time found damaged is new the second time.
        if not self._write():
            self._write()
        self._writing.close()
        self._reactor.callFromThread(self._end)

    def _write(self) -> bool:
        return self._writing.write(time.monotonic(), time.time())

    def _end(self) -> None:
        if not self._stopped.called:
            if self._writing.waiting:
                lost = self._queue.dropped + self._writing.waiting
                self._log.error("record_incomplete", dropped=lost, reason="what waited could not be written at the end")
            self._stopped.callback(None)

    def _in_reactor(self, what: Callable[..., None]) -> Callable[..., None]:
        return lambda *given, **named: self._reactor.callFromThread(what, *given, **named)
