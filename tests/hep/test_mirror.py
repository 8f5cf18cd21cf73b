"""What is mirrored arrives, and a collector that does not take it costs nothing but a counter."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from messages import request
from pki import NOW
from reader import Packet, read, read_all
from twisted.internet.task import Clock

from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.hep.mirror import AGAIN, BATCH, DECISION_OCTETS, Mirror
from sip_guard.hep.options import Options
from sip_guard.log import logger
from sip_guard.sip.flow import Flow

if TYPE_CHECKING:
    from sip_guard.hep.link import Link

FLOW = Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5062))
INVITE = request("INVITE", "sip:+12155551213@192.0.2.1:5060", call_id="call-1")


class Reactor(Clock):
    """Takes what the thread has to say, which here is the test's own thread."""

    def callFromThread(self, what: Callable[..., object], *given: Any, **named: Any) -> None:  # noqa: N802
        what(*given, **named)


class House:
    """Mirrors, the collectors that they send to, and what was said of them."""

    def __init__(self) -> None:
        self.file = BytesIO()
        self.mistakes: list[BaseException | None] = []
        self.collector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.collector.bind(("127.0.0.1", 0))
        self.collector.settimeout(5)
        self._links: list[Link] = []

    def closes(self) -> None:
        self.collector.close()
        while self._links:
            self._links.pop().close()

    def mirror(self, **options: Any) -> Mirror:
        given = {"host": "127.0.0.1", "port": self.collector.getsockname()[1]} | options
        made = Mirror(Options(**given), Reactor(), logger(self.file), lambda _, error: self.mistakes.append(error))
        self._links.append(made._link)
        return made

    def gets(self) -> Packet:
        return read(self.collector.recv(65_535))

    def logs(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.file.getvalue().splitlines()]


@pytest.fixture
def house() -> Iterator[House]:
    opened = House()
    yield opened
    opened.closes()
    assert opened.mistakes == []


def test_what_comes_goes_from_the_peer_to_us_with_its_call_id(house: House) -> None:
    mirror = house.mirror(capture_id=7, password=b"secret")
    mirror.message(NOW + 0.5, INVITE, FLOW, sent=False)
    assert not mirror.send(0.0)
    found = house.gets()
    assert (found.source, found.destination) == (FLOW.remote, FLOW.local)
    assert (found.when, found.kind, found.payload) == (NOW + 0.5, 1, INVITE)
    assert (found.correlation, found.capture_id, found.password) == (b"call-1", 7, b"secret")
    assert (mirror.sent, mirror.lost, mirror.dropped) == (1, 0, 0)


def test_what_goes_goes_from_us_to_the_peer(house: House) -> None:
    mirror = house.mirror()
    mirror.message(NOW, INVITE, FLOW, sent=True)
    mirror.send(0.0)
    found = house.gets()
    assert (found.source, found.destination) == (FLOW.local, FLOW.remote)


def test_a_decision_is_json_with_the_same_call_id(house: House) -> None:
    mirror = house.mirror()
    mirror.decision(NOW, "call-1", FLOW, {"rule": "stale", "action": "reject 403"})
    mirror.send(0.0)
    found = house.gets()
    assert (found.kind, found.correlation) == (100, b"call-1")
    assert json.loads(found.payload) == {"rule": "stale", "action": "reject 403"}


@pytest.mark.parametrize(
    "octets", [b"nonsense", b"INVITE sip:a@b SIP/2.0\r\n\r\n", b"\xff" * 9], ids=["words", "start", "octets"]
)
def test_what_cannot_be_read_is_mirrored_all_the_same(house: House, octets: bytes) -> None:
    mirror = house.mirror()
    mirror.message(NOW, octets, FLOW, sent=False)
    mirror.send(0.0)
    found = house.gets()
    assert (found.payload, found.correlation) == (octets, b"")


@pytest.mark.parametrize("line", [b"Call-ID: call-1", b"i:call-1 ", b"CALL-ID : \r\n call-1"])
def test_a_call_id_is_found_however_it_is_written(house: House, line: bytes) -> None:
    assert b"Call-ID: call-1\r\n" in INVITE
    mirror = house.mirror()
    mirror.message(NOW, INVITE.replace(b"Call-ID: call-1\r\n", line + b"\r\n"), FLOW, sent=False)
    mirror.send(0.0)
    assert house.gets().correlation == b"call-1"


def test_much_is_sent_in_batches(house: House) -> None:
    mirror = house.mirror()
    for _ in range(BATCH + 1):
        mirror.message(NOW, INVITE, FLOW, sent=True)
    assert (mirror.send(0.0), mirror.sent) == (True, BATCH)
    assert (mirror.send(0.0), mirror.sent) == (False, BATCH + 1)


def test_what_waits_is_bounded_by_its_octets(house: House) -> None:
    mirror = house.mirror(queue_octets=2 * DECISION_OCTETS)
    for _ in range(3):
        mirror.decision(NOW, "call-1", FLOW, {})
    assert mirror.dropped == 1
    mirror.send(0.0)
    mirror.decision(NOW, "call-1", FLOW, {})
    mirror.send(0.0)
    assert (mirror.sent, mirror.dropped) == (3, 1)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_collector_that_is_gone_is_told_once_and_tried_again_later(house: House) -> None:
    port = closed_port()
    mirror = house.mirror(transport="tcp", port=port)
    mirror.message(NOW, INVITE, FLOW, sent=True)
    mirror.send(100.0)
    assert (mirror.sent, mirror.lost, house.logs()) == (0, 1, ["hep_unreachable"])
    mirror.message(NOW, INVITE, FLOW, sent=True)
    mirror.send(100.0 + AGAIN - 1)
    assert mirror.lost == 1
    mirror.send(100.0 + AGAIN)
    assert (mirror.lost, house.logs()) == (2, ["hep_unreachable"])
    with socket.create_server(("127.0.0.1", port)) as server:
        mirror.message(NOW, INVITE, FLOW, sent=True)
        mirror.send(100.0 + 2 * AGAIN)
        link, _ = server.accept()
        assert read(link.recv(65_535)).payload == INVITE
        link.close()
    assert (mirror.sent, house.logs()) == (1, ["hep_unreachable", "hep_resumed"])


def test_a_datagram_that_is_refused_is_no_mistake(house: House) -> None:
    mirror = house.mirror(port=closed_port())
    for seconds in range(3):
        mirror.message(NOW, INVITE, FLOW, sent=True)
        mirror.send(seconds * AGAIN)
    assert mirror.sent + mirror.lost == 3
    assert mirror.lost >= 1
    assert "hep_unreachable" in house.logs()


@pytest.mark.parametrize("host", ["collector.invalid", "a..b", "x" * 64 + ".example"])
def test_a_name_that_leads_nowhere_is_no_mistake(house: House, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str, *_: object, **__: object) -> None:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    mirror = house.mirror(host=host)
    mirror.message(NOW, INVITE, FLOW, sent=True)
    mirror.send(0.0)
    assert (mirror.lost, house.logs()) == (1, ["hep_unreachable"])


def accepted(server: socket.socket) -> tuple[threading.Thread, list[bytes]]:
    """Take one connection in a thread, and all that comes until it is closed."""
    got: list[bytes] = []

    def take() -> None:
        with suppress(OSError):
            link, _ = server.accept()
            with link:
                while octets := link.recv(65_535):
                    got.append(octets)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, got


def test_a_stream_carries_one_packet_after_the_other(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread, got = accepted(server)
        mirror = house.mirror(transport="tcp", port=server.getsockname()[1])
        for _ in range(2):
            mirror.message(NOW, INVITE, FLOW, sent=True)
            mirror.send(0.0)
        house.closes()
        thread.join(5)
    assert [each.payload for each in read_all(b"".join(got))] == [INVITE, INVITE]


@pytest.mark.parametrize(("ca", "sent"), [("root.pem", 1), ("other.pem", 0)])
def test_over_tls_the_collector_shows_that_it_is_who_it_says(house: House, tmp_path: Path, ca: str, sent: int) -> None:
    window = Window.around(NOW, 10_000)
    root = web_root(window)
    issued = web_server(root, window)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "other.pem").write_bytes(web_root(window).pem)
    (tmp_path / "collector.pem").write_bytes(issued.bundle + issued.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "collector.pem")
    with context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True) as server:
        thread, got = accepted(server)
        mirror = house.mirror(transport="tls", port=server.getsockname()[1], ca=str(tmp_path / ca))
        mirror.message(NOW, INVITE, FLOW, sent=True)
        mirror.send(0.0)
        house.closes()
        thread.join(5)
    assert (mirror.sent, len(read_all(b"".join(got)))) == (sent, sent)


def test_the_thread_sends_what_waits_and_all_that_is_left_at_the_end(house: House) -> None:
    mirror = house.mirror()
    mirror.start()
    mirror.message(NOW, INVITE, FLOW, sent=True)
    assert house.gets().payload == INVITE
    for _ in range(BATCH + 1):
        mirror.message(NOW, INVITE, FLOW, sent=True)
    stopped = mirror.stop()
    assert mirror._worker.thread is not None
    mirror._worker.thread.join(5)
    assert (mirror.sent, stopped.called) == (BATCH + 2, True)
