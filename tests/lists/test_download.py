"""A list from a URL is taken only if it is the one whose digest is known."""

import ssl
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from compiling import NOW

from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.lists.compile import Job, Report, run
from sip_guard.lists.compiled import Compiled

LIST = b"number\n+442079460000\n"
DIGEST = sha256(LIST).hexdigest()
WINDOW = Window(1_577_836_800.0, 2_493_072_000.0)
"""2020 to 2049."""
ROOT = web_root(WINDOW)


class Site:
    """An https server on this machine, and what it answers with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages: dict[str, bytes] = {"/dno.csv": LIST}
        self.asked: list[str] = []
        self.cut = 0
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                page = site.pages.get(self.path)
                self.send_response(404 if page is None else 302 if page.startswith(b"http") else 200)
                if page is not None and page.startswith(b"http"):
                    self.send_header("Location", page.decode())
                    page = b""
                self.send_header("Content-Length", str(len(page or b"") + site.cut))
                self.end_headers()
                self.wfile.write(page or b"")

            def log_message(self, *_: object) -> None:
                return

        server = web_server(ROOT, WINDOW)
        (folder / "server.pem").write_bytes(server.pem + server.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.target = folder / "state" / "dno.list"
        self.target.parent.mkdir()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def compile(self, digest: str = DIGEST, page: str = "/dno.csv", max_octets: int = 1000) -> Report:
        job = Job(url=self.url + page, sha256=digest, target=str(self.target), max_octets=max_octets)
        report = run(job)
        assert [path.name for path in self.target.parent.iterdir()] in ([], ["dno.list"])
        return report

    def fault(self, digest: str = DIGEST, page: str = "/dno.csv", max_octets: int = 1000) -> str:
        """Give the one fault, without the URL that it begins with."""
        (fault,) = self.compile(digest, page, max_octets).faults
        assert fault.startswith(f"{self.url}{page}:")
        return fault.removeprefix(f"{self.url}{page}:").strip()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    opened = Site(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("digest", [DIGEST, DIGEST.upper()])
def test_a_list_is_downloaded_and_compiled(site: Site, digest: str) -> None:
    report = site.compile(digest)
    assert (report.faults, report.numbers, report.digest) == ((), 1, DIGEST)
    assert Compiled(site.target).find("442079460000", NOW) is not None


def test_a_digest_may_stand_in_a_file_beside_it(site: Site) -> None:
    site.pages["/dno.csv.sha256"] = f"{DIGEST}  dno.csv\n".encode()
    assert site.compile(f"{site.url}/dno.csv.sha256").numbers == 1
    site.pages["/dno.csv.sha256"] = f"SHA256 (dno.csv) = {DIGEST}\n".encode()
    assert site.compile(f"{site.url}/dno.csv.sha256").unchanged
    assert site.asked == ["/dno.csv.sha256", "/dno.csv", "/dno.csv.sha256"]


def test_another_list_than_the_one_that_is_known_is_refused(site: Site) -> None:
    other = "0" * 64
    assert site.fault(other) == f"its SHA-256 is {DIGEST}, and {other} was expected; the list is not taken"


def test_a_new_list_under_the_old_digest_leaves_the_old_one_in_its_place(site: Site) -> None:
    site.compile()
    site.pages["/dno.csv"] = b"number\n+441632960000\n"
    assert site.compile().unchanged
    assert Compiled(site.target).find("442079460000", NOW) is not None


def test_faults_in_it_are_told_with_its_url(site: Site) -> None:
    site.pages["/dno.csv"] = page = b"number\nx\n"
    assert site.fault(sha256(page).hexdigest()).startswith("2: `x` is no telephone number")


def test_a_list_that_is_too_long_is_refused(site: Site) -> None:
    assert site.fault(max_octets=10) == "is longer than 10 octets; raise `max_octets` if that is right"


def test_a_list_that_ends_too_early_is_refused(site: Site) -> None:
    site.cut = 5
    assert site.fault() == "ended 5 octets too early"


def test_a_page_that_is_not_there_is_told(site: Site) -> None:
    assert "404" in site.fault(page="/other.csv")
    assert "404" in site.fault(f"{site.url}/dno.csv.sha256")


def test_a_file_without_a_digest_is_told(site: Site) -> None:
    site.pages["/sum"] = b"none " + DIGEST.encode() + b"0"
    assert site.fault(f"{site.url}/sum").endswith("/sum names no SHA-256 of 64 hexadecimal digits")


def test_a_redirect_away_from_https_is_refused(site: Site) -> None:
    site.pages["/away"] = site.url.replace("https", "http").encode() + b"/dno.csv"
    assert site.fault(page="/away")
    site.pages["/here"] = site.url.encode() + b"/dno.csv"
    assert site.compile(page="/here").numbers == 1


def test_a_server_that_the_system_does_not_know_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate verify failed" in site.fault()


def test_a_server_that_is_not_there_is_told(site: Site) -> None:
    site.close()
    assert "Connection refused" in site.fault()
