"""The reactor of a guard at work sees to what is ready, and to nothing else."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("twisted.internet.epollreactor", exc_type=ImportError, reason="this system has no epoll")

from sip_guard.transport.reactor import Reactor


class Reader:
    """One end of a connection, which has been written to."""

    def __init__(self, reactor: Any, then: Callable[[], object] = lambda: None) -> None:
        self.reads = 0
        self.lost = 0
        self._then = then
        self._socket, self._other = socket.socketpair()
        self._other.send(b"x")
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._socket.fileno()

    def doRead(self) -> object:  # noqa: N802 - the reactor's name
        self.reads += 1
        self._socket.recv(1)
        return self._then()

    def connectionLost(self, _: object) -> None:  # noqa: N802 - the reactor's name
        self.lost += 1

    def close(self) -> None:
        self._socket.close()
        self._other.close()


@pytest.fixture
def reactor() -> Iterator[Any]:
    make: Any = Reactor
    made = make()
    yield made
    for reader in made.removeAll():
        reader.close()


def test_what_is_ready_is_read_once(reactor: Any) -> None:
    readers = [Reader(reactor) for _ in range(3)]
    reactor.doPoll(1.0)
    reactor.doPoll(0.0)
    assert [reader.reads for reader in readers] == [1, 1, 1]


def test_what_is_left_beside_another_is_not_read_any_more(reactor: Any) -> None:
    readers: list[Reader] = []

    def leave_others() -> None:
        for reader in readers:
            if not reader.reads:
                reactor.removeReader(reader)
                reader.close()

    readers += [Reader(reactor, leave_others) for _ in range(3)]
    reactor.doPoll(1.0)
    assert sorted(reader.reads for reader in readers) == [0, 0, 1]


def test_who_has_failed_is_told_and_nobody_else(reactor: Any) -> None:
    bad = Reader(reactor, lambda: ConnectionError("it has failed"))
    good = Reader(reactor)
    reactor.doPoll(1.0)
    assert (bad.lost, good.reads, good.lost) == (1, 1, 0)
    bad.close()
