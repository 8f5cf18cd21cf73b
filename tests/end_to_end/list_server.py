"""Serves a revocation list over HTTP that is made anew each time it is asked for, until it goes down."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from signed_lists import revocation_list

from sip_guard.demo.pki import Issued


class ListServer:
    """The web server of who signs lists."""

    def __init__(self, signer: Issued, lasts: float) -> None:
        """Listen on a port of 127.0.0.1 that the system chooses. Each list is good for `lasts` seconds."""
        self.revoked: tuple[Issued, ...] = ()
        self.down = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                if server.down:
                    self.send_error(503)
                    return
                octets = revocation_list(signer, server.revoked, when=time.time(), lasts=lasts)
                self.send_response(200)
                self.send_header("Content-Type", "application/pkix-crl")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/crl"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
