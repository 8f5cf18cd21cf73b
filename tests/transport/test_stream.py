import queue
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reactor import Reactor
from streams import Files, Guard, Host, Kind, message
from twisted.internet.defer import Deferred

from sip_guard.sip.flow import Flow
from sip_guard.transport.connection import LINGER
from sip_guard.transport.stream import StreamLimits, StreamTransport, _source


@pytest.fixture(params=["TCP", "TLS"])
def guard(request: pytest.FixtureRequest, in_reactor: Reactor, tmp_path: Path) -> Iterator[Guard]:
    kind: Kind = request.param
    made = Guard(in_reactor, kind, Files(tmp_path))
    yield made
    made.close()


@pytest.fixture
def tcp(in_reactor: Reactor, tmp_path: Path) -> Iterator[Guard]:
    made = Guard(in_reactor, "TCP", Files(tmp_path))
    yield made
    made.close()


def test_a_message_is_received_along_the_flow_of_its_connection(guard: Guard) -> None:
    port = guard.listen()
    peer = guard.peer(port)
    peer.send(message(b"1") + message(b"2"))
    assert guard.received(message(b"1")) == guard.flow(port, peer.address)
    assert guard.received(message(b"2")) == guard.flow(port, peer.address)
    assert guard.count("accepted") == 1


def test_an_answer_goes_back_over_the_same_connection(guard: Guard) -> None:
    port = guard.listen()
    peer = guard.peer(port)
    peer.send(message())
    host = guard.host()
    guard.send(message(b"answer"), guard.received(message()), host.address)
    peer.get(message(b"answer"))
    assert guard.count("connected") == 0


def test_an_answer_whose_connection_is_closed_goes_back_over_a_new_one(guard: Guard) -> None:
    port, host = guard.listen(), guard.host()
    peer = guard.peer(port)
    peer.send(message())
    flow = guard.received(message())
    peer.leave()
    guard.send(message(b"1"), flow, host.address)
    listened = host.accept()
    listened.get(message(b"1"))
    # The next one finds it open; and so does a request that goes there.
    guard.send(message(b"2"), flow, host.address)
    guard.send(message(b"3"), guard.flow(port, host.address))
    listened.get(message(b"2") + message(b"3"))
    assert guard.count("connected") == 1
    assert guard.is_quiet()


def test_an_answer_that_cannot_go_back_fails_the_flow_to_there(guard: Guard) -> None:
    port, host = guard.listen(), guard.host()
    host.close()
    flow = guard.flow(port, ("127.0.0.1", 9))
    guard.send(message(), flow, host.address)
    assert "refused" in guard.failed(guard.flow(port, host.address))
    assert guard.is_quiet()
    assert guard.count("unopened") == 1


def test_an_answer_goes_back_though_its_own_connection_has_just_failed(guard: Guard) -> None:
    port, host, gone = guard.listen(), guard.host(), guard.host()
    flow = guard.flow(port, gone.address)

    def fail_and_answer() -> None:
        guard.transport._fail(flow, "broken off")
        guard.transport.send(message(b"answer"), flow, host.address)

    guard.in_reactor(fail_and_answer)
    host.accept().get(message(b"answer"))
    assert guard.failed(flow) == "broken off"
    assert guard.is_quiet()


def test_what_is_sent_along_a_flow_that_has_just_failed_is_part_of_the_failure(guard: Guard) -> None:
    port, host = guard.listen(), guard.host()
    flow = guard.flow(port, host.address)

    def fail_and_send() -> None:
        guard.transport._fail(flow, "broken off")
        guard.transport.send(message(b"request"), flow)
        guard.transport.send(message(b"answer"), guard.flow(port, ("127.0.0.1", 9)), host.address)

    guard.in_reactor(fail_and_send)
    assert guard.in_reactor(lambda: len(guard.transport._connections)) == 0
    assert guard.failed(flow) == "broken off"
    # Also if one of two connections was it, and the other is there: who has sent the request now seeks another way.
    guard.send(message(b"1"), flow)
    peer = host.accept()
    peer.get(message(b"1"))
    guard.in_reactor(fail_and_send)
    assert guard.failed(flow) == "broken off"
    guard.send(message(b"2"), flow)
    peer.get(message(b"answer") + message(b"2"))
    assert guard.is_quiet()


def test_answers_open_a_quarter_of_the_connections_that_requests_may(tcp: Guard) -> None:
    guard = tcp
    guard.start(StreamLimits(connections=8, per_source=4))
    port = guard.listen()
    asked = guard.flow(port, ("127.0.0.1", 9))
    hosts = [guard.host(), guard.host(), guard.host("127.0.0.2"), guard.host("127.0.0.3")]
    guard.send(message(b"0"), asked, hosts[0].address)
    first = hosts[0].accept()
    first.get(message(b"0"))
    # One place for a host, two in all: whatever ports and hosts Via names.
    guard.send(message(b"1"), asked, hosts[1].address)
    assert guard.failed(guard.flow(port, hosts[1].address)) == "too many connections are open"
    guard.send(message(b"2"), asked, hosts[2].address)
    hosts[2].accept().get(message(b"2"))
    guard.send(message(b"3"), asked, hosts[3].address)
    assert guard.failed(guard.flow(port, hosts[3].address)) == "too many connections are open"
    assert guard.count("refused") == 2
    # Requests have theirs.
    guard.send(message(b"4"), guard.flow(port, hosts[1].address))
    hosts[1].accept().get(message(b"4"))
    first.leave()
    guard.send(message(b"5"), asked, hosts[0].address)
    hosts[0].accept().get(message(b"5"))


def test_a_message_cut_into_octets_is_received_whole(guard: Guard) -> None:
    peer = guard.peer(guard.listen())
    for octet in message(b"hello"):
        peer.send(bytes([octet]))
    guard.received(message(b"hello"))


def test_the_advertised_address_names_the_flow(guard: Guard) -> None:
    port = guard.listen(advertised=("192.0.2.1", 0))
    assert port.local == ("192.0.2.1", port.address[1])
    peer = guard.peer(port)
    peer.send(message())
    assert guard.received(message()).local == port.local


def test_a_keep_alive_is_answered(guard: Guard) -> None:
    peer = guard.peer(guard.listen())
    peer.send(b"\r\n\r\n")
    peer.get(b"\r\n")
    peer.send(b"\r\n\r\n" + message() + b"\r\n\r\n")
    peer.get(b"\r\n\r\n")
    guard.received(message())
    assert guard.count("ping") == 3


def test_a_connection_is_opened_for_a_message_and_used_for_the_next(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send(message(b"1"), flow)
    peer = host.accept()
    peer.get(message(b"1"))
    guard.send(message(b"2"), flow)
    peer.get(message(b"2"))
    peer.send(message(b"answer"))
    assert guard.received(message(b"answer")) == flow
    assert guard.count("connected") == 1


def test_messages_that_wait_for_the_connection_keep_their_order(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    messages = [message(b"%d" % number) for number in range(20)]
    guard.send_all(messages, flow)
    host.accept().get(b"".join(messages))
    assert guard.count("connected") == 1


def test_a_connection_starts_at_the_host_of_the_local_address(guard: Guard) -> None:
    host = guard.host()
    guard.send(message(), guard.flow(guard.listen("127.0.0.2"), host.address))
    assert host.accept().connection.getpeername()[0] == "127.0.0.2"


def test_a_connection_starts_where_we_listen_and_not_at_the_advertised_address(guard: Guard) -> None:
    host = guard.host()
    guard.send(message(), guard.flow(guard.listen("127.0.0.2", ("192.0.2.1", 5060)), host.address))
    assert host.accept().connection.getpeername()[0] == "127.0.0.2"


def test_all_addresses_of_the_host_can_be_listened_at(guard: Guard) -> None:
    host = guard.host()
    port = guard.listen("0.0.0.0")
    assert port.address[0] == "0.0.0.0"
    guard.send(message(), guard.flow(port, host.address))
    host.accept().get(message())


def test_ipv6_is_served(guard: Guard) -> None:
    port = guard.listen("::1")
    peer = guard.peer(port)
    peer.send(message(b"in"))
    assert guard.received(message(b"in")) == guard.flow(port, peer.address)
    host = guard.host("::1")
    guard.send(message(b"out"), guard.flow(port, host.address))
    host.accept().get(message(b"out"))


def test_ipv4_peers_are_not_taken_for_ipv6_ones(tcp: Guard) -> None:
    port = tcp.listen("::")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port.address[1])).close()


def test_several_addresses_are_told_apart(guard: Guard) -> None:
    first, second = guard.listen(), guard.listen()
    one, two = guard.peer(first), guard.peer(second)
    one.send(message(b"1"))
    assert guard.received(message(b"1")).local == first.local
    two.send(message(b"2"))
    assert guard.received(message(b"2")).local == second.local


def test_an_address_in_use_is_an_os_error(tcp: Guard) -> None:
    taken = tcp.listen().address
    with pytest.raises(OSError, match="in use"):
        tcp.in_reactor(lambda: tcp.transport.listen(taken))


def test_a_refused_connection_fails_once_for_all_that_waited(guard: Guard) -> None:
    host = guard.host()
    host.close()
    flow = guard.flow(guard.listen(), host.address)
    guard.send_all([message()] * 3, flow)
    assert "refused" in guard.failed(flow)
    assert guard.is_quiet()
    assert guard.count("unopened") == 1


def test_a_connection_is_opened_anew_after_a_failure(guard: Guard) -> None:
    gone, host = guard.host(), guard.host()
    gone.close()
    port = guard.listen()
    guard.send(message(), guard.flow(port, gone.address))
    guard.failed(guard.flow(port, gone.address))
    # The same place, which is now there.
    again = Host(guard.server)
    again.socket.close()
    again.socket = socket.create_server(gone.address)
    again.socket.settimeout(30)
    guard.send(message(b"again"), guard.flow(port, gone.address))
    again.accept().get(message(b"again"))
    again.close()
    host.close()


def test_what_is_sent_when_a_failure_is_reported_is_a_new_attempt(guard: Guard) -> None:
    host = guard.host()
    reported: queue.SimpleQueue[Flow] = queue.SimpleQueue()

    def failed(flow: Flow, _: str) -> None:
        host.socket.listen()
        guard.transport.send(message(b"again"), flow)
        reported.put(flow)

    guard.start(failed=failed)
    # Nobody listens there yet.
    host.socket.close()
    host.socket = socket.socket()
    host.socket.settimeout(30)
    host.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host.socket.bind(host.address)
    flow = guard.flow(guard.listen(), host.address)
    guard.send_all([message(b"1"), message(b"2")], flow)
    assert reported.get(timeout=30) == flow
    host.accept().get(message(b"again"))
    assert reported.empty()


def test_hosts_that_refuse_leave_nothing_behind(guard: Guard) -> None:
    port = guard.listen()
    for number in range(50):
        flow = guard.flow(port, (f"127.0.1.{number}", 9))
        guard.send(message(), flow)
        assert "refused" in guard.failed(flow)
    transport = guard.transport
    kept = (transport._connections, transport._flows, transport._failing, transport._opened._taken)
    assert guard.in_reactor(lambda: [len(each) for each in kept]) == [0, 0, 0, 0]


def test_a_host_that_does_not_answer_fails_in_time(guard: Guard) -> None:
    # One connection fills the queue of this host; the kernel leaves the next one unanswered.
    with socket.socket() as full, socket.socket() as filler:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        filler.connect(full.getsockname())
        flow = guard.flow(guard.listen(), full.getsockname())
        guard.send(message(), flow)
        guard.advance(3.9)
        assert guard.is_quiet()
        guard.advance(0.2)
        assert guard.failed(flow) == "no connection in time"
    assert guard.count("unopened") == 1


def test_a_failure_is_never_reported_from_within_send(guard: Guard) -> None:
    guard.start(StreamLimits(connections=1))
    port, host = guard.listen(), guard.host()
    guard.send(message(), guard.flow(port, host.address))
    flow = guard.flow(port, ("127.0.0.1", 1))

    def send() -> bool:
        guard.transport.send(message(), flow)
        guard.transport.send(message(), flow)
        return guard._events.empty()

    assert guard.in_reactor(send)
    guard.failed(flow)
    assert guard.is_quiet()


def test_a_connection_broken_off_fails_what_was_sent_along_it(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send(message(), flow)
    peer = host.accept()
    peer.get(message())
    peer.reset()
    assert "lost" in guard.failed(flow)
    assert guard.count("lost") == 1


def test_a_connection_broken_off_along_which_nothing_was_sent_fails_nothing(guard: Guard) -> None:
    port = guard.listen()
    peer = guard.peer(port)
    peer.send(message(b"1"))
    guard.received(message(b"1"))
    peer.reset()
    other = guard.peer(port)
    other.send(message(b"2"))
    guard.received(message(b"2"))
    assert guard.is_quiet()


def test_a_connection_that_the_peer_closes_fails_nothing(guard: Guard) -> None:
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send(message(b"1"), flow)
    peer = host.accept()
    peer.get(message(b"1"))
    peer.leave()
    guard.send(message(b"2"), flow)
    host.accept().get(message(b"2"))
    assert guard.is_quiet()
    assert guard.count("connected") == 2


def test_where_the_framing_is_lost_the_peer_is_answered_and_the_connection_closed(guard: Guard) -> None:
    guard.on_broken = b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    port = guard.listen()
    peer = guard.peer(port)
    head = b"OPTIONS sip:guard.example.com SIP/2.0\r\nContent-Length: +1\r\n\r\n"
    peer.send(message(b"1") + head + b"x" * 1000 + message(b"3"))
    flow = guard.received(message(b"1"))
    event = guard.event()
    assert (event.kind, event.octets, event.reason, event.flow) == ("broken", head, "Content-Length", flow)
    assert peer.rest() == guard.on_broken
    assert guard.count("broken") == 1
    # The connection is no longer there for anything else.
    guard.send(message(), flow)
    guard.failed(flow)
    assert guard.is_quiet()


def test_a_peer_that_does_not_close_after_its_framing_was_lost_is_cut_off(tcp: Guard) -> None:
    peer = tcp.peer(tcp.listen())
    peer.send(b"\n")
    tcp.event()
    assert peer.rest() == b""
    tcp.advance(LINGER)
    tcp.in_reactor(lambda: None)
    assert not tcp.transport._connections


def test_the_newest_connection_beyond_the_limit_of_a_source_is_refused(tcp: Guard) -> None:
    tcp.start(StreamLimits(per_source=2))
    port = tcp.listen()
    first, second, third = tcp.peer(port), tcp.peer(port), tcp.peer(port)
    assert third.rest() == b""
    first.send(message(b"1"))
    tcp.received(message(b"1"))
    second.send(message(b"2"))
    tcp.received(message(b"2"))
    assert tcp.count("refused") == 1
    # Another source has connections of its own, and one that is closed makes room.
    with socket.create_connection(port.address, source_address=("127.0.0.9", 0)) as other:
        other.sendall(message(b"3"))
        tcp.received(message(b"3"))
    first.leave()
    fourth = tcp.peer(port)
    fourth.send(message(b"4"))
    tcp.received(message(b"4"))


def test_the_newest_connection_beyond_the_limit_of_all_is_refused(guard: Guard) -> None:
    guard.start(StreamLimits(connections=1))
    port, host = guard.listen(), guard.host()
    peer = guard.peer(port)
    with socket.create_connection(port.address, source_address=("127.0.0.9", 0)) as other:
        other.settimeout(30)
        assert other.recv(1) == b""
    peer.send(message())
    guard.received(message())
    # What peers have opened leaves room for what we open ourselves, which has the same limit.
    guard.send(message(b"1"), guard.flow(port, host.address))
    opened = host.accept()
    opened.get(message(b"1"))
    another = guard.host()
    second = guard.flow(port, another.address)
    guard.send(message(), second)
    assert guard.failed(second) == "too many connections are open"
    assert guard.count("refused") == 2
    # One that is closed makes room.
    opened.leave()
    guard.send(message(b"2"), second)
    another.accept().get(message(b"2"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:0:0:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%lo", "fe80::2%lo", True),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(one: str, other: str, *, same: bool) -> None:
    assert (_source(one) == _source(other)) is same


def test_a_peer_that_is_not_admitted_is_refused_unread(guard: Guard) -> None:
    guard.start(admits=lambda remote: remote[0] == "127.0.0.9")
    port = guard.listen()
    with socket.create_connection(port.address) as stranger:
        stranger.settimeout(30)
        assert stranger.recv(1) == b""
    with socket.create_connection(port.address, source_address=("127.0.0.9", 0)):
        pass
    assert guard.count("stranger") == 1


def test_an_idle_connection_is_closed(guard: Guard) -> None:
    guard.start(StreamLimits(idle=300.0))
    peer = guard.peer(guard.listen())
    peer.send(message(b"1"))
    flow = guard.received(message(b"1"))
    guard.advance(299)
    peer.send(message(b"2"))
    guard.received(message(b"2"))
    guard.advance(299)
    guard.send(message(b"answer"), flow)
    peer.get(message(b"answer"))
    guard.advance(299)
    peer.send(b"\r\n\r\n")
    peer.get(b"\r\n")
    guard.advance(299)
    assert guard.count("idle") == 0
    guard.advance(1)
    assert peer.rest() == b""
    assert guard.count("idle") == 1
    assert guard.is_quiet()


def test_an_idle_connection_of_ours_is_closed(guard: Guard) -> None:
    guard.start(StreamLimits(idle=300.0))
    host = guard.host()
    guard.send(message(), guard.flow(guard.listen(), host.address))
    peer = host.accept()
    peer.get(message())
    guard.advance(300)
    assert peer.rest() == b""
    assert guard.is_quiet()


def test_a_peer_that_sends_an_octet_a_second_is_cut_off_and_disturbs_nobody(guard: Guard) -> None:
    port = guard.listen()
    slow, other = guard.peer(port), guard.peer(port)
    slow.send(message(b"whole") + message()[:1])
    guard.received(message(b"whole"))
    for second, octet in enumerate(message()[1:31]):
        assert guard.count("slow") == 0
        slow.send(bytes([octet]))
        other.send(message(b"%d" % second))
        guard.received(message(b"%d" % second))
        guard.advance(1)
    assert guard.count("slow") == 1
    slow.wait_for_end()
    other.send(message(b"after"))
    guard.received(message(b"after"))


def test_each_message_has_its_own_time(guard: Guard) -> None:
    peer = guard.peer(guard.listen())
    peer.send(message(b"0")[:-1])
    for number in range(5):
        guard.advance(20)
        # The end of one message and the beginning of the next.
        peer.send(b"%d" % number + message(b"%d" % (number + 1))[:-1])
        guard.received(message(b"%d" % number))
    assert guard.count("slow") == 0


def test_a_peer_that_opens_and_sends_nothing_is_cut_off(tcp: Guard) -> None:
    port = tcp.listen()
    silent, other = tcp.peer(port), tcp.peer(port)
    other.send(message())
    tcp.received(message())
    tcp.advance(30)
    silent.wait_for_end()
    assert tcp.count("slow") == 1
    other.send(message())
    tcp.received(message())


def test_a_peer_that_never_reads_is_cut_off_and_disturbs_nobody(guard: Guard) -> None:
    guard.start(StreamLimits(backlog_octets=100_000))
    port = guard.listen()
    deaf, other = guard.peer(port, octets=4096), guard.peer(port)
    deaf.send(message(b"deaf"))
    flow = guard.received(message(b"deaf"))
    other.send(message(b"other"))
    back = guard.received(message(b"other"))
    octets = message(b"x" * 10_000)
    sent = 0
    while guard.is_quiet():
        guard.send(octets, flow)
        guard.send(message(b"%d" % sent), back)
        other.get(message(b"%d" % sent))
        sent += 1
    assert guard.failed(flow) == "too much waits for the peer"
    assert guard.count("overflow") == 1
    other.send(message(b"after"))
    guard.received(message(b"after"))


def test_a_peer_that_never_reads_wakes_nobody(guard: Guard) -> None:
    port = guard.listen()
    deaf, other = guard.peer(port, octets=4096), guard.peer(port)
    deaf.send(message(b"deaf"))
    flow = guard.received(message(b"deaf"))
    other.send(message(b"other"))
    back = guard.received(message(b"other"))
    woken: list[str] = []

    def listen_in() -> None:
        (connection,) = guard.transport._flows[flow]
        transport: Any = connection.transport
        raw = transport if guard.kind == "TCP" else transport.transport
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        for name in ("doRead", "doWrite"):
            setattr(raw, name, counting(name, getattr(raw, name)))

    def counting(name: str, do: Callable[[], object]) -> Callable[[], object]:
        def count() -> object:
            woken.append(name)
            return do()

        return count

    guard.in_reactor(listen_in)
    # The kernel takes what it has room for; the rest waits.
    guard.send_all([message(b"x" * 60_000)] * 60, flow)
    for number in range(300):
        if number == 100:
            woken.clear()
        guard.send(message(b"%d" % number), back)
        other.get(message(b"%d" % number))
    assert guard.is_quiet()
    # The reactor has turned 200 times for the other one, and hardly ever for the deaf one.
    assert len(woken) < 20
    assert guard.in_reactor(lambda: guard.transport._flows[flow][0]._waiting_octets) > 0


def test_too_much_for_a_connection_that_does_not_stand_yet_is_a_failure(guard: Guard) -> None:
    guard.start(StreamLimits(backlog_octets=1000))
    host = guard.host()
    flow = guard.flow(guard.listen(), host.address)
    guard.send_all([message(b"x" * 400)] * 9, flow)
    assert guard.failed(flow) == "too much waits for the peer"
    assert guard.is_quiet()
    assert guard.count("overflow") == 1


def test_what_waits_for_a_slow_peer_arrives_whole_and_in_order(guard: Guard) -> None:
    port = guard.listen()
    peer = guard.peer(port, octets=4096)
    peer.send(message())
    flow = guard.received(message())
    messages = [message(b"%d" % number * 1000) for number in range(500)]
    guard.send_all(messages, flow)
    peer.get(b"".join(messages))
    assert guard.is_quiet()


def test_only_what_waits_at_one_time_counts(guard: Guard) -> None:
    guard.start(StreamLimits(backlog_octets=100_000))
    port = guard.listen()
    peer = guard.peer(port, octets=4096)
    peer.send(message())
    flow = guard.received(message())
    messages = [message(b"x" * 1000)] * 140
    for _ in range(5):
        guard.send_all(messages, flow)
        peer.get(b"".join(messages))
    assert guard.is_quiet()


def test_small_messages_are_not_held_back(tcp: Guard) -> None:
    port = tcp.listen()
    tcp.peer(port).send(message())
    tcp.received(message())
    (connection,) = tcp.transport._connections
    transport: Any = connection.transport
    assert tcp.in_reactor(transport.getTcpNoDelay)
    handle = tcp.in_reactor(transport.getHandle)
    assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 16_000


def test_a_peer_that_connects_from_where_it_listens_has_two_connections_and_one_flow(tcp: Guard) -> None:
    port = tcp.listen()
    host = tcp.host()
    flow = tcp.flow(port, host.address)
    tcp.send(message(b"1"), flow)
    first = host.accept()
    first.get(message(b"1"))
    with socket.socket() as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        host.socket.close()
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        second.bind(host.address)
        second.connect(port.address)
        second.settimeout(30)
        second.sendall(message(b"2"))
        assert tcp.received(message(b"2")) == flow
        tcp.send(message(b"3"), flow)
        first.get(message(b"3"))
        # When one is closed, the other is still there.
        first.leave()
        tcp.send(message(b"4"), flow)
        assert second.recv(1000) == message(b"4")
    assert tcp.count("connected") == 1


def test_closing_closes_everything_and_reports_nothing(guard: Guard) -> None:
    port, host = guard.listen(), guard.host()
    peer = guard.peer(port)
    peer.send(message())
    flow = guard.received(message())
    guard.send(message(b"out"), guard.flow(port, host.address))
    opened = host.accept()
    opened.get(message(b"out"))

    def close() -> Deferred[None]:
        guard.transport.send(message(b"last"), flow)
        closed = guard.transport.close()
        guard.transport.send(message(b"too late"), flow)
        assert guard.transport.close() is closed
        return closed

    def leave() -> None:
        assert peer.rest() == message(b"last")
        peer.close()
        assert opened.rest() == b""
        opened.close()

    closed: list[Deferred[None]] = []
    guard.in_reactor(lambda: closed.append(close()))
    leave()
    guard.in_reactor(lambda: closed[0])
    assert guard.is_quiet()
    with pytest.raises(ConnectionRefusedError):
        guard.peer(port)


def test_tls_needs_certificates_and_tcp_has_no_use_for_them(guard: Guard) -> None:
    other: Kind = "TLS" if guard.kind == "TCP" else "TCP"

    def nothing(*_: object) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="TLS needs certificates"):
        StreamTransport(None, other, received=nothing, broken=nothing, failed=nothing, tls=guard.tls)
    with pytest.raises(ValueError, match="TLS needs certificates"):
        StreamTransport(None, "TCP", received=nothing, broken=nothing, failed=nothing, secured=lambda *_: True)
