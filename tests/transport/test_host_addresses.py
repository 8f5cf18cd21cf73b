from pathlib import Path
from typing import Any

import pytest
from dns_server import SILENT, Zone
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.names.error import DNSServerError
from twisted.python.failure import Failure

from sip_guard.repository.endpoint import Forbidden, Unavailable, Untried
from sip_guard.repository.https import Fetcher
from sip_guard.repository.reach import Public
from sip_guard.transport.addresses import Addresses
from sip_guard.transport.dns import MAX_QUESTIONS, DnsOptions
from sip_guard.transport.locate import Locator

HOST = "certs.example.com"


class LookUps:
    """Look-ups in a zone, and a reactor without sockets."""

    def __init__(self, zone: str = "", hosts: str = "/dev/null") -> None:
        self.zone = Zone(zone)
        self.reactor: Any = MemoryReactorClock()  # type: ignore[no-untyped-call]
        self.addresses = Addresses(Locator(self.zone, self.reactor, DnsOptions(timeout=2.0), hosts=hosts))

    def asks(self, host: str = HOST) -> list[Any]:
        return noted(self.addresses.look_up(host))

    def finds(self, host: str = HOST) -> list[str]:
        (found,) = self.asks(host)
        assert isinstance(found, list), found
        return found

    def fetches(self, url: str) -> list[Any]:
        fetcher = Fetcher(self.reactor, Public(), look_up=self.addresses.look_up)
        results = noted(fetcher.get(url))
        self.reactor.advance(0)
        return results

    @property
    def connected(self) -> list[str]:
        return [client[0] for client in self.reactor.tcpClients]


def noted(deferred: Deferred[Any]) -> list[Any]:
    results: list[Any] = []
    deferred.addBoth(lambda found: results.append(found.value if isinstance(found, Failure) else found))
    return results


def test_both_families_are_given_by_turns() -> None:
    look_ups = LookUps(f"{HOST} A 8.8.8.8\n{HOST} A 9.9.9.9\n{HOST} AAAA 2606:4700::1")
    assert look_ups.finds() == ["8.8.8.8", "2606:4700::1", "9.9.9.9"]


@pytest.mark.parametrize("host", ["192.0.2.1", "2606:4700::1"])
def test_a_numeric_address_is_not_looked_up(host: str) -> None:
    look_ups = LookUps()
    assert look_ups.finds(host) == [host]
    assert look_ups.zone.asked == []


@pytest.mark.parametrize("host", ["nowhere.example.com", "a..b", "x" * 300, "0x7f.1"])
def test_what_is_no_name_or_unknown_has_no_address(host: str) -> None:
    assert LookUps().finds(host) == []


def test_the_hosts_file_is_asked_first(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(f"192.0.2.7 {HOST}\n")
    look_ups = LookUps(f"{HOST} A 8.8.8.8", str(tmp_path / "hosts"))
    assert look_ups.finds() == ["192.0.2.7"]


def test_an_outage_is_unavailable_with_its_reason() -> None:
    look_ups = LookUps()
    look_ups.zone.outages["*"] = DNSServerError
    (error,) = look_ups.asks()
    assert type(error) is Unavailable
    assert str(error) == f"{HOST} cannot be looked up: {HOST} A: DNSServerError"


def test_a_name_server_that_keeps_silent_is_waited_for_no_longer_than_a_fetch_may_take() -> None:
    look_ups = LookUps()
    look_ups.zone.outages["*"] = SILENT
    waiting = look_ups.asks()
    look_ups.reactor.advance(1.9)
    assert waiting == []
    look_ups.reactor.advance(0.2)
    assert type(waiting[0]) is Unavailable


def test_when_one_family_is_silent_the_other_is_enough() -> None:
    look_ups = LookUps(f"{HOST} A 8.8.8.8")
    look_ups.zone.outages[f"{HOST} AAAA"] = SILENT
    waiting = look_ups.asks()
    look_ups.reactor.advance(0.6)
    assert waiting == [["8.8.8.8"]]


def test_slow_names_do_not_keep_others_from_being_looked_up_and_too_many_are_no_failure() -> None:
    look_ups = LookUps(f"{HOST} A 8.8.8.8")
    look_ups.zone.outages.update({f"{i}.slow.example": SILENT for i in range(MAX_QUESTIONS // 2)})
    slow = [look_ups.asks(f"{i}.slow.example") for i in range(MAX_QUESTIONS // 2 - 1)]
    assert look_ups.finds() == ["8.8.8.8"]
    slow.append(look_ups.asks(f"{MAX_QUESTIONS // 2 - 1}.slow.example"))
    (error,) = look_ups.asks("another.example.com")
    assert type(error) is Untried
    look_ups.reactor.advance(2.1)
    assert {type(each[0]) for each in slow} == {Unavailable}
    assert look_ups.finds("another.example.com") == []


@pytest.mark.parametrize(
    ("record", "address"),
    [
        ("A 127.0.0.1", "127.0.0.1"),
        ("A 0.0.0.0", "0.0.0.0"),
        ("A 169.254.169.254", "169.254.169.254"),
        ("A 224.0.0.1", "224.0.0.1"),
        ("AAAA ::1", "::1"),
        ("AAAA ::ffff:10.0.0.1", "::ffff:a00:1"),
        ("AAAA 64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
        ("AAAA fe80::1", "fe80::1"),
    ],
)
def test_one_address_inside_beside_a_public_one_is_seen_and_forbids_the_fetch(record: str, address: str) -> None:
    look_ups = LookUps(f"{HOST} A 8.8.8.8\n{HOST} {record}")
    (error,) = look_ups.fetches(f"https://{HOST}/a.pem")
    assert isinstance(error, Forbidden)
    assert f"{HOST} resolves to " in str(error)
    assert look_ups.connected == []
    assert address in look_ups.finds()


def test_a_name_server_that_changes_its_mind_cannot_lead_inside() -> None:
    look_ups = LookUps(f"{HOST} 0 A 8.8.8.8")
    assert look_ups.fetches(f"https://{HOST}/a.pem") == []
    look_ups.zone.remove(HOST)
    look_ups.zone.add(f"{HOST} 0 A 127.0.0.1")
    look_ups.reactor.advance(1)
    assert look_ups.connected == ["8.8.8.8"]
    look_ups.reactor.advance(10)
    (error,) = look_ups.fetches(f"https://{HOST}/b.pem")
    assert isinstance(error, Forbidden), "the new answer is checked like the first"
    assert look_ups.connected == ["8.8.8.8"]
