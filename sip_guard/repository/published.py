"""What somebody publishes and the operator has configured, by URL or as a file: kept fresh beside the calls."""

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sip_guard.log import Logger
from sip_guard.repository import atomic
from sip_guard.repository.answer import NO_VALIDATORS, Fetch
from sip_guard.repository.disk import InThread
from sip_guard.repository.endpoint import Forbidden, LookUp, Unavailable
from sip_guard.repository.https import Fetcher
from sip_guard.repository.reach import Configured

FOLDER: Final = "signed_lists"
"""In the state directory: the last good octets from each URL."""
MAX_OCTETS: Final = 33_554_432
"""Of anything published: a revocation list with some 800,000 entries."""
TIMEOUT: Final = 30.0
"""Seconds for one fetch, which no call waits for."""
RETRY: Final = 10.0
"""Seconds after a first failure; twice as many after each further one, up to `refresh`."""


class Source(msgspec.Struct, frozen=True):
    """Where it is, and how often it is looked at."""

    place: str
    """A URL, or the path of a file."""
    is_file: bool
    refresh: float
    """Seconds."""


class Lasting(Protocol):
    """What is good for a time."""

    @property
    def until(self) -> float:
        """The end of that time, in seconds since the epoch."""


_T = TypeVar("_T", bound=Lasting)


class Means(NamedTuple):
    """What it takes to keep things fresh."""

    fetch: Fetch
    clock: IReactorTime
    wall: Callable[[], float]
    """Gives the time in seconds since the epoch."""
    random: Callable[[], float]
    """Gives numbers from 0 up to 1."""
    in_thread: InThread
    log: Logger
    mistake: Callable[[str, BaseException | None], None]
    folder: Path | None = None
    """Where the last good octets from each URL are kept for the next start; None: they are not kept."""
    keeps: bool = True
    """Whether they are put there; else they are only read."""


def fetch(reactor: Any, look_up: LookUp | None = None) -> Fetch:
    """Give what fetches for `Published` from where the operator has said, with `look_up` as `Fetcher` has it."""
    return Fetcher(reactor, Configured(), look_up=look_up, accept="*/*", timeout=TIMEOUT, max_octets=MAX_OCTETS).get


class Published(Generic[_T]):
    """Fetches it, again and again, and hands over what is good. What was good stays until something newer is.

    A URL is asked conditionally, a file is read when its time, size or inode has changed.
    """

    def __init__(
        self,
        source: Source,
        means: Means,
        *,
        accept: Callable[[bytes, _T | None], _T],
        renewed: Callable[[_T], None],
        failed: Callable[[str, _T | None], None],
        max_octets: int,
        long: bool = False,
    ) -> None:
        """`accept` makes of octets what they mean, beside what is current, or raises ValueError.

        `long`: that may take long, and is done in a thread. It must not touch what is global, such as warnings.

        `renewed` is told what is current from now on, `failed` why nothing newer is there and what is still current.
        """
        self.source = source
        self.current: _T | None = None
        self._means = means
        self._accept = accept
        self._renewed = renewed
        self._failed = failed
        self._max_octets = max_octets
        self._long = long
        self._validators = NO_VALIDATORS
        self._stamp: tuple[int, ...] | None = None
        self._digest = b""
        self._failures = 0
        self._round: Deferred[None] | None = None
        self._next: IDelayedCall | None = None
        name = f"{hashlib.sha256(source.place.encode()).hexdigest()}.list"
        self._copy = None if source.is_file or means.folder is None else means.folder / name

    def start(self) -> None:
        """Take what is on this machine, at once, and begin to look for newer."""
        self._take_what_is_here()
        self._look_for_newer()

    def resume(self, former: Self) -> None:
        """Go on with what another one has had from the same place and signers."""
        if former.current is not None:
            self._validators, self._stamp, self._digest = former._validators, former._stamp, former._digest
            self.current = former.current
            self._renewed(former.current)

    async def read_again(self) -> Callable[[], None]:
        """Read a file anew, and give what puts it in force, at once. Raises OSError or ValueError if it is not good.

        Of a URL nothing is asked here: what is current stays until a newer one is there.
        """
        if not self.source.is_file:
            return self.look
        before = self._stamp
        try:
            octets = await self._means.in_thread(partial(self._look, Path(self.source.place)))
        finally:
            stamp, self._stamp = self._stamp, before
        if octets is None or _digest(octets) == self._digest:
            return _nothing
        accept = partial(self._accept, octets, self.current)
        found = await self._means.in_thread(accept) if self._long else accept()

        def take() -> None:
            self._stamp = stamp
            self._take(octets, found)

        return take

    def look(self) -> None:
        """Look for newer now, and not only when it is time."""
        if self._next is not None:
            self._next.cancel()
            self._look_for_newer()

    async def once(self) -> None:
        """Take what is on this machine, look for newer one time, and for nothing more after that."""
        self._take_what_is_here()
        await self._renew()

    def _take_what_is_here(self) -> None:
        path = Path(self.source.place) if self.source.is_file else self._copy
        if path is not None:
            try:
                self._take_from(path)
            except (OSError, ValueError):
                # What is wrong with a file is told when it is looked at again, which is now.
                self._stamp = None

    def stop(self) -> None:
        """Look for nothing any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        looking, self._round = self._round, None
        if looking is not None:
            looking.cancel()

    def _look_for_newer(self) -> None:
        self._next = None
        self._round = Deferred.fromCoroutine(self._renew())
        self._round.addErrback(self._mistaken)
        self._round.addBoth(self._again)

    async def _renew(self) -> None:
        """Look once. What can go wrong outside is told; anything else is a mistake of ours."""
        try:
            await (self._from_file() if self.source.is_file else self._from_url())
        except (Unavailable, Forbidden, ValueError) as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{self.source.place} cannot be read: {error.strerror}")
        else:
            if self.current is not None and self.current.until < self._means.wall():
                self._fail("there is none that is not out of date")
            else:
                self._failures = 0

    async def _from_url(self) -> None:
        answer = await self._means.fetch(self.source.place, self._validators)
        if answer.body is not None and await self._offered(answer.body):
            await self._remember(answer.body)
        self._validators = answer.validators

    async def _remember(self, octets: bytes) -> None:
        if self._copy is None or not self._means.keeps:
            return
        try:
            await self._means.in_thread(partial(_keep, self._copy, octets))
        except OSError as error:
            reason = f"{self._copy} cannot be written: {error.strerror}"
            self._means.log.warning("list_not_kept", source=self.source.place, reason=reason)

    async def _from_file(self) -> None:
        before = self._stamp
        octets = await self._means.in_thread(partial(self._look, Path(self.source.place)))
        if octets is None:
            return
        try:
            await self._offered(octets)
        except ValueError:
            self._stamp = before
            raise

    async def _offered(self, octets: bytes) -> bool:
        """Take octets if they are good, and tell whether they are new. Raises ValueError if they are not good."""
        if _digest(octets) == self._digest:
            return False
        accept = partial(self._accept, octets, self.current)
        self._take(octets, await self._means.in_thread(accept) if self._long else accept())
        return True

    def _take(self, octets: bytes, found: _T) -> None:
        self._digest = _digest(octets)
        self.current = found
        self._renewed(found)

    def _take_from(self, path: Path) -> None:
        octets = self._look(path)
        if octets is not None:
            self._take(octets, self._accept(octets, None))

    def _look(self, path: Path) -> bytes | None:
        """Read a file, unless it is the one that was read last. Raises OSError or ValueError."""
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            stamp = about.st_mtime_ns, about.st_size, about.st_ino
            if stamp == self._stamp:
                return None
            if about.st_size > self._max_octets:
                raise ValueError(f"{path} has {about.st_size} octets where {self._max_octets} are the limit")
            octets = file.read(self._max_octets)
        self._stamp = stamp
        return octets

    def _fail(self, reason: str) -> None:
        self._failures += 1
        self._failed(reason, self.current)

    def _mistaken(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            self._failures += 1
            self._means.mistake("repository", failure.value)

    def _again(self, _: object) -> None:
        stopped = self._round is None
        self._round = None
        if not stopped:
            self._next = self._means.clock.callLater(self._pause(), self._look_for_newer)

    def _pause(self) -> float:
        """Give the seconds until it is looked at again, not all at the same moment."""
        pause = self.source.refresh
        if self._failures:
            pause = min(pause, RETRY * 2 ** min(self._failures - 1, 16))
        elif self.current is not None:
            pause = min(pause, max((self.current.until - self._means.wall()) / 2, RETRY))
        return pause * (1 - self._means.random() / 10)


def _keep(copy: Path, octets: bytes) -> None:
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    atomic.replace(copy, octets)


def _nothing() -> None:
    return None


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
