"""SIP over UDP on real sockets, on loopback."""

import errno
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from unittest.mock import Mock

import pytest
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred

from sip_guard.sip.flow import Address, Flow
from sip_guard.transport.udp import BATCH, LONGEST_WAIT, LOOK, RECEIVE_BUFFER, UdpPort, _waited


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


class Watched:
    """A port whose batches are watched, and that is read by hand."""

    def __init__(self, clock: Callable[[], float] = time.time, *, room: int | None = None, full: float = 0.0) -> None:
        self.delays: list[float] = []
        self.read: list[bytes] = []
        self.port = UdpPort(
            Mock(spec=["addReader", "removeReader"]),
            ("127.0.0.1", 0),
            None,
            lambda data, _: self.read.append(data),
            delayed=self.delays.append,
            full=full,
            wall=clock,
        )
        if room is not None:
            self.port._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self._peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def gets(self, *datagrams: bytes) -> None:
        for data in datagrams:
            self._peer.sendto(data, self.port.address)

    def close(self) -> None:
        self.port.close()
        self._peer.close()


@contextmanager
def watching(
    clock: Callable[[], float] = time.time, *, room: int | None = None, full: float = 0.0
) -> Iterator[Watched]:
    watched = Watched(clock, room=room, full=full)
    try:
        yield watched
    finally:
        watched.close()


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux notes when a datagram came in this way")


@linux
def test_how_long_the_first_of_a_batch_has_waited_is_told() -> None:
    with watching(lambda: time.time() + 5.0) as watched:
        watched.gets(b"a", b"b", b"c")
        watched.port.doRead()
        assert watched.read == [b"a", b"b", b"c"]
        assert len(watched.delays) == 1
        assert 5.0 <= watched.delays[0] < 10.0


@linux
def test_each_batch_is_told_of_once() -> None:
    with watching() as watched:
        watched.gets(*[b"x"] * (BATCH + 1))
        watched.port.doRead()
        assert len(watched.read) == BATCH
        assert len(watched.delays) == 1
        watched.port.doRead()
        assert len(watched.read) == BATCH + 1
        assert len(watched.delays) == 2


@linux
def test_while_nothing_waits_behind_a_datagram_the_queue_is_looked_at_now_and_then() -> None:
    with watching() as watched:
        for number in range(1, 3 * LOOK + 1):
            watched.gets(b"x")
            watched.port.doRead()
            assert len(watched.read) == number
        assert len(watched.delays) == 3


@linux
def test_datagrams_that_come_faster_than_they_are_read_are_read_together() -> None:
    with watching() as watched:
        watched.gets(b"x")
        watched.port.doRead()
        watched.gets(*[b"x"] * (BATCH + LOOK))
        for number in range(1, LOOK):
            watched.port.doRead()
            assert len(watched.read) == 1 + number
        watched.port.doRead()
        assert len(watched.read) == LOOK + BATCH
        watched.port.doRead()
        assert len(watched.read) == 1 + LOOK + BATCH


def test_of_nothing_nothing_is_told() -> None:
    with watching() as watched:
        watched.port.doRead()
        assert watched.delays == []


@linux
@pytest.mark.parametrize("step", [-3600.0, -1.0, LONGEST_WAIT + 1, 1e9])
def test_a_clock_that_was_set_delays_nothing(step: float) -> None:
    with watching(lambda: time.time() + step) as watched:
        watched.gets(b"a")
        watched.port.doRead()
        assert watched.delays == [0.0]


@linux
def test_a_buffer_that_fills_up_is_told_as_a_delay() -> None:
    with watching(lambda: 0.0, room=100_000, full=10.0) as watched:
        watched.gets(*[b"x" * 1500] * 200)
        watched.port.doRead()
        assert 9.0 < watched.delays[0] <= 10.0
        while len(watched.read) < 20 or watched.read[-1] != b"y":
            watched.gets(b"y")
            watched.port.doRead()
        for _ in range(LOOK):
            watched.gets(b"y")
            watched.port.doRead()
        assert watched.delays[-1] < 2.0


@pytest.mark.parametrize(
    "notes",
    [
        [],
        [(socket.SOL_SOCKET, 35, b"")],
        [(socket.SOL_SOCKET, 35, bytes(8))],
        [(socket.SOL_SOCKET, 29, bytes(16))],
        [(socket.IPPROTO_IP, 35, bytes(16))],
    ],
)
def test_without_a_note_of_the_kernel_there_is_no_delay(notes: list[tuple[int, int, bytes]]) -> None:
    assert _waited(notes, 1.0) == 0.0
    assert _waited([(socket.SOL_SOCKET, 35, struct.pack("@qq", 2, 0))], 1.0) == 0.0
    assert _waited([*notes, (socket.SOL_SOCKET, 35, struct.pack("@qq", 0, 250_000_000))], 1.0) == 0.75


def test_where_the_kernel_notes_nothing_all_is_read_the_same() -> None:
    with watching() as watched:
        real = watched.port._socket
        poor = Mock(wraps=real)
        poor.getsockopt.side_effect = OSError(errno.ENOPROTOOPT, "")
        poor.recvmsg.side_effect = lambda size, _: real.recvmsg(size)
        watched.port._socket = poor
        watched.gets(b"a", b"b")
        watched.port.doRead()
        watched.port.doRead()
        assert watched.read == [b"a", b"b"]
        assert watched.delays == [0.0]
        watched.port._socket = real


def test_an_error_for_something_sent_earlier_costs_no_datagram() -> None:
    with watching() as watched:
        real = watched.port._socket
        failing = Mock(wraps=real)
        failures = [ConnectionRefusedError()]

        def receive(size: int, space: int) -> object:
            if failures:
                raise failures.pop()
            return real.recvmsg(size, space)

        failing.recvmsg.side_effect = receive
        watched.port._socket = failing
        watched.gets(b"a", b"b")
        watched.port.doRead()
        watched.port._socket = real
        assert watched.read == [b"a", b"b"]
        assert len(watched.delays) == 1


def test_the_room_in_the_kernel_is_known() -> None:
    with watching() as watched:
        assert 0 < watched.port.room <= RECEIVE_BUFFER
