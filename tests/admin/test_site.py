"""The web server on real sockets: what it shows, and what nobody can make it keep."""

import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock

from sip_guard.admin.options import Options
from sip_guard.admin.page import Answer, Asked, Page
from sip_guard.admin.password import Hash
from sip_guard.admin.site import CONNECTIONS, IDLE, LIFETIME, Admin
from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.transport.tls import Tls, TlsFiles

PASSWORD = Hash.of(b"correct horse battery", bytes(16))


def echo(asked: Asked) -> Answer:
    query = sorted(asked.query.items())
    return Answer(f"{asked.method} {asked.path} {query} {asked.host} {asked.source}".encode())


def broken(_: Asked) -> Answer:
    raise RuntimeError("a page of ours")


class Later:
    """A page that is answered when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[Answer]] = []
        self.asked: Deferred[None] = Deferred()

    def __call__(self, _: Asked) -> Answer | Deferred[Answer]:
        self.waiting.append(Deferred())
        self.asked.callback(None)
        return self.waiting[-1]


class Time(Clock):
    """The reactor's sockets, and a clock that only the test moves."""

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


class House:
    """Admin listeners on ports that the system chooses, and what they complained of."""

    def __init__(self, in_reactor: Reactor) -> None:
        self.does = in_reactor
        self.mistakes: list[tuple[str, BaseException | None]] = []
        self.clock: Any = Time()
        self._open: list[Admin] = []
        self._links: list[socket.socket] = []

    def opens(self, pages: dict[str, Page] | None = None, *, port: int = 0, **options: Any) -> int:
        """Listen; give the port."""
        made = Options(address=("127.0.0.1", port), **options)
        tls = None if made.tls is None else Tls(made.tls)
        admin = self.does(
            lambda: Admin(made, tls, pages or {"/echo": echo}, self.clock, lambda *each: self.mistakes.append(each))
        )
        self._open.append(admin)
        return admin.address[1]

    def closes(self) -> None:
        while self._open:
            self.does(self._open.pop().stop)
        while self._links:
            self._links.pop().close()

    def connects(self, port: int) -> socket.socket:
        """Connect, and wait until that is known on the other side."""
        link = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._links.append(link)
        for _ in range(2):
            self.does(lambda: None)
        return link

    def passes(self, seconds: float) -> None:
        self.does(lambda: self.clock.advance(seconds))


@pytest.fixture
def house(in_reactor: Reactor) -> Iterator[House]:
    opened = House(in_reactor)
    yield opened
    opened.closes()


def get(port: int, path: str = "/echo", method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a page; give status, fields and body."""
    client = HTTPConnection("127.0.0.1", port, timeout=5)
    client.request(method, path, headers=fields)
    answer = client.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    client.close()
    return found


def ends(link: socket.socket) -> bool:
    """Wait until the other side has closed, and tell whether it said nothing."""
    try:
        return link.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_a_page_gets_what_was_asked_and_gives_what_is_answered(house: House) -> None:
    port = house.opens()
    status, fields, body = get(port, "/echo?a=1&b=%20x&a=2")
    assert (status, body) == (200, b"GET /echo [('a', '2'), ('b', ' x')] 127.0.0.1 127.0.0.1")
    assert (fields["Content-Type"], fields["Server"]) == ("text/plain; charset=utf-8", "sip_guard")


def test_a_head_has_everything_but_the_body(house: House) -> None:
    status, fields, body = get(house.opens(), method="HEAD")
    assert (status, fields["Content-Length"], body) == (200, "33", b"")


def test_every_answer_forbids_other_sites_to_show_or_read_it(house: House) -> None:
    port = house.opens()
    for path in ("/echo", "/nothing"):
        _, fields, _ = get(port, path)
        assert fields["Content-Security-Policy"].startswith("default-src 'none';")
        assert (fields["X-Frame-Options"], fields["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert (fields["Cross-Origin-Resource-Policy"], fields["Cache-Control"]) == ("same-origin", "no-store")


def test_the_host_field_is_looked_at(house: House) -> None:
    port = house.opens(hosts=frozenset({"guard.example.com"}))
    assert get(port, Host="attacker.example")[0] == 421
    assert get(port, Host="Guard.example.com:9290")[0] == 200
    assert get(port, Host="[::1]:9290")[0] == 200


def test_a_body_is_read_and_forgotten_and_refused(house: House) -> None:
    port = house.opens()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    client = HTTPConnection("127.0.0.1", port, timeout=5)
    client.request("POST", "/echo", b"a=1&" * 300_000, form)
    assert client.getresponse().status == 405
    client.close()


def test_a_mistake_in_a_page_is_told_and_not_shown(house: House) -> None:
    status, _, body = get(house.opens({"/broken": broken}), "/broken")
    assert (status, body) == (500, b"a mistake of sip_guard, see its log\n")
    ((where, error),) = house.mistakes
    assert (where, str(error)) == ("admin", "a page of ours")


def test_a_client_that_leaves_before_the_answer_is_no_mistake(house: House) -> None:
    later = Later()
    link = house.connects(house.opens({"/later": later}))
    link.sendall(b"GET /later HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    house.does(lambda: later.asked)
    link.close()
    gone = house.does(lambda: len(later.waiting))
    house.closes()
    house.does(lambda: later.waiting[0].callback(Answer(b"too late")))
    assert (gone, house.mistakes) == (1, [])


def test_a_page_may_be_answered_later(house: House) -> None:
    later = Later()
    link = house.connects(house.opens({"/later": later}))
    link.sendall(b"GET /later HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    house.does(lambda: later.asked)
    house.does(lambda: later.waiting[0].callback(Answer(b"here it is")))
    assert link.recv(10_000).endswith(b"\r\n\r\nhere it is")


def test_a_password_is_tried_in_a_thread_and_opens(house: House) -> None:
    port = house.opens(password=PASSWORD)
    assert get(port)[0] == 401
    assert get(port, Authorization="Bearer wrong")[0] == 401
    assert get(port, Authorization="Bearer correct horse battery")[0] == 200
    assert get(port, Authorization="Basic YTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=")[0] == 200


def test_there_are_only_so_many_connections(house: House) -> None:
    port = house.opens()
    links = [house.connects(port) for _ in range(CONNECTIONS)]
    assert ends(house.connects(port))
    links[0].sendall(b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert links[0].recv(10_000).startswith(b"HTTP/1.1 200 OK\r\n")
    assert ends(links[0])
    assert get(port)[0] == 200


def test_a_client_that_says_nothing_is_let_go(house: House) -> None:
    link = house.connects(house.opens())
    house.passes(IDLE)
    assert ends(link)


def test_a_client_that_says_a_little_now_and_then_is_let_go_as_well(house: House) -> None:
    link = house.connects(house.opens())
    link.sendall(b"GET /echo HTTP/1.1\r\n")
    for _ in range(int(LIFETIME / IDLE) + 1):
        try:
            link.sendall(b"X: 1\r\n")
        except (BrokenPipeError, ConnectionResetError):
            break
        house.passes(IDLE - 1)
    assert ends(link)


def test_an_address_in_use_is_no_surprise(house: House) -> None:
    port = house.opens()
    with pytest.raises(CannotListenError):
        house.opens(port=port)


@pytest.fixture
def tls(tmp_path: Path) -> TlsFiles:
    """Write a certificate of this machine, and its root beside it."""
    window = Window.around(time.time())
    root = web_root(window)
    issued = web_server(root, window)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "admin.pem").write_bytes(issued.bundle)
    (tmp_path / "admin.key").write_bytes(issued.key_pem)
    return TlsFiles(certificate=str(tmp_path / "admin.pem"), key=str(tmp_path / "admin.key"))


def test_it_speaks_tls_with_its_own_certificate(house: House, tls: TlsFiles, tmp_path: Path) -> None:
    house.clock = reactor  # which is what TLS sends by
    port = house.opens(tls=tls, password=PASSWORD)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "root.pem"))
    client = HTTPSConnection("127.0.0.1", port, timeout=5, context=trusting)
    client.request("GET", "/echo", headers={"Authorization": "Bearer correct horse battery"})
    assert client.getresponse().status == 200
    client.close()
    plain = house.connects(port)
    plain.sendall(b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert not plain.recv(1000).startswith(b"HTTP/")
