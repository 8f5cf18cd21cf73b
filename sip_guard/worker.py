"""A thread beside the reactor: it works until it is told to stop, and then has some seconds for what is left."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from twisted.internet.defer import Deferred


class Worker:
    """One such thread."""

    def __init__(self, name: str, work: Callable[[Event], None], reactor: Any, farewell: float) -> None:
        """`work` runs in the thread, and ends soon after its event is set: in `farewell` seconds, or nobody waits."""
        self._name = name
        self._work = work
        self._reactor = reactor
        self._farewell = farewell
        self._stopping = Event()
        self._stopped: Deferred[None] = Deferred()
        self.thread: Thread | None = None

    def start(self) -> None:
        """Begin, unless it was told to stop before."""
        if not self._stopping.is_set():
            # What never answers must not keep the process from ending.
            self.thread = Thread(target=self._run, name=self._name, daemon=True)
            self.thread.start()

    def stop(self) -> Deferred[None]:
        """Tell it to end. Fires when it has, or when its time is over; call it once."""
        self._stopping.set()
        if self.thread is None:
            self._stopped.callback(None)
        else:
            limit = self._reactor.callLater(self._farewell, self._end)
            self._stopped.addCallback(lambda _: limit.cancel() if limit.active() else None)
        return self._stopped

    def _run(self) -> None:
        self._work(self._stopping)
        self._reactor.callFromThread(self._end)

    def _end(self) -> None:
        if not self._stopped.called:
            self._stopped.callback(None)
