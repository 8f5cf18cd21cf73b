"""A certificate repository on loopback: HTTPS, as `x5u` URLs need it."""

import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Self

from sip_guard.demo.pki import Issued


class Repository:
    """Serves certificates by name until it is closed."""

    def __init__(self, server: Issued, folder: Path) -> None:
        """Listen on a port of 127.0.0.1 that the system chooses; `folder` takes the server's certificate and key."""
        self._pages: dict[str, bytes] = {}
        self._released = Event()
        self.fetched: list[str] = []
        """Names in the order they were asked for."""
        chain, key = folder / "repository.pem", folder / "repository.key"
        chain.write_bytes(server.bundle)
        key.write_bytes(server.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def add(self, name: str, bundle: bytes) -> str:
        """Serve `bundle` under a name, and give its URL."""
        self._pages[name] = bundle
        return self.url(name)

    def url(self, name: str) -> str:
        """Give the URL of a name. `down` answers 503, `slow` answers when the repository is released or closed."""
        return f"https://127.0.0.1:{self.port}/{name}"

    def release(self) -> None:
        """Let what waits go on."""
        self._released.set()

    def close(self) -> None:
        """Stop serving."""
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        repository = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                name = self.path.lstrip("/")
                repository.fetched.append(name)
                if name.startswith("slow"):
                    repository._released.wait(30)
                page = repository._pages.get(name)
                if name.startswith("down"):
                    self.send_error(503)
                elif page is None:
                    self.send_error(404)
                else:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/pem-certificate-chain")
                    self.send_header("Content-Length", str(len(page)))
                    self.end_headers()
                    self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
