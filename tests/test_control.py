"""The control socket: one word, one answer, for its owner alone."""

import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred

from sip_guard.control import MAX_CONNECTIONS, Control, Reply, Unreachable, ask


class Guard:
    """The side that is asked."""

    def __init__(self, in_reactor: Reactor, path: Path) -> None:
        self.path = path
        self.later: Deferred[Reply] = Deferred()
        self._in_reactor = in_reactor
        self.control = Control({"status": lambda: {"generation": 3}, "reload": lambda: self.later}, reactor)

    def listens(self) -> None:
        self._in_reactor(lambda: self.control.listen(self.path))

    def does(self, what: Callable[[], None]) -> None:
        self._in_reactor(what)

    def close(self) -> None:
        self._in_reactor(self.control.stop)


@pytest.fixture
def guard(in_reactor: Reactor, tmp_path: Path) -> Iterator[Guard]:
    made = Guard(in_reactor, tmp_path / "control")
    yield made
    made.close()


def test_a_word_is_answered(guard: Guard) -> None:
    guard.listens()
    assert ask(guard.path, "status", 5) == {"generation": 3}
    assert stat.S_IMODE(guard.path.stat().st_mode) == 0o600


def test_what_takes_its_time_is_waited_for(guard: Guard) -> None:
    guard.listens()
    told: list[Reply] = []
    asking = threading.Thread(target=lambda: told.append(ask(guard.path, "reload", 20)))
    asking.start()
    guard.does(lambda: guard.later.callback({"generation": 4}))
    asking.join()
    assert told == [{"generation": 4}]


def test_a_word_that_nobody_knows_is_answered_with_those_there_are(guard: Guard) -> None:
    guard.listens()
    assert ask(guard.path, "relaod", 5) == {"errors": ["`relaod` is no command; there are: status, reload"]}
    assert "errors" in ask(guard.path, "x" * 100_000, 5)


def test_a_guard_that_is_not_there_is_told_from_one_that_does_not_answer(guard: Guard) -> None:
    with pytest.raises(Unreachable, match="no guard answers here: No such file or directory; is it running"):
        ask(guard.path, "status", 5)
    guard.listens()
    with pytest.raises(Unreachable, match=r"has not answered within 0\.1 s"):
        ask(guard.path, "reload", 0.1)


def test_what_a_dead_guard_has_left_goes_away_and_a_living_one_stays(guard: Guard, in_reactor: Reactor) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(guard.path))
    guard.listens()
    assert ask(guard.path, "status", 5)
    other = Guard(in_reactor, guard.path)
    with pytest.raises(OSError, match=r"cannot listen at .*: another guard does; see `control`"):
        other.listens()
    assert ask(guard.path, "status", 5)


def test_another_file_is_never_removed(guard: Guard) -> None:
    guard.path.write_text("mine")
    with pytest.raises(OSError, match=r"cannot listen at .*: it is another file; see `control`"):
        guard.listens()
    assert guard.path.read_text() == "mine"


def test_connections_are_bounded(guard: Guard) -> None:
    guard.listens()
    links = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS)]
    try:
        for link in links:
            link.connect(str(guard.path))
        with pytest.raises(Unreachable):
            ask(guard.path, "status", 5)
    finally:
        for link in links:
            link.close()
