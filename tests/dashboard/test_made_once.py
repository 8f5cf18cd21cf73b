"""The record is read for pages few at a time, and not again within a moment."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard.admin.page import Answer
from sip_guard.dashboard.reading import AT_ONCE, FRESH, MOST, SHARE, Busy, Reading


class Threads:
    """Work is done when the test says so."""

    def __init__(self) -> None:
        self.working: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, work: Callable[[], Any]) -> Deferred[Any]:
        self.working.append((work, Deferred()))
        return self.working[-1][1]

    def done(self) -> None:
        work, done = self.working.pop(0)
        try:
            made = work()
        except RuntimeError as error:
            done.errback(error)
        else:
            done.callback(made)


class Readers:
    """Ask, and keep what they got."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.threads = Threads()
        self._reading = Reading(self.threads, self.clock)
        self.got: list[bytes] = []
        self.failed: list[type[BaseException]] = []

    def ask(self, name: str, body: bytes = b"") -> None:
        def make() -> Answer:
            if body == b"broken":
                raise RuntimeError
            return Answer(body)

        given = self._reading.give(name, lambda: make)
        given.addCallbacks(
            lambda answer: self.got.append(answer.body), lambda failure: self.failed.append(failure.type)
        )


@pytest.fixture
def readers() -> Readers:
    return Readers()


def test_who_asks_for_the_same_gets_the_same(readers: Readers) -> None:
    readers.ask("a", b"1")
    readers.ask("a", b"2")
    readers.threads.done()
    readers.ask("a", b"3")
    assert (readers.got, readers.threads.working) == ([b"1", b"1", b"1"], [])


def test_after_a_moment_it_is_made_again(readers: Readers) -> None:
    readers.ask("a", b"1")
    readers.threads.done()
    readers.clock.advance(FRESH)
    readers.ask("a", b"2")
    readers.threads.done()
    assert readers.got == [b"1", b"2"]


def test_what_took_long_is_kept_longer(readers: Readers) -> None:
    readers.ask("a", b"1")
    readers.clock.advance(2.0)
    readers.threads.done()
    readers.clock.advance(2.0 * SHARE - 0.1)
    readers.ask("a", b"2")
    assert (readers.got, readers.threads.working) == ([b"1", b"1"], [])


def test_few_are_made_at_once_and_those_that_wait_are_bounded(readers: Readers) -> None:
    for at in range(MOST + 1):
        readers.ask(str(at), b"%d" % at)
    assert len(readers.threads.working) == AT_ONCE
    assert readers.failed == [Busy]
    while readers.threads.working:
        readers.threads.done()
    assert readers.got == [b"%d" % at for at in range(MOST)]


def test_a_mistake_is_that_of_all_who_wait_and_of_nobody_after_them(readers: Readers) -> None:
    readers.ask("a", b"broken")
    readers.ask("a", b"broken")
    readers.threads.done()
    readers.ask("a", b"1")
    readers.threads.done()
    assert (readers.failed, readers.got) == ([RuntimeError, RuntimeError], [b"1"])
