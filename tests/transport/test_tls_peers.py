"""Peers that connect with TLS: who they are, by their certificates, and how many of them there may be."""

import queue
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from reactor import Reactor
from streams import ALWAYS, PAST, Files, Guard, Peer, named, root
from streams import message as a_message

from sip_guard.demo.pki import Issued, end_entity, issue, sti_intermediate
from sip_guard.sip.flow import Address, Flow
from sip_guard.transport.stream import StreamLimits, StreamPort
from sip_guard.transport.tls import Tls

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

MESSAGE = a_message(b"hello")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Door:
    """The guard, and who may come in: a trunk by its certificate, others by the address 127.0.0.9."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.shown: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        """The domains that peers have proved to be, one after the other."""
        self.proved: dict[Flow, frozenset[str]] = {}
        """By the flows that are open now, the domains of peers that we know."""
        self.at_message: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        """What was known of a peer when its message came."""
        self.trunk = self.holder("sip:trunk.example.com", "host.example.com")

    def open(self, limits: StreamLimits | None = None) -> StreamPort:
        self.guard.start(
            limits, admits=self._admits, secured=self._secured, closed=self._closed, received=self._received
        )
        return self.guard.listen()

    def _admits(self, remote: Address) -> bool:
        return remote[0] == "127.0.0.9"

    def _secured(self, flow: Flow, domains: frozenset[str]) -> bool:
        self.shown.put(domains)
        if "trunk.example.com" in domains:
            self.proved[flow] = domains
        return "trunk.example.com" in domains

    def _closed(self, flow: Flow) -> None:
        del self.proved[flow]

    def _received(self, _: bytes, flow: Flow) -> None:
        self.at_message.put(self.proved.get(flow, frozenset()))

    def holder(self, *names: str, issuer: Issued | None = None) -> ssl.SSLContext:
        """Give what the holder of a certificate opens TLS with."""
        return self.guard.files.client(self.guard.root, named(issuer or self.guard.root, *names))

    def names(self, port: StreamPort, tls: ssl.SSLContext | None = None, source: str = "127.0.0.9") -> frozenset[str]:
        """Let a peer send a message, and give what it has proved to be by then, if that is anybody we know."""
        peer = self.guard.peer(port, tls=tls, source=(source, 0))
        peer.send(MESSAGE)
        known = self.at_message.get(timeout=30)
        peer.leave()
        return known

    def silent(self, port: StreamPort, source: str = "127.0.0.1") -> socket.socket:
        """Open a connection, and begin no handshake."""
        before: int = self.guard.in_reactor(self.guard.transport.counts.total)
        made = self.guard.plain(port, source=(source, 0))
        self.wait(lambda: self.guard.transport.counts.total() > before)
        return made

    def turns_away(self, port: StreamPort, tls: ssl.SSLContext, source: Address | None = None) -> bool:
        """Tell whether a peer's connection is closed, be it before or after its own end of the handshake."""
        try:
            return is_closed(self.guard.peer(port, tls=tls, source=source).connection)
        except ConnectionResetError:
            return True

    def wait(self, condition: Callable[[], bool]) -> None:
        """Let the reactor turn until something is so."""
        for _ in range(100_000):
            if self.guard.in_reactor(condition):
                return
        raise AssertionError

    def count(self, name: str) -> int:
        return self.guard.count(name)

    def taken(self) -> list[dict[Any, int]]:
        """Give the places that are taken: of known peers, and of strangers."""
        transport = self.guard.transport
        rooms = (transport._accepted, transport._strangers)
        taken: list[dict[Any, int]] = self.guard.in_reactor(lambda: [dict(room._taken) for room in rooms])
        return taken


@pytest.fixture
def door(in_reactor: Reactor, tmp_path: Path) -> Iterator[Door]:
    guard = Guard(in_reactor, "TLS", Files(tmp_path))
    yield Door(guard)
    guard.close()


def of_version(tls: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    tls.minimum_version = tls.maximum_version = version
    return tls


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("version", VERSIONS)
def test_a_peer_from_anywhere_is_known_by_its_certificate(door: Door, version: ssl.TLSVersion) -> None:
    port = door.open()
    assert door.names(port, of_version(door.trunk, version), "127.0.0.1") == {"trunk.example.com"}
    assert door.count("accepted") == 1
    assert door.count("stranger") == 0


def test_a_peer_is_known_by_a_certificate_below_an_intermediate(door: Door) -> None:
    tls = door.holder("trunk.example.com", issuer=sti_intermediate(door.guard.root, ALWAYS))
    assert door.names(door.open(), tls, "127.0.0.1") == {"trunk.example.com"}


def test_what_comes_together_with_the_certificate_waits_until_that_is_known(door: Door) -> None:
    port = door.open()
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = of_version(door.trunk, ssl.TLSVersion.TLSv1_3)
    client = tls.wrap_bio(received, sent, server_hostname="127.0.0.1")
    plain = door.guard.plain(port)
    while True:
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            plain.sendall(sent.read())
            received.write(plain.recv(65_536))
        else:
            break
    # The client's certificate, the end of its handshake and a message, in one.
    client.write(MESSAGE)
    plain.sendall(sent.read())
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}


def test_a_peer_is_forgotten_when_its_connection_is_closed(door: Door) -> None:
    port = door.open()
    peer = door.guard.peer(port, tls=door.trunk)
    peer.send(MESSAGE)
    door.at_message.get(timeout=30)
    assert list(door.proved) == [door.guard.flow(port, peer.address)]
    peer.leave()
    door.guard.in_reactor(lambda: None)
    assert not door.proved
    assert door.taken() == [{}, {}]


@pytest.mark.parametrize("how", ["broken off", "framing", "idle", "end"])
def test_a_peer_is_forgotten_however_its_connection_ends(door: Door, how: str) -> None:
    peer = door.guard.peer(door.open(), tls=door.trunk)
    peer.send(MESSAGE)
    door.at_message.get(timeout=30)
    transport = door.guard.transport
    if how == "broken off":
        peer.connection.close()
    elif how == "framing":
        peer.send(b"\n")
    elif how == "idle":
        door.guard.advance(1200)
    else:
        closing: list[Deferred[None]] = []
        door.guard.in_reactor(lambda: closing.append(transport.close()))
    door.wait(lambda: not transport._flows)
    assert not door.proved


def test_the_last_connection_of_a_flow_makes_it_forgotten(door: Door) -> None:
    door.open()
    # Two addresses with one name, and one port that connects to both.
    one, other = (door.guard.listen("127.0.0.1", ("192.0.2.1", 5061)) for _ in range(2))
    first = door.guard.peer(one, tls=door.trunk, source=("127.0.0.5", 0))
    second = door.guard.peer(other, tls=door.trunk, source=first.address)
    for peer in (first, second):
        peer.send(MESSAGE)
        assert door.at_message.get(timeout=30) == {"trunk.example.com"}
    assert len(door.proved) == 1
    first.leave()
    second.send(MESSAGE)
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}
    second.leave()
    door.guard.in_reactor(lambda: None)
    assert not door.proved


@pytest.mark.parametrize("comes_first", ["trunk", "other"])
def test_nobody_comes_by_the_flow_of_another_peer(door: Door, comes_first: str) -> None:
    door.open()
    one, other = (door.guard.listen("127.0.0.1", ("192.0.2.1", 5061)) for _ in range(2))
    trunk, plain = door.trunk, door.guard.files.client(door.guard.root)
    first = door.guard.peer(one, tls=trunk if comes_first == "trunk" else plain, source=("127.0.0.9", 0))
    first.send(MESSAGE)
    known = door.at_message.get(timeout=30)
    assert door.turns_away(other, plain if comes_first == "trunk" else trunk, first.address)
    first.send(MESSAGE)
    assert door.at_message.get(timeout=30) == known
    assert len(door.proved) == len(known)
    assert door.count("stranger") == 1


def test_a_peer_may_come_from_where_we_have_connected_to(door: Door) -> None:
    port = door.open()
    host = door.guard.host()
    flow = door.guard.flow(port, host.address)
    door.guard.send(a_message(b"1"), flow)
    first = host.accept()
    first.get(a_message(b"1"))
    host.socket.close()
    second = door.guard.peer(port, tls=door.trunk, source=host.address)
    second.send(MESSAGE)
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}


def test_who_has_not_shown_a_certificate_yet_is_in_nobodys_way(door: Door) -> None:
    door.open()
    one, other = (door.guard.listen("127.0.0.1", ("192.0.2.1", 5061)) for _ in range(2))
    silent = door.silent(one)
    peer = door.guard.peer(other, tls=door.trunk, source=silent.getsockname())
    peer.send(MESSAGE)
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}


def test_nothing_is_left_when_strangers_were_there_at_the_end(door: Door) -> None:
    door.silent(door.open())
    door.guard.in_reactor(door.guard.transport.close)
    assert not door.guard.timed.clock.getDelayedCalls()
    assert door.taken() == [{}, {}]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shows", [[], ["other.example.com"], ["*.example.com"], ["192.0.2.1"]])
def test_a_peer_from_nowhere_known_whose_certificate_is_nobodys_must_go(
    door: Door, version: ssl.TLSVersion, shows: list[str]
) -> None:
    tls = door.holder(*shows) if shows else door.guard.files.client(door.guard.root)
    assert door.turns_away(door.open(), of_version(tls, version))
    assert door.count("stranger") == 1
    assert door.at_message.empty()
    assert not door.proved


@pytest.mark.parametrize("wrong", ["authority", "time", "purpose"])
def test_a_peer_whose_certificate_is_not_valid_is_not_heard(door: Door, wrong: str) -> None:
    issuer = root() if wrong == "authority" else door.guard.root
    if wrong == "purpose":
        names = x509.SubjectAlternativeName([x509.DNSName("trunk.example.com")])
        servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        own = issue("peer", issuer, ALWAYS, [*end_entity(), (names, False), (servers, False)])
    else:
        own = named(issuer, "trunk.example.com", window=PAST if wrong == "time" else ALWAYS)
    with pytest.raises(OSError, match=r"alert|reset|closed"):  # noqa: PT012 - when TLS 1.3 notices is its own affair
        peer = door.guard.peer(door.open(), tls=door.guard.files.client(door.guard.root, own), source=("127.0.0.9", 0))
        peer.send(MESSAGE)
        peer.rest()
        raise ConnectionResetError("closed")
    assert door.at_message.empty()
    assert door.shown.empty()
    assert door.count("unopened") == 1


def test_a_peer_known_by_its_address_need_not_show_a_certificate(door: Door) -> None:
    port = door.open()
    assert door.names(port) == frozenset()
    assert door.shown.empty()
    assert door.names(port, door.holder("other.example.com")) == frozenset()
    assert door.shown.get_nowait() == {"other.example.com"}
    assert door.names(port, door.trunk) == {"trunk.example.com"}
    assert door.count("stranger") == 0


def test_no_certificate_is_asked_for_where_no_authority_is_trusted_to_issue_one(door: Door) -> None:
    door.guard.tls = Tls(door.guard.files.tls(door.guard.own, ca=door.guard.root))
    port = door.open()
    assert door.names(port, door.trunk) == frozenset()
    assert door.turns_away(port, door.trunk)
    assert door.shown.empty()


@pytest.mark.parametrize("version", VERSIONS)
def test_no_session_is_taken_up_again_under_another_name(door: Door, version: ssl.TLSVersion) -> None:
    port = door.open()
    tls = of_version(door.trunk, version)
    peer = door.guard.peer(port, tls=tls, source=("127.0.0.9", 0))
    peer.send(MESSAGE)
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}
    assert isinstance(peer.connection, ssl.SSLSocket)
    session = peer.connection.session
    peer.leave()
    # The same client, which now holds another certificate.
    tls.load_cert_chain(*door.guard.files.certificate(named(door.guard.root, "other.example.com"), "other"))
    plain = door.guard.plain(port, source=("127.0.0.9", 0))
    with tls.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as again:
        again.sendall(MESSAGE)
        assert door.at_message.get(timeout=30) == frozenset()
        assert not again.session_reused
    assert [door.shown.get_nowait() for _ in range(2)] == [{"trunk.example.com"}, {"other.example.com"}]


def test_nobody_changes_who_it_is_on_a_connection_that_stands(door: Door) -> None:
    port = door.open()
    made = SSL.Context(SSL.TLSv1_2_METHOD)
    chain, key = door.guard.files.certificate(named(door.guard.root, "trunk.example.com"), "peer")
    made.use_certificate_chain_file(chain)
    made.use_privatekey_file(key)
    plain = door.guard.plain(port)
    plain.settimeout(None)
    client = SSL.Connection(made, plain)
    client.set_connect_state()
    client.do_handshake()
    client.sendall(MESSAGE)
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}
    client.renegotiate()
    with pytest.raises(SSL.Error):
        client.do_handshake()
    assert door.shown.qsize() == 1


def test_a_stranger_has_little_time_for_its_handshake(door: Door) -> None:
    port = door.open(StreamLimits(connect_timeout=3.0, head_timeout=20.0))
    stranger, known = door.silent(port), door.silent(port, "127.0.0.9")
    door.guard.advance(2.9)
    assert door.count("unopened") == 0
    door.guard.advance(0.2)
    assert is_closed(stranger)
    assert (door.count("unopened"), door.count("slow")) == (1, 0)
    door.guard.advance(17)
    assert is_closed(known)
    assert door.count("slow") == 1


def test_a_stranger_that_has_become_known_has_the_time_of_others(door: Door) -> None:
    port = door.open(StreamLimits(connect_timeout=3.0, head_timeout=20.0))
    peer = door.guard.peer(port, tls=door.trunk)
    peer.send(MESSAGE[:1])
    door.wait(lambda: bool(door.proved))
    door.guard.advance(19)
    peer.send(MESSAGE[1:])
    assert door.at_message.get(timeout=30) == {"trunk.example.com"}


def test_strangers_have_a_quarter_of_the_places_and_take_none_of_others(door: Door) -> None:
    port = door.open(StreamLimits(connections=8, per_source=8))
    waiting = [door.silent(port, f"127.0.0.{last}") for last in (1, 2)]
    assert is_closed(door.silent(port, "127.0.0.3"))
    assert door.count("refused") == 1
    known = [door.silent(port, "127.0.0.9") for _ in range(8)]
    assert is_closed(door.silent(port, "127.0.0.9"))
    assert door.count("refused") == 2
    assert door.count("accepted") == len(waiting) + len(known)


def test_strangers_of_one_source_have_a_quarter_of_its_places(door: Door) -> None:
    port = door.open(StreamLimits(per_source=8))
    waiting = [door.silent(port) for _ in range(2)]
    assert is_closed(door.silent(port))
    waiting.append(door.silent(port, "127.0.0.2"))
    assert (door.count("accepted"), door.count("refused")) == (3, 1)


def test_who_is_turned_away_gets_no_more_handshakes_than_who_keeps_us_waiting(door: Door) -> None:
    port = door.open(StreamLimits(per_source=8, connect_timeout=3.0))
    for _ in range(2):
        assert door.turns_away(port, door.holder("other.example.com"))
    assert is_closed(door.silent(port))
    assert (door.count("stranger"), door.count("refused")) == (2, 1)
    door.guard.advance(3)
    assert door.taken() == [{}, {}]
    assert door.names(port, door.trunk, "127.0.0.1") == {"trunk.example.com"}


def test_who_has_become_known_has_a_place_of_its_own_and_the_limits_of_others(door: Door) -> None:
    port = door.open(StreamLimits(per_source=4))
    peers: list[Peer] = []
    for _ in range(4):
        peers.append(door.guard.peer(port, tls=door.trunk))
        peers[-1].send(MESSAGE)
        assert door.at_message.get(timeout=30) == {"trunk.example.com"}
    assert door.taken() == [{"127.0.0.1": 4}, {}]
    assert door.turns_away(port, door.trunk)
    assert (door.count("refused"), door.count("stranger")) == (1, 0)
    assert len(door.proved) == 4
    door.guard.advance(4)
    peers[0].leave()
    assert door.names(port, door.trunk, "127.0.0.1") == {"trunk.example.com"}
    assert door.taken() == [{"127.0.0.1": 3}, {}]


def test_an_answer_goes_to_a_peer_known_by_its_certificate_along_its_connection(door: Door) -> None:
    port = door.open()
    peer = door.guard.peer(port, tls=door.trunk)
    peer.send(MESSAGE)
    door.at_message.get(timeout=30)
    flow = door.guard.flow(port, peer.address)
    door.guard.send(a_message(b"answer"), flow, ("127.0.0.1", 5061))
    peer.get(a_message(b"answer"))
    # So does a request whose way leads there: nobody has written which server is to be found there.
    assert door.guard.tls is not None
    for nobody in (None, ""):
        names: dict[Address, str | None] = {peer.address: nobody}
        door.guard.tls.server_name = names.get
        door.guard.send(a_message(b"request"), flow)
        peer.get(a_message(b"request"))
    assert door.count("connected") == 0


def with_names(door: Door, **names: str) -> Tls:
    """Let the operator have written what servers there are, by the last number of their addresses."""
    files = door.guard.files.tls(door.guard.own, ca=door.guard.root, client_ca=door.guard.root)
    return Tls(files, lambda address: names.get("at_" + address[0].rpartition(".")[2]))


def test_a_request_for_a_server_never_goes_to_who_only_has_its_address(door: Door) -> None:
    door.guard.tls = with_names(door, at_9="pbx.example.com")
    port = door.open()
    someone = door.guard.peer(port, source=("127.0.0.9", 0))
    someone.send(MESSAGE)
    door.at_message.get(timeout=30)
    flow = door.guard.flow(port, someone.address)
    # It gets the answer to what it has asked, and not the call, for which the server itself is sought.
    door.guard.send(a_message(b"answer"), flow, flow.remote)
    someone.get(a_message(b"answer"))
    door.guard.send(a_message(b"call"), flow)
    assert "refused" in door.guard.failed(flow)


def test_a_request_for_a_server_goes_to_who_has_connected_with_its_certificate(door: Door) -> None:
    door.guard.tls = with_names(door, at_9="pbx.example.com")
    port = door.open()
    pbx = door.guard.peer(port, tls=door.holder("pbx.example.com"), source=("127.0.0.9", 0))
    pbx.send(MESSAGE)
    door.at_message.get(timeout=30)
    door.guard.send(a_message(b"call"), door.guard.flow(port, pbx.address))
    pbx.get(a_message(b"call"))
    assert door.count("connected") == 0


def test_nothing_is_sent_to_a_stranger_that_has_not_shown_who_it_is(door: Door) -> None:
    port = door.open()
    host, number = door.silent(port).getsockname()
    flow = door.guard.flow(port, (host, number))
    for back in (None, flow.remote):
        door.guard.send(MESSAGE, flow, back)
        assert "refused" in door.guard.failed(flow)
