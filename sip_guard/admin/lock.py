"""Asks for the password: dear to try, cheap for who has shown it, and never on the reactor's thread."""

import hmac
from base64 import b64decode
from functools import partial
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sip_guard.admin.password import MAX_OCTETS, Hash
from sip_guard.repository.disk import InThread

AT_ONCE: Final = 2
"""Passwords that are tried at the same time: each takes a processor and 16 MiB or more."""
TRIES: Final = 10
"""Wrong passwords from one address until it has to wait."""
PAUSE: Final = 60.0
"""Seconds that it waits, from its last wrong one."""
MAX_SOURCES: Final = 1024
"""Addresses whose wrong passwords are remembered; the one whose last is longest ago makes room."""

Opens = Literal["open", "shut", "wait"]
"""`wait`: nothing was tried, for there are too many tries."""


class _Wrong(NamedTuple):
    tries: int
    last: float


class Lock:
    """Knows who has shown the password, and who has guessed too often."""

    def __init__(self, password: Hash, in_thread: InThread, clock: IReactorTime, key: bytes) -> None:
        """`key` is for what is remembered of the right password: random, and of this process alone."""
        self._password = password
        self._in_thread = in_thread
        self._clock = clock
        self._key = key
        self._proven = b""
        self._trying = 0
        self._wrong: dict[str, _Wrong] = {}

    def ask(self, authorization: bytes, source: str) -> Opens | Deferred[Opens]:
        """Say whether the value of an Authorization field opens (RFC 7617, RFC 6750), for a client at an address."""
        given = secret_of(authorization)
        if not given:
            return "shut"
        known = blake2b(given, key=self._key, digest_size=32).digest()
        if hmac.compare_digest(known, self._proven):
            return "open"
        if self._trying >= AT_ONCE or self._must_wait(source):
            return "wait"
        self._trying += 1
        return (
            self._in_thread(partial(self._password.fits, given))
            .addBoth(self._tried)
            .addCallback(self._judge, known, source)
        )

    def _tried(self, found: bool) -> bool:
        """Take note that a try has ended, be it with a failure."""
        self._trying -= 1
        return found

    def _judge(self, right: bool, known: bytes, source: str) -> Opens:
        wrong = self._wrong.pop(source, _Wrong(0, 0.0))
        if right:
            self._proven = known
            return "open"
        if len(self._wrong) >= MAX_SOURCES:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[source] = _Wrong(wrong.tries + 1, self._clock.seconds())
        return "shut"

    def _must_wait(self, source: str) -> bool:
        wrong = self._wrong.get(source)
        if wrong is not None and self._clock.seconds() - wrong.last >= PAUSE:
            del self._wrong[source]
            return False
        return wrong is not None and wrong.tries >= TRIES


def secret_of(authorization: bytes) -> bytes:
    """Give the password of `Basic`, whatever the user's name, or the token of `Bearer`; empty: there is none."""
    scheme, _, rest = authorization.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"basic":
        try:
            rest = b64decode(rest, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    elif scheme.lower() != b"bearer":
        return b""
    return rest if len(rest) <= MAX_OCTETS else b""
