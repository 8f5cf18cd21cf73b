"""Who has shown the password: tries cost a thread, and are few."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from sip_guard.admin.lock import AT_ONCE, MAX_SOURCES, PAUSE, TRIES, Lock, Opens, secret_of
from sip_guard.admin.password import Hash

PASSWORD = Hash.of(b"correct horse battery", bytes(16))
RIGHT, WRONG = b"Bearer correct horse battery", b"Bearer wrong"
HERE, THERE = "192.0.2.1", "192.0.2.2"

T = TypeVar("T")


class Tries:
    """A lock, and the tries that its thread has yet to make."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.waiting: list[Callable[[], None]] = []
        self.lock = Lock(PASSWORD, self._in_thread, self.clock, b"k" * 32)

    def _in_thread(self, work: Callable[[], T], /) -> Deferred[T]:
        made: Deferred[T] = Deferred()
        self.waiting.append(lambda: made.callback(work()))
        return made

    def asks(self, field: bytes, source: str = HERE) -> list[Opens]:
        """Show a password. What comes of it stands in the list, at once or when the thread has tried it."""
        came: list[Opens] = []
        found = self.lock.ask(field, source)
        if isinstance(found, Deferred):
            found.addCallback(came.append)
        else:
            came.append(found)
        return came

    def tried(self, field: bytes, source: str = HERE) -> Opens:
        """Show a password, let the thread do its work, and give what comes of it."""
        came = self.asks(field, source)
        while self.waiting:
            self.waiting.pop(0)()
        return came[0]


@pytest.fixture
def tries() -> Tries:
    return Tries()


def test_the_right_password_opens_and_another_does_not(tries: Tries) -> None:
    assert tries.tried(WRONG) == "shut"
    assert tries.tried(RIGHT) == "open"


def test_without_a_password_nothing_is_tried(tries: Tries) -> None:
    assert (tries.asks(b""), tries.waiting) == (["shut"], [])


def test_a_try_waits_for_its_thread(tries: Tries) -> None:
    assert tries.asks(RIGHT) == []


def test_what_was_proven_once_costs_no_further_try(tries: Tries) -> None:
    tries.tried(RIGHT)
    assert (tries.asks(RIGHT), tries.waiting) == (["open"], [])
    assert tries.tried(WRONG) == "shut"
    assert tries.asks(RIGHT) == ["open"]


def test_few_passwords_are_tried_at_once(tries: Tries) -> None:
    came = [tries.asks(WRONG) for _ in range(AT_ONCE + 1)]
    assert came == [[]] * AT_ONCE + [["wait"]]
    tries.waiting.pop()()
    assert tries.asks(RIGHT) == []


def test_who_guesses_too_often_waits_and_nobody_else_does(tries: Tries) -> None:
    assert [tries.tried(WRONG) for _ in range(TRIES)] == ["shut"] * TRIES
    assert tries.tried(RIGHT) == "wait"
    assert tries.tried(RIGHT, THERE) == "open"
    tries.clock.advance(PAUSE)
    assert tries.tried(WRONG) == "shut"


def test_who_knows_the_password_is_not_held_up_by_who_guesses_at_the_same_address(tries: Tries) -> None:
    tries.tried(RIGHT)
    for _ in range(TRIES):
        tries.tried(WRONG)
    assert tries.tried(WRONG) == "wait"
    assert tries.tried(RIGHT) == "open"


def test_a_thread_that_fails_does_not_use_up_the_tries(tries: Tries) -> None:
    def broken(_: object) -> Deferred[Any]:
        return fail(MemoryError())

    lock = Lock(PASSWORD, broken, tries.clock, b"k" * 32)
    for _ in range(AT_ONCE + 1):
        found = lock.ask(RIGHT, HERE)
        assert isinstance(found, Deferred)
        failed: list[Any] = []
        found.addErrback(failed.append)
        assert failed[0].check(MemoryError)


def test_only_so_many_who_guess_are_remembered(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hash, "fits", lambda *_: False)
    for _ in range(TRIES):
        tries.tried(WRONG, THERE)
    assert tries.tried(WRONG, THERE) == "wait"
    for number in range(MAX_SOURCES):
        tries.tried(WRONG, f"2001:db8::{number:x}")
    assert tries.tried(WRONG, THERE) == "shut"


def basic(password: str, user: str = "anybody") -> bytes:
    return b"Basic " + b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        (b"Bearer abc", b"abc"),
        (b"bearer  abc ", b"abc"),
        (basic("a:b"), b"a:b"),
        (basic("abc", ""), b"abc"),
        (b"Basic !!!", b""),
        (b"Digest abc", b""),
        (b"Bearer", b""),
        (b"", b""),
        (b"Bearer " + b"a" * 1025, b""),
    ],
)
def test_a_password_comes_as_basic_or_bearer(field: bytes, secret: bytes) -> None:
    assert secret_of(field) == secret
