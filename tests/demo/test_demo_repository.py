"""The demonstration's certificate repository speaks HTTPS, and fails in the ways that real ones do."""

import ssl
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from threading import Thread

import pytest

from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.demo.repository import Repository


class Web:
    """A repository and a client that trusts it."""

    def __init__(self, folder: Path) -> None:
        window = Window.around(time.time())
        root = web_root(window)
        self.repository = Repository(web_server(root, window), folder)
        self._trust = ssl.create_default_context(cadata=root.pem.decode())

    def get(self, name: str) -> tuple[int, bytes]:
        client = HTTPSConnection("127.0.0.1", self.repository.port, timeout=10, context=self._trust)
        try:
            client.request("GET", f"/{name}")
            answer = client.getresponse()
            return answer.status, answer.read() if answer.status == 200 else b""
        finally:
            client.close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    opened = Web(tmp_path)
    yield opened
    opened.repository.close()


def test_what_was_added_is_served(web: Web) -> None:
    url = web.repository.add("a.pem", b"certificate")
    assert url == f"https://127.0.0.1:{web.repository.port}/a.pem"
    assert web.get("a.pem") == (200, b"certificate")
    assert web.repository.fetched == ["a.pem"]


def test_what_is_not_there_is_not_found(web: Web) -> None:
    assert web.get("nowhere.pem")[0] == 404


def test_what_is_down_is_unavailable(web: Web) -> None:
    web.repository.add("down.pem", b"certificate")
    assert web.get("down.pem")[0] == 503


def test_what_is_slow_comes_when_it_is_released(web: Web) -> None:
    web.repository.add("slow.pem", b"certificate")
    web.repository.add("a.pem", b"other")
    answers: list[tuple[int, bytes]] = []
    thread = Thread(target=lambda: answers.append(web.get("slow.pem")))
    thread.start()
    assert web.get("a.pem") == (200, b"other")
    assert answers == []
    web.repository.release()
    thread.join(10)
    assert answers == [(200, b"certificate")]


def test_a_client_that_does_not_know_its_authority_gets_nothing(web: Web) -> None:
    client = HTTPSConnection("127.0.0.1", web.repository.port, timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError):
        client.request("GET", "/a.pem")
    assert web.repository.fetched == []
