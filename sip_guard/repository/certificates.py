"""The signing certificates that tokens name by URL: fetched once, judged, and kept for a time (ATIS-1000074 5.3.1)."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.call import Code, Finding, Outcome
from sip_guard.repository.answer import NO_VALIDATORS, Fetch
from sip_guard.repository.endpoint import Forbidden, Unavailable
from sip_guard.repository.reach import Laboratory


class Valid(Protocol):
    """What was judged good, with the time for which it is: seconds since the epoch."""

    @property
    def not_before(self) -> float:
        """From then on."""

    @property
    def not_after(self) -> float:
        """Until then."""


_T = TypeVar("_T")
_V = TypeVar("_V", bound=Valid)
Judge = Callable[[bytes, float], _V | Finding]
"""Says whether the certificate in a PEM text may sign tokens at a moment in seconds since the epoch."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How certificates are fetched and kept."""

    timeout: Annotated[float, Meta(gt=0, le=30)] = 2.0
    """Seconds for one fetch: looking up, connecting, TLS and answer together."""
    max_octets: Annotated[int, Meta(ge=1024, le=1_048_576)] = 65_536
    """Of an answer's body."""
    cache_entries: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Certificates that are kept, and as many failures."""
    cache_seconds: Annotated[float, Meta(ge=60, le=31_536_000)] = 86_400.0
    """How long a certificate is used before it is fetched again."""
    negative_seconds: Annotated[float, Meta(ge=1, le=3600)] = 45.0
    """How long a failure is remembered, give or take a third."""
    concurrent_fetches: Annotated[int, Meta(ge=1, le=10_000)] = 64
    """Fetches in progress."""
    per_host: Annotated[int, Meta(ge=1, le=1000)] = 8
    """Fetches in progress from one host and port."""
    laboratories: tuple[Laboratory, ...] = ()


class Certificates(Generic[_V]):
    """Gives the signer behind a URL, and fetches one URL no more than once at a time.

    What was good is used for `cache_seconds` and then fetched again. If that fails, it goes on being used while its
    chain is valid: an outage of the repository says nothing about a certificate. Failures are kept apart from what is
    good, so that no flood of URLs that lead nowhere drives it out.
    """

    def __init__(
        self, fetch: Fetch, options: Options, judge: Judge[_V], clock: IReactorTime, random: Callable[[], float]
    ) -> None:
        """`clock` counts lifetimes. `random` gives numbers from 0 up to 1, so that failures do not expire together."""
        self._fetch = fetch
        self._options = options
        self._judge = judge
        self._clock = clock
        self._random = random
        self._signers: _Kept[_V] = _Kept(options.cache_entries)
        self._failures: _Kept[Finding] = _Kept(options.cache_entries)
        self._fetches: dict[str, list[Deferred[_V | Finding]]] = {}

    def get(self, url: str, when: float) -> _V | Finding | Deferred[_V | Finding]:
        """Give the signer whose certificate is at `url`, or why there is none; later, if it has to be fetched.

        `when`, in seconds since the epoch, is the moment that its chain has to be valid at. A Deferred may be
        cancelled: the fetch goes on for the others that wait for it, and for those to come.
        """
        now = self._clock.seconds()
        signer, fresh_until = self._signer(url, when)
        if signer is not None and now < fresh_until:
            return signer
        failure, remembered_until = self._failures.get(url)
        if failure is not None and now < remembered_until:
            return signer or failure
        waiter: Deferred[_V | Finding] = Deferred()
        if url in self._fetches:
            self._fetches[url].append(waiter)
        elif self._is_busy(url):
            return signer or _unavailable("too many fetches in progress")
        else:
            self._fetches[url] = [waiter]
            self._start(url, when)
        return waiter

    def _signer(self, url: str, when: float) -> "tuple[_V | None, float]":
        """Give what is kept, if its chain is valid, and until when it need not be fetched again."""
        signer, until = self._signers.get(url)
        if signer is not None and not signer.not_before <= when <= signer.not_after:
            return None, 0.0
        return signer, until

    def _is_busy(self, url: str) -> bool:
        """Tell whether as much is being fetched as may be, in all or from this host."""
        if len(self._fetches) >= self._options.concurrent_fetches:
            return True
        place = _place(url)
        return sum(_place(other) == place for other in self._fetches) >= self._options.per_host

    def _start(self, url: str, when: float) -> None:
        def finished(found: _V | Finding | Failure) -> None:
            if not isinstance(found, Failure):
                found = self._settled(url, found, when)
            for waiter in self._fetches.pop(url):
                waiter.callback(found)

        Deferred.fromCoroutine(self._fetched(url, when)).addBoth(finished)

    async def _fetched(self, url: str, when: float) -> _V | Finding:
        try:
            answer = await self._fetch(url, NO_VALIDATORS)
        except Unavailable as error:
            return _unavailable(str(error))
        except Forbidden as error:
            return Finding(Code.REPOSITORY_FORBIDDEN, str(error))
        return self._judge(answer.body or b"", when)

    def _settled(self, url: str, found: _V | Finding, when: float) -> _V | Finding:
        """Keep what came of a fetch, and say what those who wait for it are told."""
        now = self._clock.seconds()
        if not isinstance(found, Finding):
            self._signers.put(url, found, now + self._options.cache_seconds)
            return found
        self._failures.put(url, found, now + self._options.negative_seconds * (2 + 2 * self._random()) / 3)
        if found.code.outcome is Outcome.UNAVAILABLE:
            return self._signer(url, when)[0] or found
        self._signers.drop(url)
        return found


class _Kept(Generic[_T]):
    """The most recently used values by URL, each with the time until which it is fresh."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, tuple[_T, float]] = OrderedDict()

    def get(self, url: str) -> tuple[_T | None, float]:
        entry = self._entries.get(url)
        if entry is None:
            return None, 0.0
        self._entries.move_to_end(url)
        return entry

    def put(self, url: str, value: _T, until: float) -> None:
        self._entries[url] = value, until
        self._entries.move_to_end(url)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def drop(self, url: str) -> None:
        self._entries.pop(url, None)


def _unavailable(detail: str) -> Finding:
    return Finding(Code.REPOSITORY_UNAVAILABLE, detail)


def _place(url: str) -> str:
    """Give the host and port of an https URL, in one spelling."""
    return url[len("https://") :].partition("/")[0].lower().removesuffix(":443")
