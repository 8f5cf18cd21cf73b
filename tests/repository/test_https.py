import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from names import Names
from reactor import Reactor, reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from web import PAST, Serve, Site, a_web_root, answer, certificate_for, serving

from sip_guard import __version__
from sip_guard.repository.answer import Answer, Validators
from sip_guard.repository.endpoint import Absent, Forbidden, Unavailable
from sip_guard.repository.https import MAX_HEAD, Fetcher
from sip_guard.repository.reach import Configured, Laboratory, Public

HOST = "certs.example.com"
PEM = b"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
LIMIT = 65_536
TOO_MUCH = f"{HOST} sends more than {LIMIT} octets"
BROKEN = f"{HOST} broke the connection off, or does not speak HTTP"
ROOT = a_web_root()
CERTIFICATE = certificate_for(ROOT, HOST)


@pytest.fixture
def serve(in_reactor: Reactor) -> Iterator[Serve]:
    with serving(in_reactor) as start:
        yield start


@pytest.fixture
def names(in_reactor: Reactor) -> Iterator[Names]:
    """Every test's host is here, whatever the system's resolver thinks."""
    names = Names(certs_example_com=[["127.0.0.1"]], other_example_com=[["127.0.0.1"]])
    before = in_reactor(lambda: reactor.installNameResolver(names))
    yield names
    in_reactor(lambda: reactor.installNameResolver(before))


@pytest.fixture
def web_ca(tmp_path: Path) -> str:
    path = tmp_path / "web_root.pem"
    path.write_bytes(ROOT.pem)
    return str(path)


class Client:
    """A fetcher that takes a site on loopback for a laboratory."""

    def __init__(self, in_reactor: Reactor, web_ca: str) -> None:
        self._in_reactor = in_reactor
        self.web_ca = web_ca

    def fetcher(self, site: Site, host: str = HOST, **options: Any) -> Fetcher:
        laboratory = Laboratory(host, site.port, private_address=True, web_ca=self.web_ca)
        reach = Public(options.pop("laboratories", (laboratory,)))
        return Fetcher(reactor, reach, **{"timeout": 20.0} | options)

    def get(self, site: Site, host: str = HOST, path: str = "/a/b.pem", **options: Any) -> bytes | None:
        fetcher = self.fetcher(site, host, **options)
        return self._in_reactor(lambda: fetcher.get(f"https://{host}:{site.port}{path}")).body

    def unavailable(self, site: Site, host: str = HOST, **options: Any) -> str:
        with pytest.raises(Unavailable) as raised:
            self.get(site, host, **options)
        return str(raised.value)

    def forbidden(self, site: Site, host: str = HOST, **options: Any) -> str:
        with pytest.raises(Forbidden) as raised:
            self.get(site, host, **options)
        return str(raised.value)


@pytest.fixture
def client(in_reactor: Reactor, names: Names, web_ca: str) -> Client:
    return Client(in_reactor, web_ca)


def test_a_certificate_is_fetched(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM, b"Content-Type: application/pem-certificate-chain"), CERTIFICATE)
    assert client.get(site) == PEM
    request_line, *fields = site.requests[0].decode().split("\r\n")
    assert request_line == "GET /a/b.pem HTTP/1.1"
    assert {field.lower() for field in fields if field} == {
        f"host: {HOST}:{site.port}",
        f"user-agent: sip_guard/{__version__}",
        "accept: application/pem-certificate-chain",
        "connection: close",
    }
    assert site.server_names == [HOST.encode()]


@pytest.mark.parametrize(
    "reply",
    [
        answer(PEM, b"Content-Type: text/plain"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PEM), PEM),
        b"HTTP/1.1 200 OK\r\n\r\n" + PEM,
        b"HTTP/1.0 200 OK\r\n\r\n" + PEM,
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(PEM),
        answer(PEM, b"Set-Cookie: a=b", b"Connection: keep-alive"),
    ],
    ids=["length", "chunked", "until the end", "HTTP/1.0", "after an interim answer", "with a cookie"],
)
def test_a_body_is_read_however_it_is_framed(client: Client, serve: Serve, reply: bytes) -> None:
    site = serve(reply, CERTIFICATE, then="close")
    assert client.get(site) == PEM


def test_a_server_that_keeps_the_connection_does_not_keep_ours(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM, b"Connection: keep-alive"), CERTIFICATE)
    assert client.get(site) == PEM


def test_the_path_may_be_missing(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM), CERTIFICATE)
    assert client.get(site, path="") == PEM
    assert site.requests[0].startswith(b"GET / HTTP/1.1\r\n")


def test_cookies_are_not_kept(client: Client, serve: Serve, in_reactor: Reactor) -> None:
    site = serve(answer(PEM, b"Set-Cookie: a=b"), CERTIFICATE)
    fetcher = client.fetcher(site)
    for _ in range(2):
        in_reactor(lambda: fetcher.get(f"https://{HOST}:{site.port}/"))
    assert len(site.requests) == 2
    assert not any(b"cookie" in request.lower() for request in site.requests)


def test_proxies_of_the_environment_are_not_asked(
    client: Client, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answer(b"from the proxy"))
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    site = serve(answer(PEM), CERTIFICATE)
    assert client.get(site) == PEM
    assert proxy.connected == 0


@pytest.mark.parametrize(
    "status", ["204 No Content", "206 Partial Content", "304 Not Modified", "404 Not Found", "503 x"]
)
def test_only_200_is_an_answer(client: Client, serve: Serve, status: str) -> None:
    site = serve(answer(b"", status=status.encode()), CERTIFICATE)
    assert client.unavailable(site) == f"{HOST} answered {status[:3]}"


@pytest.mark.parametrize(
    ("status", "ill"),
    [("404 x", False), ("403 x", False), ("302 x", False), ("429 x", True), ("500 x", True), ("503 x", True)],
)
def test_an_answer_says_whether_the_host_is_well(client: Client, serve: Serve, status: str, ill: bool) -> None:
    site = serve(answer(b"", status=status.encode()), CERTIFICATE)
    with pytest.raises(Unavailable) as raised:
        client.get(site)
    assert isinstance(raised.value, Absent) != ill


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 x", "308 x"])
def test_a_redirect_is_not_followed(client: Client, serve: Serve, status: str) -> None:
    elsewhere = serve(answer(PEM), CERTIFICATE)
    location = f"Location: https://{HOST}:{elsewhere.port}/".encode()
    site = serve(answer(PEM, location, status=status.encode()), CERTIFICATE)
    assert client.unavailable(site) == f"{HOST} answered {status[:3]}"
    assert (site.connected, elsewhere.connected) == (1, 0)


def test_a_body_may_be_as_large_as_the_limit(client: Client, serve: Serve) -> None:
    assert client.get(serve(answer(b"x" * LIMIT), CERTIFICATE)) == b"x" * LIMIT
    assert client.get(serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * LIMIT, CERTIFICATE, then="close")) == b"x" * LIMIT


@pytest.mark.parametrize("size", [LIMIT + 1, 10**12])
def test_a_body_that_says_it_is_too_large_is_not_waited_for(client: Client, serve: Serve, size: int) -> None:
    site = serve(answer(b"x" * 100, length=size), CERTIFICATE)
    assert client.unavailable(site) == f"{HOST} announces more than {LIMIT} octets"


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (1 << 40)]
)
@pytest.mark.parametrize("size", [LIMIT + MAX_HEAD, 8 * LIMIT])
def test_a_body_without_a_length_is_cut_off_at_the_limit(client: Client, serve: Serve, head: bytes, size: int) -> None:
    site = serve(head + b"x" * size, CERTIFICATE)
    assert client.unavailable(site) == TOO_MUCH


def test_a_body_without_a_length_that_is_a_little_too_large_is_refused(client: Client, serve: Serve) -> None:
    site = serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1), CERTIFICATE, then="close")
    assert client.unavailable(site) == TOO_MUCH


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000,
    ],
    ids=["header fields", "interim answers", "a long line"],
)
def test_there_is_no_end_of_nothing(client: Client, serve: Serve, reply: bytes) -> None:
    site = serve(reply, CERTIFICATE)
    assert client.unavailable(site) in (TOO_MUCH, BROKEN)


def test_a_body_that_the_meter_has_cut_is_not_taken_for_whole(client: Client, serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"X-A: %b\r\n" % (b"b" * 8000) * 8 + b"\r\n"
    site = serve(head + b"x" * LIMIT, CERTIFICATE, then="close")
    assert client.unavailable(site) == TOO_MUCH


def test_a_body_without_a_length_must_end_in_due_form(client: Client, serve: Serve) -> None:
    reply = b"HTTP/1.1 200 OK\r\n\r\n" + PEM
    assert client.unavailable(serve(reply, CERTIFICATE, then="break")) == BROKEN
    assert client.get(serve(answer(PEM), CERTIFICATE, then="break")) == PEM


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        answer(b"abc", length=5),
    ],
)
def test_what_is_no_whole_answer_is_unavailable(client: Client, serve: Serve, reply: bytes) -> None:
    site = serve(reply, CERTIFICATE, then="close")
    assert client.unavailable(site) == BROKEN


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 200 OK\r\n", answer(b"abc", length=5), b"HTTP/1.1 200 OK\r\n\r\nabc"]
)
def test_a_server_that_does_not_finish_is_left(client: Client, serve: Serve, reply: bytes) -> None:
    site = serve(reply, CERTIFICATE)
    assert client.unavailable(site, timeout=0.2) == f"{HOST} gave no answer within 0.2 s"


def test_a_server_that_is_silent_at_tls_is_left(client: Client, serve: Serve) -> None:
    site = serve(b"")
    assert client.unavailable(site, timeout=0.2) == f"{HOST} gave no answer within 0.2 s"


def test_a_name_server_that_is_silent_is_left(client: Client, serve: Serve, names: Names) -> None:
    names.silent = []
    assert client.unavailable(serve(b""), timeout=0.2) == f"{HOST} gave no answer within 0.2 s"


def test_a_late_answer_of_the_name_server_does_no_harm(
    client: Client, serve: Serve, names: Names, in_reactor: Reactor
) -> None:
    names.silent = []
    site = serve(answer(PEM), CERTIFICATE)
    client.unavailable(site, timeout=0.2)
    in_reactor(names.silent[0].resolutionComplete)
    assert site.connected == 0


def test_a_certificate_for_another_name_is_refused(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM), certificate_for(ROOT, "other.example.com"))
    assert client.unavailable(site) == f"{HOST} has a web certificate for another name"
    assert site.requests == []


@pytest.mark.parametrize(
    "certificate",
    [certificate_for(a_web_root(), HOST), certificate_for(ROOT, HOST, window=PAST)],
    ids=["of an unknown authority", "expired"],
)
def test_a_certificate_that_is_not_trusted_is_refused(client: Client, serve: Serve, certificate: Any) -> None:
    site = serve(answer(PEM), certificate)
    assert client.unavailable(site) == f"{HOST} has a web certificate that is not trusted"
    assert site.requests == []


def test_a_closed_port_refuses(client: Client, in_reactor: Reactor) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        site = Site(b"", then="wait")
        site.port = unused.getsockname()[1]
        assert client.unavailable(site) == f"{HOST} refuses the connection"


def test_an_unknown_host_has_no_address(client: Client, serve: Serve) -> None:
    site = serve(b"")
    assert client.unavailable(site, "nowhere.example.com") == "nowhere.example.com has no address"


def test_a_host_that_is_no_name_of_the_web_is_unavailable(client: Client, serve: Serve) -> None:
    host = "ab--cd.example.com"
    assert client.unavailable(serve(b""), host) == f"{host} is not a host name"


def test_the_systems_resolver_is_asked(in_reactor: Reactor, serve: Serve, web_ca: str) -> None:
    site = serve(answer(PEM), certificate_for(ROOT, "localhost"))
    assert Client(in_reactor, web_ca).get(site, "localhost") == PEM


def test_a_host_may_be_an_ipv4_address(in_reactor: Reactor, serve: Serve, web_ca: str) -> None:
    site = serve(answer(PEM), certificate_for(ROOT, "127.0.0.1"))
    assert Client(in_reactor, web_ca).get(site, "127.0.0.1") == PEM
    assert f"Host: 127.0.0.1:{site.port}".encode() in site.requests[0]
    assert site.server_names == [None]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
def test_a_host_may_be_an_ipv6_address(in_reactor: Reactor, serve: Serve, web_ca: str) -> None:
    site = serve(answer(PEM), certificate_for(ROOT, "::1"), interface="::1")
    assert Client(in_reactor, web_ca).get(site, "[::1]") == PEM
    assert f"Host: [::1]:{site.port}".encode() in site.requests[0]


def test_the_certificate_of_an_address_must_name_that_address(in_reactor: Reactor, serve: Serve, web_ca: str) -> None:
    client = Client(in_reactor, web_ca)
    site = serve(answer(PEM), certificate_for(ROOT, "127.0.0.2"))
    assert client.unavailable(site, "127.0.0.1") == "127.0.0.1 has a web certificate for another name"


def test_loopback_is_forbidden_unless_a_laboratory_is_allowed_it(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM), CERTIFICATE)
    laboratory = Laboratory(HOST, site.port, web_ca=client.web_ca)
    said = client.forbidden(site, laboratories=(laboratory,))
    assert said == f"{HOST} resolves to 127.0.0.1, which is not a public address"
    assert site.connected == 0


def test_a_laboratory_is_allowed_by_its_very_host_and_port(in_reactor: Reactor, names: Names, web_ca: str) -> None:
    laboratories = (Laboratory(HOST, 443, private_address=True), Laboratory("Lab.example.com", 5443))
    fetcher = Fetcher(reactor, Public(laboratories))

    def forbidden(url: str) -> str:
        with pytest.raises(Forbidden) as raised:
            in_reactor(lambda: fetcher.get(url))
        return str(raised.value)

    assert "127.0.0.1" in forbidden(f"https://{HOST}:8443/")
    assert "127.0.0.1" in forbidden("https://other.example.com/")
    assert forbidden(f"https://{HOST}:5443/") == "the URL has port 5443"
    assert laboratories[1].place == ("lab.example.com", 5443)


def test_a_laboratorys_authority_is_not_believed_for_others(client: Client, serve: Serve) -> None:
    site = serve(answer(PEM), certificate_for(ROOT, HOST, "other.example.com"))
    laboratories = (
        Laboratory(HOST, site.port, private_address=True, web_ca=client.web_ca),
        Laboratory("other.example.com", site.port, private_address=True),
    )
    assert client.get(site, laboratories=laboratories) == PEM
    said = client.unavailable(site, "other.example.com", laboratories=laboratories)
    assert said == "other.example.com has a web certificate that is not trusted"


def test_the_systems_authorities_are_believed(client: Client, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", client.web_ca)
    site = serve(answer(PEM), CERTIFICATE)
    assert client.get(site, laboratories=(Laboratory(HOST, site.port, private_address=True),)) == PEM


def test_a_laboratorys_own_authority_takes_the_place_of_the_systems(
    client: Client, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", client.web_ca)
    other = tmp_path / "other.pem"
    other.write_bytes(a_web_root().pem)
    site = serve(answer(PEM), CERTIFICATE)
    laboratories = (Laboratory(HOST, site.port, private_address=True, web_ca=str(other)),)
    assert client.unavailable(site, laboratories=laboratories) == f"{HOST} has a web certificate that is not trusted"


@pytest.mark.parametrize("content", [b"", b"no certificate\n", CERTIFICATE.pem])
def test_a_web_ca_that_is_none_is_told_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises((OSError, ValueError)):
        Public((Laboratory(HOST, web_ca=str(path)),))


def test_a_web_ca_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Public((Laboratory(HOST, web_ca=str(tmp_path / "none.pem")),))


def test_what_is_known_is_sent_along_and_need_not_come_again(client: Client, serve: Serve, in_reactor: Reactor) -> None:
    reply = answer(b"", b"Cache-Control: max-age=60", status=b"304 Not Modified")
    site = serve(reply, CERTIFICATE)
    known = Validators('"abc"', "Tue, 14 Nov 2023 22:00:00 GMT")
    fetcher = client.fetcher(site)
    got = in_reactor(lambda: fetcher.get(f"https://{HOST}:{site.port}/", known))
    assert got == Answer(None, known, 60.0)
    request = site.requests[0].decode().lower()
    assert 'if-none-match: "abc"\r\n' in request
    assert "if-modified-since: tue, 14 nov 2023 22:00:00 gmt\r\n" in request


def test_a_new_version_comes_with_its_own_validators(client: Client, serve: Serve, in_reactor: Reactor) -> None:
    site = serve(answer(PEM, b'ETag: "new"', b"Age: 5", b"Cache-Control: max-age=60"), CERTIFICATE)
    fetcher = client.fetcher(site)
    got = in_reactor(lambda: fetcher.get(f"https://{HOST}:{site.port}/", Validators('"abc"', "x")))
    assert got == Answer(PEM, Validators('"new"'), 55.0)


def test_what_the_operator_names_may_be_plain_http_at_any_port_and_address(
    serve: Serve, in_reactor: Reactor, names: Names
) -> None:
    site = serve(answer(PEM))
    fetcher = Fetcher(reactor, Configured(), accept="application/pkix-crl", timeout=20.0)
    got = in_reactor(lambda: fetcher.get(f"http://{HOST}:{site.port}/a?b=c"))
    assert got.body == PEM
    assert site.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: {HOST}:{site.port}\r\n".encode() in site.requests[0]
    assert b"Accept: application/pkix-crl\r\n" in site.requests[0]


def test_what_the_operator_names_has_its_own_authority(
    serve: Serve, in_reactor: Reactor, names: Names, web_ca: str
) -> None:
    site = serve(answer(PEM), CERTIFICATE)
    url = f"https://{HOST}:{site.port}/"
    assert in_reactor(lambda: Fetcher(reactor, Configured(web_ca), timeout=20.0).get(url)).body == PEM
    with pytest.raises(Unavailable, match="not trusted"):
        in_reactor(lambda: Fetcher(reactor, Configured(), timeout=20.0).get(url))


def test_a_redirect_from_what_the_operator_names_is_not_followed_either(
    serve: Serve, in_reactor: Reactor, names: Names
) -> None:
    site = serve(answer(b"", b"Location: http://127.0.0.1:1/", status=b"302 Found"))
    with pytest.raises(Unavailable, match="answered 302"):
        in_reactor(lambda: Fetcher(reactor, Configured(), timeout=20.0).get(f"http://{HOST}:{site.port}/"))


def test_many_fetches_at_once_do_not_disturb_each_other(client: Client, serve: Serve, in_reactor: Reactor) -> None:
    site = serve(answer(PEM), CERTIFICATE)
    fetcher = client.fetcher(site)

    def all_at_once() -> Deferred[list[Answer]]:
        return gatherResults([fetcher.get(f"https://{HOST}:{site.port}/{i}") for i in range(40)])

    assert [each.body for each in in_reactor(all_at_once)] == [PEM] * 40


class Offline:
    """A fetcher on a reactor without sockets."""

    def __init__(self, names: Names, **options: Any) -> None:
        self.reactor: Any = MemoryReactorClock()  # type: ignore[no-untyped-call]
        self.reactor.nameResolver = self.names = names
        self.fetcher = Fetcher(self.reactor, Public(options.pop("laboratories", ())), **options)

    def get(self, url: str) -> list[object]:
        results: list[object] = []
        self.fetcher.get(url).addBoth(results.append)
        self.reactor.advance(0)
        return results


def forbidden_by(results: list[object]) -> str:
    (failure,) = results
    assert isinstance(failure, Failure)
    assert isinstance(failure.value, Forbidden)
    return str(failure.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is not an https URL"),
        ("http://certs.example.com/", "is not an https URL"),
        ("file:///etc/passwd", "is not an https URL"),
        ("https://certs.example.com:22/", "has port 22"),
        ("https://certs.example.com/?a=b", "has a query"),
        ("https://certs.example.com/#a", "has a fragment"),
        ("https://a@certs.example.com/", "has user information"),
        ("https://2130706433/", "names no host"),
        ("https://0x7f.0.0.1/", "names no host"),
        ("https://certs.example.com/\r\nX: y", "is not a well-formed URL"),
        ("https://[::1/", "is not a well-formed URL"),
        ("https://\u0661\u0662/", "is not a well-formed URL"),
    ],
)
def test_a_url_outside_the_rules_is_not_even_looked_up(url: str, reason: str) -> None:
    offline = Offline(Names())
    assert forbidden_by(offline.get(url)) == f"the URL {reason}"
    assert offline.names.asked == []


def test_a_name_server_that_changes_its_mind_cannot_lead_inside() -> None:
    offline = Offline(Names(certs_example_com=[["8.8.8.8"], ["127.0.0.1"]]))
    assert offline.get(f"https://{HOST.upper()}/a.pem") == []
    assert [client[:2] for client in offline.reactor.tcpClients] == [("8.8.8.8", 443)]
    assert offline.names.asked == [HOST]


def test_an_answer_that_is_public_in_part_is_forbidden() -> None:
    offline = Offline(Names(certs_example_com=[["8.8.8.8", "192.168.0.1"]]))
    said = forbidden_by(offline.get(f"https://{HOST}:8443/"))
    assert said == f"{HOST} resolves to 192.168.0.1, which is not a public address"
    assert offline.reactor.tcpClients == []


def test_not_even_a_laboratory_is_at_a_link_local_address() -> None:
    laboratories = (Laboratory(HOST, private_address=True),)
    offline = Offline(Names(certs_example_com=[["169.254.169.254"]]), laboratories=laboratories)
    assert "169.254.169.254" in forbidden_by(offline.get(f"https://{HOST}/"))


def test_the_time_limit_is_for_all_of_it() -> None:
    offline = Offline(Names(certs_example_com=[["8.8.8.8", "9.9.9.9"]]), timeout=2.0)
    results = offline.get(f"https://{HOST}/")
    for _ in range(19):
        offline.reactor.advance(0.1)
    assert results == []
    offline.reactor.advance(0.11)
    (failure,) = results
    assert isinstance(failure, Failure)
    assert str(failure.value) == f"{HOST} gave no answer within 2 s"
    assert all(connector.stoppedConnecting for connector in offline.reactor.connectors)
    assert offline.reactor.getDelayedCalls() == []
