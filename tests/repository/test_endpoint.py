from typing import Any

import pytest
from names import Names
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from sip_guard.repository import endpoint
from sip_guard.repository.address import is_public
from sip_guard.repository.endpoint import MAX_ATTEMPTS, MAX_LOOKUPS, CheckedEndpoint, Forbidden, Unavailable, in_turns

HOST = "certs.example.com"


class Wire:
    """An endpoint on a reactor without sockets, and what it did."""

    def __init__(self, *answers: list[str], names: Names | None = None) -> None:
        self.reactor: Any = MemoryReactorClock()  # type: ignore[no-untyped-call]
        self.names = names or Names(certs_example_com=answers)
        self.reactor.nameResolver = self.names
        self.lookups = endpoint.Names(self.reactor)
        self.results: list[object] = []

    def connects(self, host: str = HOST) -> Deferred[IProtocol]:
        way = CheckedEndpoint(self.reactor, self.lookups.look_up, host, 443, is_public)
        deferred = way.connect(Factory.forProtocol(Protocol))
        deferred.addBoth(self.results.append)
        self.passes(0)
        return deferred

    def passes(self, seconds: float) -> None:
        self.reactor.advance(seconds)

    @property
    def tried(self) -> list[str]:
        return [f"{client[0]} {client[1]}" for client in self.reactor.tcpClients]

    def refuses(self, attempt: int) -> None:
        factory, connector = self.reactor.tcpClients[attempt][2], self.reactor.connectors[attempt]
        factory.clientConnectionFailed(connector, Failure(Refused()))  # type: ignore[no-untyped-call]

    def accepts(self, attempt: int) -> None:
        protocol = self.reactor.tcpClients[attempt][2].buildProtocol(None)
        protocol.makeConnection(StringTransport())  # type: ignore[no-untyped-call]

    @property
    def error(self) -> BaseException:
        (failure,) = self.results
        assert isinstance(failure, Failure)
        assert failure.value is not None
        return failure.value


def test_it_connects_to_the_address_that_was_checked() -> None:
    wire = Wire(["8.8.8.8"])
    wire.connects()
    assert wire.tried == ["8.8.8.8 443"]


def test_a_second_answer_of_the_name_server_has_no_say() -> None:
    wire = Wire(["8.8.8.8"], ["127.0.0.1"])
    wire.connects()
    wire.passes(10)
    assert wire.names.asked == [HOST]
    assert wire.tried == ["8.8.8.8 443"]


@pytest.mark.parametrize(
    ("answer", "culprit"),
    [
        (["10.0.0.1"], "10.0.0.1"),
        (["8.8.8.8", "10.0.0.1"], "10.0.0.1"),
        (["10.0.0.1", "8.8.8.8"], "10.0.0.1"),
        (["2606:4700::1", "8.8.8.8", "::ffff:169.254.169.254"], "::ffff:169.254.169.254"),
        (["64:ff9b::7f00:1"], "64:ff9b::7f00:1"),
        (["fe80::1%eth0"], "fe80::1%eth0"),
        (["8.8.8.8"] * 50 + ["::1"], "::1"),
    ],
)
def test_one_address_that_is_not_public_forbids_the_host(answer: list[str], culprit: str) -> None:
    wire = Wire(answer)
    wire.connects()
    assert isinstance(wire.error, Forbidden)
    assert str(wire.error) == f"{HOST} resolves to {culprit}, which is not a public address"
    assert wire.tried == []


def test_a_host_without_an_address_is_unavailable() -> None:
    wire = Wire([])
    wire.connects()
    assert isinstance(wire.error, Unavailable)
    assert str(wire.error) == f"{HOST} has no address"


def test_a_long_host_is_cut_short_in_what_people_read() -> None:
    wire = Wire(names=Names())
    wire.connects("a." * 100 + "example.com")
    assert str(wire.error) == "a." * 30 + "a... has no address"


def test_the_next_address_is_tried_beside_one_that_does_not_answer() -> None:
    wire = Wire(["8.8.8.8", "9.9.9.9"])
    wire.connects()
    assert wire.tried == ["8.8.8.8 443"]
    wire.passes(0.25)
    assert wire.tried == ["8.8.8.8 443", "9.9.9.9 443"]
    wire.accepts(1)
    assert [type(result) for result in wire.results] == [Protocol]
    assert [connector.stoppedConnecting for connector in wire.reactor.connectors] == [True, False]


def test_a_refusal_is_told_when_no_address_is_left() -> None:
    wire = Wire(["8.8.8.8", "9.9.9.9"])
    wire.connects()
    wire.refuses(0)
    assert wire.results == []
    wire.passes(0.25)
    wire.refuses(1)
    assert isinstance(wire.error, Unavailable)
    assert str(wire.error) == f"{HOST} refuses the connection"


def test_only_so_many_addresses_are_tried() -> None:
    wire = Wire([f"8.8.8.{i}" for i in range(50)])
    wire.connects()
    for _ in range(100):
        wire.passes(0.25)
    assert len(wire.tried) == MAX_ATTEMPTS


def test_cancelling_ends_all_attempts() -> None:
    wire = Wire(["8.8.8.8", "9.9.9.9", "1.1.1.1"])
    deferred = wire.connects()
    wire.passes(0.25)
    deferred.cancel()
    wire.passes(10)
    assert wire.tried == ["8.8.8.8 443", "9.9.9.9 443"]
    assert len(wire.results) == 1
    assert [connector.stoppedConnecting for connector in wire.reactor.connectors] == [True, True]
    assert wire.reactor.getDelayedCalls() == []


def test_look_ups_that_nobody_waits_for_still_count() -> None:
    names = Names()
    names.silent = []
    wire = Wire(names=names)
    for i in range(MAX_LOOKUPS):
        wire.connects(f"host{i}.example.com").cancel()
    wire.results.clear()
    wire.connects()
    assert str(wire.error) == "too many host names are being looked up"
    names.silent[0].resolutionComplete()
    wire.connects()
    assert names.asked[-1] == HOST


@pytest.mark.parametrize(
    ("answer", "order"),
    [
        ([], []),
        (["1.1.1.1"], ["1.1.1.1"]),
        (["2a00::1", "2a00::2", "2a00::3", "1.1.1.1"], ["2a00::1", "1.1.1.1", "2a00::2", "2a00::3"]),
        (["1.1.1.1", "1.1.1.2", "2a00::1"], ["1.1.1.1", "2a00::1", "1.1.1.2"]),
    ],
)
def test_both_families_have_their_turn(answer: list[str], order: list[str]) -> None:
    assert in_turns(answer) == order
