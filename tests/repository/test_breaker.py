import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sip_guard.repository.answer import NO_VALIDATORS, Answer, Validators
from sip_guard.repository.breaker import MAX_HOSTS, Breakers
from sip_guard.repository.endpoint import Absent, Forbidden, Unavailable, Untried

HOST = "certs.example.com"
URL = f"https://{HOST}/a.pem"
GOOD = Answer(b"PEM", NO_VALIDATORS, None)


class Hosts:
    """Breakers before hosts whose answers the test gives."""

    def __init__(self, down_after: int = 3) -> None:
        self.clock = Clock()
        self.luck = 0.5
        self.asked: list[str] = []
        self.open: list[Deferred[Answer]] = []
        self.told: list[tuple[str, str]] = []
        self.breakers = Breakers(
            self._fetch, self.clock, lambda: self.luck, self._tell, down_after=down_after, retry_after=30.0
        )

    def _fetch(self, url: str, _: Validators) -> Deferred[Answer]:
        self.asked.append(url)
        self.open.append(Deferred())
        return self.open[-1]

    def _tell(self, event: str, *, host: str, **_: object) -> None:
        self.told.append((event, host))

    def get(self, url: str = URL) -> list[object]:
        results: list[object] = []
        self.breakers.get(url, NO_VALIDATORS).addBoth(
            lambda found: results.append(found.value if isinstance(found, Failure) else found)
        )
        return results

    def fails(self, error: Exception, url: str = URL) -> None:
        """Ask, and let it fail."""
        results = self.get(url)
        self.open.pop().errback(error)
        assert results == [error]

    def is_down(self, url: str = URL) -> bool:
        before = len(self.asked)
        results = self.get(url)
        if len(self.asked) > before:
            self.open.pop().errback(Forbidden("only a look"))
            return False
        assert isinstance(results[0], Untried)
        return True

    def goes_down(self) -> None:
        for _ in range(3):
            self.fails(Unavailable("no answer"))
        assert self.is_down()


def test_a_host_that_fails_again_and_again_is_not_asked_for_a_while() -> None:
    hosts = Hosts()
    hosts.fails(Unavailable("no answer"))
    hosts.fails(Unavailable("it answered 503"), URL + "2")
    assert not hosts.is_down()
    hosts.fails(Unavailable("no answer"))
    asked = len(hosts.asked)
    (error,) = hosts.get(URL + "3")
    assert str(error) == f"{HOST} is not asked for 30 s more, after 3 failures in a row"
    assert len(hosts.asked) == asked
    assert hosts.told == [("repository_down", HOST)]


@pytest.mark.parametrize("status", [200, 404])
def test_any_sound_answer_begins_the_count_anew(status: int) -> None:
    hosts = Hosts()
    for _ in range(5):
        hosts.fails(Unavailable("no answer"))
        hosts.fails(Unavailable("no answer"))
        assert hosts.get() == []
        if status == 200:
            hosts.open.pop().callback(GOOD)
        else:
            hosts.open.pop().errback(Absent("it answered 404"))
    assert not hosts.is_down()
    assert hosts.told == []


@pytest.mark.parametrize("error", [Absent("it answered 404"), Forbidden("10.0.0.1"), Untried("x"), ValueError("ours")])
def test_what_says_nothing_against_a_host_is_not_counted(error: Exception) -> None:
    hosts = Hosts()
    for _ in range(10):
        hosts.fails(error)
    assert not hosts.is_down()


def test_each_host_and_port_has_a_breaker_of_its_own_in_whatever_spelling() -> None:
    hosts = Hosts()
    hosts.goes_down()
    assert hosts.is_down("https://CERTS.example.com:443/b.pem")
    assert not hosts.is_down("https://certs.example.org/a.pem")
    assert not hosts.is_down(f"https://{HOST}:8443/a.pem"), "or whoever writes a token could silence a good one"


def test_hosts_with_long_names_are_not_mixed_up() -> None:
    hosts = Hosts()
    long = "https://" + "a." * 60
    for _ in range(3):
        hosts.fails(Unavailable("no answer"), long + "example.com/")
    assert hosts.is_down(long + "example.com/")
    assert not hosts.is_down(long + "example.org/")


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 24.0), (0.5, 30.0), (1.0, 36.0)])
def test_after_the_pause_one_fetch_at_a_time_tries_it(luck: float, seconds: float) -> None:
    hosts = Hosts()
    hosts.luck = luck
    hosts.goes_down()
    hosts.clock.advance(seconds - 0.1)
    assert hosts.is_down()
    hosts.clock.advance(0.2)
    asked = len(hosts.asked)
    first, second = hosts.get(), hosts.get()
    assert len(hosts.asked) == asked + 1
    assert str(second[0]) == f"{HOST} is not asked but by one fetch, after 3 failures in a row"
    hosts.open.pop().callback(GOOD)
    assert first == [GOOD]
    assert not hosts.is_down()
    assert hosts.told == [("repository_down", HOST), ("repository_up", HOST)]


def test_pauses_grow_up_to_five_minutes() -> None:
    hosts = Hosts()
    hosts.goes_down()
    pauses = []
    for _ in range(6):
        start = hosts.clock.seconds()
        while hosts.is_down():
            hosts.clock.advance(1)
        pauses.append(hosts.clock.seconds() - start)
        hosts.fails(Unavailable("no answer"))
    assert pauses == [30, 60, 120, 240, 300, 300]
    assert hosts.told == [("repository_down", HOST)]


def test_fetches_that_were_under_way_do_not_make_the_pause_longer() -> None:
    hosts = Hosts()
    waiting = [hosts.get() for _ in range(8)]
    for deferred in hosts.open:
        deferred.errback(Unavailable("no answer"))
    assert len(waiting) == 8
    hosts.clock.advance(30.1)
    assert not hosts.is_down()


def test_an_answer_to_a_fetch_that_was_under_way_shows_that_it_is_back() -> None:
    hosts = Hosts()
    hosts.get()
    late = hosts.open.pop()
    hosts.goes_down()
    late.callback(GOOD)
    assert not hosts.is_down()


@pytest.mark.parametrize("error", [Forbidden("10.0.0.1"), Untried("too many"), ValueError("ours")])
def test_a_try_that_says_nothing_is_followed_by_another(error: Exception) -> None:
    hosts = Hosts()
    hosts.goes_down()
    hosts.clock.advance(31)
    hosts.fails(error)
    assert not hosts.is_down()


def test_a_fetch_that_is_cancelled_lets_the_next_one_try() -> None:
    hosts = Hosts()
    hosts.goes_down()
    hosts.clock.advance(31)
    trying = hosts.breakers.get(URL, NO_VALIDATORS)
    trying.addErrback(lambda _: None)
    trying.cancel()
    assert not hosts.is_down()


def test_a_flood_of_hosts_leaves_the_table_bounded() -> None:
    hosts = Hosts(down_after=1)
    for i in range(MAX_HOSTS + 10):
        hosts.fails(Unavailable("no answer"), f"https://host{i}.example.com/")
    assert len(hosts.breakers._circuits) == MAX_HOSTS
    assert hosts.is_down(f"https://host{MAX_HOSTS}.example.com/")
