"""The signing certificates that tokens name by URL: fetched once, judged, and kept for a time (ATIS-1000074 5.3.1)."""

import re
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sip_guard.call import Code, Finding, Outcome
from sip_guard.repository.answer import NO_VALIDATORS, Answer, Fetch, Validators
from sip_guard.repository.disk import Disk
from sip_guard.repository.document import Document
from sip_guard.repository.endpoint import Forbidden, Unavailable, Untried
from sip_guard.repository.kept import Kept
from sip_guard.repository.options import Options
from sip_guard.repository.reach import place_of

REFRESH: Final = 0.8
"""Part of its life after which a certificate is fetched again when it is used, at a moment in the next tenth."""

_CERTIFICATE = re.compile(rb"-----BEGIN ((?:X509 )?CERTIFICATE)-----[^-]*-----END \1-----")


class Valid(Protocol):
    """What was judged good, with the time for which it is: seconds since the epoch."""

    @property
    def not_before(self) -> float:
        """From then on."""

    @property
    def not_after(self) -> float:
        """Until then."""


_V = TypeVar("_V", bound=Valid)
Judge = Callable[[bytes, float], _V | Finding]
"""Says whether the certificate in a PEM text may sign tokens at a moment in seconds since the epoch."""


class _Judged(NamedTuple, Generic[_V]):
    """What the judge has said of a certificate."""

    signer: _V
    generation: int
    """Of the judge, at that moment."""


class _Certificate(msgspec.Struct, Generic[_V], frozen=True):
    """A certificate that was judged good."""

    pem: bytes
    validators: Validators
    judged: _Judged[_V] | None
    """None: it has yet to be judged in this life of the guard."""
    refresh_at: float
    fresh_until: float


class Certificates(Generic[_V]):
    """Gives the signer behind a URL, and fetches one URL no more than once at a time.

    What was good is used for `cache_seconds`, or longer where HTTP allows it, and never past its end. In the last part
    of that time it is fetched again while it goes on being used. If that fails, it is used on while its chain is valid:
    an outage of the repository says nothing about a certificate. Failures are kept apart from what is good, so that no
    flood of URLs that lead nowhere drives it out.
    """

    def __init__(
        self,
        fetch: Fetch,
        options: Options,
        judge: Judge[_V],
        clock: IReactorTime,
        random: Callable[[], float],
        *,
        generation: Callable[[], int],
        mistake: Callable[[str, BaseException | None], None],
        disk: Disk | None = None,
    ) -> None:
        """`clock` counts lifetimes. `random` gives numbers from 0 up to 1, so that not all expires together.

        When what `generation` gives has changed, certificates are judged again before they are used. `mistake` gets
        errors of our own that nobody waits for. `disk` keeps what is good for the next start.
        """
        self._fetch = fetch
        self._options = options
        self._judge = judge
        self._clock = clock
        self._random = random
        self._generation = generation
        self._mistake = mistake
        self._disk = disk
        self._good: Kept[_Certificate[_V]] = Kept(options.cache_entries, options.cache_octets)
        self._failures: Kept[tuple[Finding, float]] = Kept(options.cache_entries)
        self._failures_of = generation()
        self._fetches: dict[str, list[Deferred[_V | Finding]]] = {}

    def __len__(self) -> int:
        """Tell how many are kept."""
        return len(self._good)

    def change(self, fetch: Fetch, options: Options) -> None:
        """Fetch in another way and by other options from now on. What is kept stays, as far as there is room."""
        self._fetch = fetch
        self._options = options
        self._failures.bound(options.cache_entries)
        for url in self._good.bound(options.cache_entries, options.cache_octets):
            self._drop(url)

    def get(self, url: str, when: float) -> _V | Finding | Deferred[_V | Finding]:
        """Give the signer whose certificate is at `url`, or why there is none; later, if it has to be fetched.

        `when`, in seconds since the epoch, is the moment that its chain has to be valid at. A Deferred may be
        cancelled: the fetch goes on for the others that wait for it, and for those to come.
        """
        now = self._clock.seconds()
        kept = self._good.get(url)
        signer = self._valid(url, kept, when)
        if signer is not None and kept is not None and now < kept.fresh_until:
            if now >= kept.refresh_at and self._may_refresh(url):
                self._start(url, when)
            return signer
        failure = self._failure(url)
        if failure is not None:
            return signer or failure
        waiter: Deferred[_V | Finding] = Deferred()
        if url in self._fetches:
            self._fetches[url].append(waiter)
        elif self._is_busy(url):
            return signer or _unavailable("too many fetches in progress")
        else:
            self._start(url, when, waiter)
        return waiter

    def offer(self, document: Document, now: float) -> bool:
        """Take what was good before a restart, to be judged when it is used; tell whether there is a place for it.

        `now`: seconds since the epoch.
        """
        if self._good.get(document.url) is not None:
            return True
        life = min(document.fresh_until - now, self._options.max_cache_seconds)
        kept = self._certificate(document.pem, document.validators, None, life)
        return self._good.offer(document.url, kept, len(document.pem))

    def _may_refresh(self, url: str) -> bool:
        """Tell whether what is in use may be fetched ahead of its end."""
        return url not in self._fetches and not self._failure(url) and not self._is_busy(url)

    def _valid(self, url: str, kept: "_Certificate[_V] | None", when: float) -> _V | None:
        """Give what is kept, if it is good by what is trusted now and its chain is valid."""
        if kept is None:
            return None
        judged, generation = kept.judged, self._generation()
        if judged is None or judged.generation != generation:
            found = self._judge(kept.pem, when)
            if isinstance(found, Finding):
                if found.code.outcome is not Outcome.UNAVAILABLE:
                    self._drop(url)
                return None
            judged = _Judged(found, generation)
            self._good.put(url, msgspec.structs.replace(kept, judged=judged), len(kept.pem))
        signer = judged.signer
        return signer if signer.not_before <= when <= signer.not_after else None

    def _failure(self, url: str) -> Finding | None:
        """Give what last came of it, if that is remembered still. What is trusted now may have changed it."""
        if self._failures_of != self._generation():
            self._failures.clear()
            self._failures_of = self._generation()
        finding, until = self._failures.get(url) or (None, 0.0)
        return finding if self._clock.seconds() < until else None

    def _is_busy(self, url: str) -> bool:
        """Tell whether as much is being fetched as may be: in all, from this host, or below this domain.

        A domain whose name servers keep silent has any number of hosts, so half of all fetches are for others.
        """
        if len(self._fetches) >= self._options.concurrent_fetches:
            return True
        place = place_of(url)
        others = [place_of(other) for other in self._fetches]
        below = sum(_domain(other[0]) == _domain(place[0]) for other in others)
        per_host = self._options.per_host
        return others.count(place) >= per_host or below >= max(self._options.concurrent_fetches // 2, per_host)

    def _start(self, url: str, when: float, *waiters: Deferred[_V | Finding]) -> None:
        def finished(found: _V | Finding | Failure) -> None:
            waiting = self._fetches.pop(url)
            if isinstance(found, Failure) and not waiting:
                self._mistake("repository", found.value)
            for waiter in waiting:
                waiter.callback(found)

        self._fetches[url] = [*waiters]
        Deferred.fromCoroutine(self._fetched(url, when)).addBoth(finished)

    async def _fetched(self, url: str, when: float) -> _V | Finding:
        """Fetch and judge, keep what comes of it, and give what those who wait for it are told."""
        known = self._good.get(url)
        try:
            answer = await self._fetch(url, known.validators if known is not None else NO_VALIDATORS)
        except Untried as error:
            return self._valid(url, self._good.get(url), when) or _unavailable(str(error))
        except Unavailable as error:
            return self._failed(url, when, _unavailable(str(error)))
        except Forbidden as error:
            return self._failed(url, when, Finding(Code.REPOSITORY_FORBIDDEN, str(error)))
        pem = known.pem if answer.body is None and known is not None else certificates_of(answer.body or b"")
        generation = self._generation()
        found = self._judge(pem, when)
        if isinstance(found, Finding):
            return self._failed(url, when, found)
        self._keep(url, when, pem, answer, _Judged(found, generation))
        return found

    def _keep(self, url: str, when: float, pem: bytes, answer: Answer, judged: _Judged[_V]) -> None:
        least, most = self._options.cache_seconds, self._options.max_cache_seconds
        life = min(max(answer.lifetime or 0.0, least), most, max(judged.signer.not_after - when, 0.0))
        kept = self._certificate(pem, answer.validators, judged, life)
        gone = self._good.put(url, kept, len(pem))
        self._failures.drop(url)
        if self._disk is not None:
            self._disk.keep(Document(url, kept.validators, int(when + life), pem))
            for each in gone:
                self._disk.drop(each)

    def _certificate(
        self, pem: bytes, validators: Validators, judged: _Judged[_V] | None, life: float
    ) -> _Certificate[_V]:
        now = self._clock.seconds()
        return _Certificate(pem, validators, judged, now + life * (REFRESH + self._random() / 10), now + life)

    def _drop(self, url: str) -> None:
        self._good.drop(url)
        if self._disk is not None:
            self._disk.drop(url)

    def _failed(self, url: str, when: float, finding: Finding) -> _V | Finding:
        """Remember a failure. What is fresh goes on being used all the same, and in an outage what is valid."""
        now = self._clock.seconds()
        until = now + self._options.negative_seconds * (2 + 2 * self._random()) / 3
        self._failures.put(url, (finding, until))
        kept = self._good.get(url)
        signer = self._valid(url, kept, when)
        outage = finding.code.outcome is Outcome.UNAVAILABLE
        if signer is not None and kept is not None and (outage or now < kept.fresh_until):
            return signer
        if not outage and kept is not None:
            self._drop(url)
        return finding


def certificates_of(text: bytes) -> bytes:
    """Give the certificates in a PEM text, if there are any, without what else a stranger has written around them."""
    return b"".join(piece[0] + b"\n" for piece in _CERTIFICATE.finditer(text)) or text


def _unavailable(detail: str) -> Finding:
    return Finding(Code.REPOSITORY_UNAVAILABLE, detail)


def _domain(host: str) -> str:
    """Give the last two labels of a host: what its owner can put any number of hosts below."""
    return ".".join(host.rsplit(".", 2)[-2:])
