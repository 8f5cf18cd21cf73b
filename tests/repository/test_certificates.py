from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sip_guard.call import Code, Finding
from sip_guard.repository.answer import NO_VALIDATORS, Answer, Validators
from sip_guard.repository.certificates import Certificates, certificates_of
from sip_guard.repository.endpoint import Forbidden, Unavailable, Untried
from sip_guard.repository.options import Options
from sip_guard.stir.certificate import Signer

URL = "https://certs.example.com/a.pem"
NOW = 1_700_000_000.0
DAY = 86_400.0
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()

Found = Signer | Finding


def a_signer(subject: str = "CN=SHAKEN 1234", not_after: float = NOW + 30 * DAY) -> Signer:
    return Signer(KEY, ("1234",), (), NOW - DAY, not_after, subject, "CN=CA", ())


BAD = Finding(Code.CERTIFICATE_UNTRUSTED, "no way to an anchor")


class Web:
    """Stands for the fetcher and the judge: the test says when and how each fetch ends."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open: dict[str, Deferred[Answer]] = {}
        self.cancelled: list[str] = []
        self._judgements: dict[bytes, Found | Exception] = {}
        self.judged_for: list[float] = []
        self.validators: list[Validators] = []
        self.at_once: Callable[[], Coroutine[Any, Any, Answer]] | None = None

    def fetch(self, url: str, validators: Validators) -> Deferred[Answer]:
        assert url not in self.open, "one fetch of a URL at a time"
        self.validators.append(validators)
        if self.at_once is not None:
            return Deferred.fromCoroutine(self.at_once())
        self.asked.append(url)
        self.open[url] = Deferred(lambda _: self.cancelled.append(url))
        return self.open[url]

    def judge(self, pem: bytes, when: float) -> Found:
        self.judged_for.append(when)
        judgement = self._judgements[pem]
        if isinstance(judgement, Exception):
            raise judgement
        return judgement

    def gives(
        self,
        found: Found | Exception,
        url: str = URL,
        *,
        lifetime: float | None = None,
        validators: Validators = NO_VALIDATORS,
        padding: bytes = b"",
    ) -> bytes:
        """End the fetch of `url` with a certificate that is judged to be `found`."""
        pem = b"PEM %d" % len(self._judgements) + padding
        self._judgements[pem] = found
        self.open.pop(url).callback(Answer(pem, validators, lifetime))
        return pem

    def thinks(self, found: Found, pem: bytes) -> None:
        """Judge a certificate in another way from now on."""
        self._judgements[pem] = found

    def says_not_modified(self, url: str = URL, lifetime: float | None = None) -> None:
        self.open.pop(url).callback(Answer(None, self.validators[-1], lifetime))

    def fails(self, error: Exception, url: str = URL) -> None:
        self.open.pop(url).errback(error)


class Repository:
    """Certificates whose clock, web and luck belong to the test."""

    def __init__(self, options: Options) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.web = Web()
        self.luck = 0.5
        self.generation = 1
        self.mistakes: list[BaseException | None] = []
        self.certificates = Certificates(
            self.web.fetch,
            options,
            self.web.judge,
            self.clock,
            lambda: self.luck,
            generation=lambda: self.generation,
            mistake=lambda _, error: self.mistakes.append(error),
        )

    def at_once(self, url: str = URL) -> Found:
        found = self.certificates.get(url, self.clock.seconds())
        assert not isinstance(found, Deferred), "it has to be waited for"
        return found

    def later(self, url: str = URL) -> "Waiter":
        found = self.certificates.get(url, self.clock.seconds())
        assert isinstance(found, Deferred), f"it is there at once: {found}"
        return Waiter(found)

    def has(
        self, found: Found, url: str = URL, lifetime: float | None = None, validators: Validators = NO_VALIDATORS
    ) -> bytes:
        """Fetch `url` once with this result. Gives the PEM text."""
        waiter = self.later(url)
        pem = self.web.gives(found, url, lifetime=lifetime, validators=validators)
        assert waiter.told == [found]
        return pem


class Waiter:
    """A call that waits."""

    def __init__(self, deferred: Deferred[Found]) -> None:
        self.deferred = deferred
        self.told: list[Found | Failure] = []
        deferred.addBoth(self.told.append)

    def error(self) -> type[BaseException] | None:
        (failure,) = self.told
        assert isinstance(failure, Failure)
        return failure.type


@pytest.fixture
def repository() -> Repository:
    return Repository(Options())


def finding_of(waiter: Waiter) -> Finding:
    (found,) = waiter.told
    assert isinstance(found, Finding)
    return found


def test_a_certificate_is_fetched_once_and_then_there_at_once(repository: Repository) -> None:
    good = a_signer()
    repository.has(good)
    repository.clock.advance(DAY / 2)
    assert repository.at_once() is good
    assert repository.web.asked == [URL]


def test_it_is_judged_for_the_moment_of_the_call(repository: Repository) -> None:
    repository.certificates.get(URL, NOW - 7)
    repository.web.gives(a_signer())
    assert repository.web.judged_for == [NOW - 7]


def test_many_calls_wait_for_one_fetch_and_each_is_told(repository: Repository) -> None:
    waiters = [repository.later() for _ in range(50)]
    assert repository.web.asked == [URL]
    assert not any(waiter.told for waiter in waiters)
    good = a_signer()
    repository.web.gives(good)
    assert [waiter.told for waiter in waiters] == [[good]] * 50


def test_the_whole_url_is_the_key(repository: Repository) -> None:
    repository.has(a_signer())
    repository.later(URL + "x")
    repository.later(URL.replace("certs", "Certs"))
    assert len(repository.web.asked) == 3


def test_a_waiter_that_is_cancelled_leaves_the_others_waiting(repository: Repository) -> None:
    first, second, third = (repository.later() for _ in range(3))
    first.deferred.cancel()
    third.deferred.cancel()
    assert first.error() is CancelledError
    assert not repository.web.cancelled
    good = a_signer()
    repository.web.gives(good)
    assert second.told == [good]
    assert len(first.told) == len(third.told) == 1


def test_a_fetch_that_nobody_waits_for_any_more_still_fills_the_cache(repository: Repository) -> None:
    repository.later().deferred.cancel()
    assert not repository.web.cancelled
    good = a_signer()
    repository.web.gives(good)
    assert repository.at_once() is good


def test_a_waiter_may_cancel_another_while_it_is_told(repository: Repository) -> None:
    first, second = repository.later(), repository.later()
    first.deferred.addCallback(lambda _: second.deferred.cancel())
    repository.web.gives(a_signer())
    assert second.error() is CancelledError


def test_a_waiter_may_ask_again_while_it_is_told(repository: Repository) -> None:
    good = a_signer()
    again: list[object] = []
    repository.later().deferred.addCallback(lambda _: again.append(repository.at_once()))
    repository.web.gives(good)
    assert again == [good]


def test_a_fetch_that_ends_at_once_is_told_as_well() -> None:
    repository = Repository(Options())
    repository.web.at_once = an_outage
    assert finding_of(repository.later()) == Finding(Code.REPOSITORY_FORBIDDEN, "no")


async def an_outage() -> Answer:
    raise Forbidden("no")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("certs.example.com answered 404"), Code.REPOSITORY_UNAVAILABLE),
        (Forbidden("certs.example.com resolves to 10.0.0.1"), Code.REPOSITORY_FORBIDDEN),
    ],
)
def test_a_fetch_that_fails_is_a_finding_with_its_reason(repository: Repository, error: Exception, code: Code) -> None:
    waiters = repository.later(), repository.later()
    repository.web.fails(error)
    assert [finding_of(waiter) for waiter in waiters] == [Finding(code, str(error))] * 2


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 30.0), (0.5, 45.0), (1.0, 60.0)])
def test_a_failure_is_remembered_for_30_to_60_seconds(repository: Repository, luck: float, seconds: float) -> None:
    repository.luck = luck
    repository.later()
    repository.web.fails(Unavailable("it is down"))
    repository.clock.advance(seconds - 0.5)
    assert repository.at_once() == Finding(Code.REPOSITORY_UNAVAILABLE, "it is down")
    repository.clock.advance(1)
    repository.has(a_signer())
    assert repository.at_once() == a_signer()


def test_a_bad_certificate_is_remembered_for_as_long_as_a_failure(repository: Repository) -> None:
    repository.has(BAD)
    repository.clock.advance(44)
    assert repository.at_once() is BAD
    repository.clock.advance(2)
    repository.later()


def test_a_certificate_past_its_time_is_fetched_again(repository: Repository) -> None:
    repository.has(a_signer("CN=old"))
    repository.clock.advance(DAY)
    repository.has(a_signer("CN=new"))
    assert repository.at_once() == a_signer("CN=new")


def test_a_certificate_is_never_used_past_its_end(repository: Repository) -> None:
    repository.has(a_signer(not_after=NOW + 100))
    assert isinstance(repository.certificates.get(URL, NOW + 100), Signer)
    waiter = repository.certificates.get(URL, NOW + 100.5)
    assert isinstance(waiter, Deferred)
    repository.web.fails(Unavailable("it is down"))
    assert finding_of(Waiter(waiter)).code is Code.REPOSITORY_UNAVAILABLE


def test_a_certificate_is_not_used_for_a_call_before_its_beginning(repository: Repository) -> None:
    repository.has(a_signer())
    assert isinstance(repository.certificates.get(URL, NOW - 2 * DAY), Deferred)


@pytest.mark.parametrize("error", [Unavailable("it is down"), Forbidden("it resolves to 10.0.0.1")])
def test_what_was_good_outlives_an_outage(repository: Repository, error: Exception) -> None:
    good = a_signer()
    repository.has(good)
    repository.clock.advance(DAY + 1)
    waiter = repository.later()
    repository.web.fails(error)
    assert waiter.told == [good]
    assert repository.at_once() is good
    repository.clock.advance(46)
    repository.later()


def test_what_was_good_does_not_outlive_its_end_in_an_outage(repository: Repository) -> None:
    repository.has(a_signer(not_after=NOW + 1.5 * DAY))
    repository.clock.advance(DAY + 1)
    repository.later()
    repository.web.fails(Unavailable("it is down"))
    assert isinstance(repository.at_once(), Signer)
    found = repository.certificates.get(URL, NOW + 1.6 * DAY)
    assert found == Finding(Code.REPOSITORY_UNAVAILABLE, "it is down")


def test_a_bad_certificate_takes_the_place_of_a_good_one(repository: Repository) -> None:
    repository.has(a_signer())
    repository.clock.advance(DAY + 1)
    repository.has(BAD)
    assert repository.at_once() is BAD
    repository.clock.advance(61)
    waiter = repository.later()
    repository.web.fails(Unavailable("it is down"))
    assert finding_of(waiter).code is Code.REPOSITORY_UNAVAILABLE


def urls(count: int) -> list[str]:
    return [f"https://host{i}.example.com/a.pem" for i in range(count)]


def test_the_certificate_that_was_used_longest_ago_makes_room() -> None:
    repository = Repository(Options(cache_entries=3))
    first, second, third, fourth = urls(4)
    for url in (first, second, third):
        repository.has(a_signer(url), url)
    repository.at_once(first)
    repository.has(a_signer(fourth), fourth)
    assert [repository.at_once(url) for url in (first, third, fourth)] == [a_signer(u) for u in (first, third, fourth)]
    repository.later(second)


def test_a_flood_of_failures_leaves_what_is_good() -> None:
    repository = Repository(Options(cache_entries=3))
    repository.has(a_signer())
    for url in urls(10):
        repository.has(BAD, url)
    assert isinstance(repository.at_once(), Signer)
    assert [repository.at_once(url) for url in urls(10)[-3:]] == [BAD] * 3
    repository.later(urls(10)[0])


def test_too_many_fetches_in_all_are_refused_at_once_and_not_remembered() -> None:
    repository = Repository(Options(concurrent_fetches=5))
    waiting = urls(5)
    for url in waiting:
        repository.later(url)
    assert repository.at_once() == Finding(Code.REPOSITORY_UNAVAILABLE, "too many fetches in progress")
    repository.later(waiting[0])
    repository.web.gives(a_signer(), waiting[0])
    repository.later()


def test_too_many_fetches_from_one_host_leave_room_for_others() -> None:
    repository = Repository(Options(per_host=2))
    repository.later("https://certs.example.com/1.pem")
    repository.later("https://CERTS.example.com:443/2.pem")
    assert repository.at_once("https://certs.example.com/3.pem") == Finding(
        Code.REPOSITORY_UNAVAILABLE, "too many fetches in progress"
    )
    repository.later("https://certs.example.com:8443/3.pem")
    repository.later("https://certs.example.org/3.pem")


def test_what_was_good_is_used_while_there_are_too_many_fetches() -> None:
    repository = Repository(Options(concurrent_fetches=1))
    good = a_signer()
    repository.has(good)
    repository.clock.advance(DAY + 1)
    repository.later(urls(1)[0])
    assert repository.at_once() is good


@pytest.mark.parametrize(
    "go_wrong",
    [
        lambda web: web.gives(ValueError("a mistake in the judge")),
        lambda web: web.fails(ValueError("a mistake in the fetcher")),
    ],
)
def test_a_mistake_of_our_own_reaches_all_who_wait_and_is_not_kept(
    repository: Repository, go_wrong: Callable[[Web], None]
) -> None:
    waiters = repository.later(), repository.later()
    go_wrong(repository.web)
    assert [waiter.error() for waiter in waiters] == [ValueError, ValueError]
    repository.has(a_signer())


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [(None, DAY), (0.0, DAY), (3600.0, DAY), (2 * DAY, 2 * DAY), (30 * DAY, 7 * DAY)],
    ids=["silent", "not at all", "an hour", "two days", "a month"],
)
def test_it_is_used_for_as_long_as_http_allows_within_bounds(
    repository: Repository, lifetime: float | None, seconds: float
) -> None:
    """ATIS-1000074 5.3.1: less than 24 hours, or nothing, is 24 hours."""
    good = a_signer()
    repository.has(good, lifetime=lifetime)
    repository.clock.advance(seconds - 1)
    assert repository.at_once() is good
    repository.web.fails(Untried("not now"))
    repository.clock.advance(2)
    repository.later()


def test_it_is_fetched_again_in_the_last_part_of_its_life_while_it_goes_on_being_used(repository: Repository) -> None:
    old, new = a_signer("CN=old"), a_signer("CN=new")
    repository.has(old)
    repository.clock.advance(0.84 * DAY)
    assert repository.at_once() is old
    assert repository.web.asked == [URL]
    repository.clock.advance(0.02 * DAY)
    assert [repository.at_once() for _ in range(3)] == [old] * 3
    assert repository.web.asked == [URL, URL]
    repository.web.gives(new)
    repository.clock.advance(0.5 * DAY)
    assert repository.at_once() is new
    assert repository.web.asked == [URL, URL]


def test_a_certificate_that_ends_soon_is_fetched_again_before_its_end(repository: Repository) -> None:
    repository.has(a_signer("CN=old", not_after=NOW + 1000))
    repository.clock.advance(900)
    repository.at_once()
    repository.web.gives(a_signer("CN=new"))
    repository.clock.advance(200)
    assert repository.at_once() == a_signer("CN=new")


@pytest.mark.parametrize("error", [Unavailable("it is down"), Forbidden("it resolves to 10.0.0.1")])
def test_a_refresh_that_fails_is_not_tried_for_every_call(repository: Repository, error: Exception) -> None:
    good = a_signer()
    repository.has(good)
    repository.clock.advance(0.95 * DAY)
    repository.at_once()
    repository.web.fails(error)
    assert [repository.at_once() for _ in range(3)] == [good] * 3
    assert len(repository.web.asked) == 2
    repository.clock.advance(46)
    assert repository.at_once() is good
    assert len(repository.web.asked) == 3


def test_what_a_refresh_brings_that_is_bad_does_not_end_the_life_of_what_is_good(repository: Repository) -> None:
    good = a_signer()
    repository.has(good)
    repository.clock.advance(0.95 * DAY)
    repository.at_once()
    repository.web.gives(BAD)
    assert repository.at_once() is good
    repository.clock.advance(0.06 * DAY)
    repository.has(BAD)
    assert repository.at_once() is BAD


def test_a_mistake_of_our_own_in_the_background_is_told(repository: Repository) -> None:
    good = a_signer()
    repository.has(good)
    repository.clock.advance(0.95 * DAY)
    repository.at_once()
    error = ValueError("a mistake in the judge")
    repository.web.gives(error)
    assert repository.mistakes == [error]
    assert repository.at_once() is good


KNOWN = Validators('"abc"', "Tue, 14 Nov 2023 22:00:00 GMT")


def test_what_has_not_been_modified_is_judged_and_kept_anew(repository: Repository) -> None:
    good = a_signer()
    repository.has(good, validators=KNOWN)
    repository.clock.advance(DAY + 1)
    waiter = repository.later()
    repository.web.says_not_modified(lifetime=2 * DAY)
    assert repository.web.validators == [NO_VALIDATORS, KNOWN]
    assert repository.web.judged_for == [NOW, NOW + DAY + 1]
    assert waiter.told == [good]
    repository.clock.advance(1.5 * DAY)
    assert repository.at_once() is good
    assert len(repository.web.asked) == 2


def test_what_has_not_been_modified_and_is_no_longer_good_is_not_used(repository: Repository) -> None:
    pem = repository.has(a_signer(), validators=KNOWN)
    repository.clock.advance(DAY + 1)
    waiter = repository.later()
    repository.web.thinks(BAD, pem)
    repository.web.says_not_modified()
    assert waiter.told == [BAD]
    repository.clock.advance(61)
    repository.later()
    assert repository.web.validators[-1] == NO_VALIDATORS


def test_when_other_anchors_are_trusted_it_is_judged_again_before_it_is_used(repository: Repository) -> None:
    pem = repository.has(a_signer())
    other = a_signer("CN=by another anchor")
    repository.web.thinks(other, pem)
    repository.generation += 1
    assert [repository.at_once() for _ in range(3)] == [other] * 3
    assert len(repository.web.judged_for) == 2
    assert repository.web.asked == [URL]


def test_when_its_anchor_is_no_longer_trusted_it_is_not_used(repository: Repository) -> None:
    pem = repository.has(a_signer())
    repository.web.thinks(BAD, pem)
    repository.generation += 1
    waiter = repository.later()
    repository.web.gives(BAD)
    assert waiter.told == [BAD]


def test_an_outage_of_the_judge_does_not_cost_what_is_kept(repository: Repository) -> None:
    pem = repository.has(good := a_signer())
    outage = Finding(Code.REVOCATION_UNAVAILABLE, "no list")
    repository.web.thinks(outage, pem)
    repository.generation += 1
    waiter = repository.later()
    repository.web.gives(outage)
    assert waiter.told == [outage]
    repository.web.thinks(good, pem)
    assert repository.at_once() is good


def test_what_was_bad_is_fetched_again_at_once_when_other_anchors_are_trusted(repository: Repository) -> None:
    repository.has(BAD)
    assert repository.at_once() is BAD
    repository.generation += 1
    repository.has(a_signer())


def test_what_was_not_tried_is_not_remembered_as_a_failure(repository: Repository) -> None:
    waiter = repository.later()
    repository.web.fails(Untried("too many host names are being looked up"))
    assert finding_of(waiter) == Finding(Code.REPOSITORY_UNAVAILABLE, "too many host names are being looked up")
    repository.has(a_signer())


def test_the_hosts_of_one_domain_leave_half_of_the_fetches_to_others() -> None:
    repository = Repository(Options(concurrent_fetches=6, per_host=2))
    for i in range(3):
        repository.later(f"https://{i}.slow.example.net/a.pem")
    assert finding_at_once(repository, "https://5.slow.example.net/a.pem") == "too many fetches in progress"
    repository.later()


def finding_at_once(repository: Repository, url: str) -> str:
    found = repository.at_once(url)
    assert isinstance(found, Finding)
    return found.detail


def test_certificates_are_bounded_in_octets_too() -> None:
    repository = Repository(Options(cache_octets=1_048_576))
    first, second, third = urls(3)
    for url in (first, second, third):
        waiter = repository.later(url)
        repository.web.gives(a_signer(url), url, padding=b"x" * 500_000)
        assert waiter.told == [a_signer(url)]
    assert isinstance(repository.at_once(third), Signer)
    assert isinstance(repository.at_once(second), Signer)
    repository.later(first)


def test_only_the_certificates_of_a_text_are_judged_and_kept() -> None:
    block = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
    text = b"URL: https://other.example.com/\n" + block + b"\n<script>" + block + b"x" * 1000
    assert certificates_of(text) == (block + b"\n") * 2
    assert certificates_of(b"<html>no</html>") == b"<html>no</html>"
