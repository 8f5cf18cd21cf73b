"""Twisted's reactor for tests that need real sockets: `in_reactor` runs something on it and waits for what comes of it.

A reactor runs once in a process, so one thread keeps it running for the whole session. Tests stay ordinary functions:

    from reactor import Reactor, reactor

    def test_...(in_reactor: Reactor) -> None:
        port = in_reactor(lambda: reactor.listenTCP(0, factory, interface="127.0.0.1"))
        assert in_reactor(lambda: fetcher.get(url)) == b"..."

Whatever touches the reactor or a Deferred belongs inside the call. A test during which Twisted logs an exception that
nobody took care of fails.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar, overload

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet import threads
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import capturedLogs

reactor: Any = _reactor
"""The reactor itself, with all of its interfaces."""

LIMIT = 30.0
"""Seconds that one call may take: a limit for what hangs, never waited for."""

T = TypeVar("T")


class Reactor(Protocol):
    """Runs a function on the reactor and waits for its result, or for that of the Deferred which it gives."""

    @overload
    def __call__(self, function: Callable[[], Deferred[T]]) -> T: ...
    @overload
    def __call__(self, function: Callable[[], T]) -> T: ...


@pytest.fixture(scope="session")
def reactor_thread() -> Iterator[None]:
    started = threading.Event()
    reactor.callWhenRunning(started.set)
    thread = threading.Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, name="reactor")
    thread.start()
    started.wait(LIMIT)
    yield
    reactor.callFromThread(reactor.stop)
    thread.join(LIMIT)
    assert not thread.is_alive()


@pytest.fixture
def in_reactor(reactor_thread: None) -> Iterator[Reactor]:
    def run(function: Callable[[], Any]) -> Any:
        def limited() -> Deferred[Any]:
            return maybeDeferred(function).addTimeout(LIMIT, reactor)

        return threads.blockingCallFromThread(reactor, limited)

    with capturedLogs() as events:
        yield run
    assert not [event["log_failure"].getTraceback() for event in events if "log_failure" in event]
