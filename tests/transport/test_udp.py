"""SIP over UDP on real sockets, on loopback."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred

from sip_guard.sip.flow import Address, Flow
from sip_guard.transport.udp import BATCH, UdpPort


def _has_ipv6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
HOSTS = ["127.0.0.1", pytest.param("::1", marks=ipv6)]


class Port:
    """A port that keeps what it reads, and a peer to talk to it."""

    def __init__(self, in_reactor: Reactor, host: str, advertised: Address | None = None) -> None:
        self.received: list[tuple[bytes, Flow]] = []
        self._in_reactor = in_reactor
        self._wanted = 0
        self._done: Deferred[None] = Deferred()
        self.during: Callable[[], None] = lambda: None
        self.port = in_reactor(lambda: UdpPort(reactor, (host, 0), advertised, self._receive))
        self.peer = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind((host, 0))
        self.peer.settimeout(5)

    @property
    def address(self) -> Address:
        """Where the peer is."""
        name = self.peer.getsockname()
        return name[0], name[1]

    def sends(self, *datagrams: bytes) -> None:
        """Send from the peer and wait until all are read."""

        def wait() -> Deferred[None]:
            self._wanted = len(self.received) + len(datagrams)
            self._done = Deferred()
            for data in datagrams:
                self.peer.sendto(data, self.port.address)
            return self._done

        self._in_reactor(wait)

    def answers(self, octets: bytes, remote: Address) -> None:
        """Send from the port."""
        self._in_reactor(lambda: self.port.send(octets, remote))

    def close(self) -> None:
        self._in_reactor(self.port.close)
        self.peer.close()

    def _receive(self, data: bytes, flow: Flow) -> None:
        self.received.append((data, flow))
        self.during()
        if len(self.received) == self._wanted:
            self._done.callback(None)


@pytest.fixture(params=HOSTS)
def port(request: pytest.FixtureRequest, in_reactor: Reactor) -> Iterator[Port]:
    opened = Port(in_reactor, request.param)
    yield opened
    opened.close()


def test_a_datagram_comes_with_its_flow(port: Port) -> None:
    port.sends(b"hello")
    assert port.received == [(b"hello", Flow("UDP", port.port.address, port.address))]
    assert port.port.address[1] > 0


def test_an_answer_goes_back(port: Port) -> None:
    port.sends(b"hello")
    port.answers(b"welcome", port.received[0][1].remote)
    assert port.peer.recvfrom(100)[0] == b"welcome"
    assert port.port.lost == 0


@pytest.mark.parametrize("data", [b"", b"\0", b"x" * 60_000], ids=["nothing", "one", "much"])
def test_a_datagram_is_whole_whatever_its_size(port: Port, data: bytes) -> None:
    port.sends(data)
    assert [data for data, _ in port.received] == [data]


def test_a_burst_is_read_in_its_order(port: Port) -> None:
    burst = [b"%d" % number for number in range(BATCH * 3 + 1)]
    port.sends(*burst)
    assert [data for data, _ in port.received] == burst


def test_other_work_gets_its_turn_in_a_burst(port: Port, in_reactor: Reactor) -> None:
    seen: list[int] = []

    def note_once() -> None:
        if len(port.received) == 1:
            reactor.callLater(0, lambda: seen.append(len(port.received)))

    port.during = note_once
    port.sends(*[b"x"] * (BATCH * 3))
    assert seen == [BATCH]


def test_the_flow_of_a_peer_is_made_once(port: Port) -> None:
    port.sends(b"a", b"b")
    assert port.received[0][1] is port.received[1][1]


def test_the_flows_that_are_remembered_are_bounded(port: Port) -> None:
    for number in range(10_000):
        port.port._flow(("203.0.113.1", number))
    assert len(port.port._flows) <= 4096


def test_the_advertised_address_is_the_local_one_of_every_flow(in_reactor: Reactor) -> None:
    port = Port(in_reactor, "127.0.0.1", ("203.0.113.1", 5070))
    try:
        port.sends(b"hello")
        assert port.received[0][1].local == ("203.0.113.1", 5070)
        assert port.port.local == ("203.0.113.1", 5070)
        assert port.port.address[0] == "127.0.0.1"
    finally:
        port.close()


@pytest.mark.parametrize("remote", [("127.0.0.1", 0), ("::1", 5060), ("255.255.255.255", 5060)])
def test_what_cannot_be_sent_is_lost_and_counted(in_reactor: Reactor, remote: Address) -> None:
    port = Port(in_reactor, "127.0.0.1")
    try:
        port.answers(b"x", remote)
        assert port.port.lost == 1
        port.answers(b"x" * 70_000, port.address)
        assert port.port.lost == 2
        port.answers(b"hello", port.address)
        assert port.peer.recv(10) == b"hello"
    finally:
        port.close()


def test_a_peer_that_is_gone_does_not_close_the_port(port: Port) -> None:
    gone = socket.socket(port.peer.family, socket.SOCK_DGRAM)
    gone.bind((port.address[0], 0))
    nowhere = gone.getsockname()[:2]
    gone.close()
    port.answers(b"x", nowhere)
    port.answers(b"x", nowhere)
    port.sends(b"hello")
    assert port.received[0][0] == b"hello"


@pytest.mark.parametrize("host", HOSTS)
def test_an_address_in_use_is_an_error_and_leaves_no_socket_open(in_reactor: Reactor, host: str) -> None:
    port = Port(in_reactor, host)
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is looked at
            in_reactor(lambda: UdpPort(reactor, port.port.address, None, lambda *_: None))
        assert caught.value.errno == errno.EADDRINUSE
    finally:
        port.close()


def test_an_address_of_another_machine_is_an_error(in_reactor: Reactor) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        in_reactor(lambda: UdpPort(reactor, ("192.0.2.1", 5060), None, lambda *_: None))
    assert caught.value.errno == errno.EADDRNOTAVAIL


@ipv6
def test_all_ipv4_and_all_ipv6_addresses_are_two_ports(in_reactor: Reactor) -> None:
    every = in_reactor(lambda: UdpPort(reactor, ("::", 0), ("2001:db8::1", 5060), lambda *_: None))
    try:
        number = every.address[1]
        four = in_reactor(lambda: UdpPort(reactor, ("0.0.0.0", number), ("192.0.2.1", 5060), lambda *_: None))
        in_reactor(four.close)
    finally:
        in_reactor(every.close)


def test_a_closed_port_reads_nothing_and_its_address_is_free(in_reactor: Reactor) -> None:
    port = Port(in_reactor, "127.0.0.1")
    address = port.port.address
    port.close()
    assert not [reader for reader in in_reactor(reactor.getReaders) if reader is port.port]
    again = in_reactor(lambda: UdpPort(reactor, address, None, lambda *_: None))
    in_reactor(again.close)


def test_a_port_may_be_closed_while_it_is_read(port: Port, in_reactor: Reactor) -> None:
    port.during = port.port.close
    port.sends(b"a")
    assert in_reactor(port.port.fileno) == -1
    in_reactor(lambda: port.port.send(b"x", port.address))
    assert port.port.lost == 1


def test_it_names_itself(port: Port) -> None:
    assert port.port.logPrefix() == f"udp {port.port.address[0]}:{port.port.address[1]}"
