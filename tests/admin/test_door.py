"""Who may look, and at what."""

from http import HTTPStatus

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Counter
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sip_guard.admin.door import Door
from sip_guard.admin.lock import TRIES, Lock
from sip_guard.admin.page import Answer, Asked
from sip_guard.admin.pages import Readiness, pages
from sip_guard.admin.password import Hash

READY = Readiness(3, draining=False, reasons=())
DRAINING = Readiness(3, draining=True, reasons=("draining: calls in progress end, and no new ones are taken",))


def counted() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("calls", "Calls.", registry=registry).inc(7)
    return registry


def door(readiness: Readiness = READY, *, lock: Lock | None = None, hosts: frozenset[str] = frozenset()) -> Door:
    return Door(pages(counted(), lambda: readiness), hosts, lock)


def asks(of: Door, path: str = "/healthz", **given: object) -> Answer:
    asked = Asked(**{"method": "GET", "path": path, "host": "127.0.0.1", "source": "127.0.0.1"} | given)  # type: ignore[arg-type]
    came: list[Answer] = []
    answer = of.answer(asked)
    if isinstance(answer, Deferred):
        answer.addCallback(came.append)
    else:
        came.append(answer)
    return came[0]


def test_a_guard_that_answers_is_alive() -> None:
    answer = asks(door())
    assert (answer.status, answer.body) == (HTTPStatus.OK, b"alive\n")


def test_a_guard_is_ready_until_there_is_a_reason_against_it() -> None:
    answer = asks(door(), "/readyz")
    assert answer.status is HTTPStatus.OK
    assert msgspec.json.decode(answer.body) == {"ready": True, "generation": 3, "draining": False, "reasons": []}
    answer = asks(door(DRAINING), "/readyz")
    assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert msgspec.json.decode(answer.body) == {
        "ready": False,
        "generation": 3,
        "draining": True,
        "reasons": ["draining: calls in progress end, and no new ones are taken"],
    }


def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    plain = asks(door(), "/metrics")
    assert (plain.media_type, b"\ncalls_total 7.0\n" in plain.body) == (
        "text/plain; version=0.0.4; charset=utf-8",
        True,
    )
    modern = asks(door(), "/metrics", accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert modern.media_type.startswith("application/openmetrics-text; version=1.0.0")
    assert modern.body.endswith(b"# EOF\n")


def test_a_page_that_is_not_there_names_those_that_are() -> None:
    answer = asks(door(), "/metric")
    assert (answer.status, answer.body) == (
        HTTPStatus.NOT_FOUND,
        b"there is no such page, but /healthz, /metrics, /readyz\n",
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", ""])
def test_nothing_can_be_changed_here(method: str) -> None:
    answer = asks(door(), method=method)
    assert (answer.status, answer.fields) == (HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"),))


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.7", "::1", "localhost", "guard.example.com"])
def test_the_guard_is_asked_by_an_address_or_a_name_of_its_own(host: str) -> None:
    assert asks(door(hosts=frozenset({"guard.example.com"})), host=host).status is HTTPStatus.OK


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "localhost.", "", "fe80::1%eth0"])
def test_a_name_that_somebody_else_made_lead_here_is_refused(host: str) -> None:
    assert asks(door(), "/metrics", host=host).status is HTTPStatus.MISDIRECTED_REQUEST


def locked() -> Door:
    password = Hash.of(b"correct horse battery", bytes(16))
    return door(lock=Lock(password, lambda work: succeed(work()), Clock(), b"k" * 32))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nothing"])
def test_with_a_password_nothing_is_shown_without_it(path: str) -> None:
    answer = asks(locked(), path)
    assert answer.status is HTTPStatus.UNAUTHORIZED
    assert answer.fields == (("WWW-Authenticate", 'Basic realm="sip_guard", charset="UTF-8"'),)


def test_the_password_opens() -> None:
    of = locked()
    assert asks(of, authorization=b"Bearer correct horse battery").status is HTTPStatus.OK
    assert asks(of, authorization=b"Bearer wrong").status is HTTPStatus.UNAUTHORIZED


def test_who_guesses_is_told_when_to_come_again() -> None:
    of = locked()
    answers = [asks(of, authorization=b"Bearer wrong") for _ in range(TRIES + 1)]
    assert answers[-1].status is HTTPStatus.TOO_MANY_REQUESTS
    assert answers[-1].fields == (("Retry-After", "60"),)
