"""A caller who closes its connection before the answer is there: a new one to where its Via says brings it (18.2.2)."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from messages import read_request
from speaker import Speaker
from streams import Files, named, root

from sip_guard.demo.guard import Guard
from sip_guard.sip.rewrite import answer

pytestmark = pytest.mark.end_to_end

CALLER = "127.0.0.5"
CONFIG = """\
listen:
  - udp: 127.0.0.1:0
  - tcp: 127.0.0.1:0
  - tls: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [{caller}]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.1:{pbx}
tls: {{certificate: guard.pem, key: guard.key, ca: ca.pem}}
"""
WAIT = 5.0


class Pbx:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.bind(("127.0.0.1", 0))
        self._link.settimeout(WAIT)
        self.port: int = self._link.getsockname()[1]

    def answers(self, method: str, code: int = 200) -> None:
        """Answer the last request that came, which must be of this method."""
        asked = read_request(self._asked)
        assert asked.method == method.encode()
        extra = [asked.lines[place] for place in asked.places(b"record-route")]
        extra.append(b"Contact: <sip:127.0.0.1:%d>" % self.port)
        self._link.sendto(answer(asked, code, tag=b"pbx", extra=tuple(extra)), self._guard)

    def gets(self, method: str) -> None:
        """Wait for a request."""
        self._asked, self._guard = self._link.recvfrom(65_535)
        assert self._asked.startswith(method.encode() + b" "), self._asked

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def pbx() -> Iterator[Pbx]:
    made = Pbx()
    yield made
    made.close()


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_an_answer_goes_to_where_the_callers_via_says_once_its_connection_is_closed(
    tmp_path: Path, pbx: Pbx, transport: Literal["TCP", "TLS"]
) -> None:
    authority, files = root(), Files(tmp_path)
    files.tls(named(authority, "127.0.0.1"), ca=authority)
    secured = transport == "TLS"
    config = tmp_path / "closed.yaml"
    config.write_text(CONFIG.format(caller=CALLER, pbx=pbx.port))
    with Guard(config) as guard, socket.create_server((CALLER, 0)) as listening:
        listening.settimeout(WAIT)
        speaker = Speaker.to(
            ("127.0.0.1", guard.ports[transport]),
            CALLER,
            tls=files.client(authority) if secured else None,
            sent_by=listening.getsockname()[:2],
        )
        speaker.invites()
        speaker.gets_answer("100")
        pbx.gets("INVITE")
        speaker.leaves()
        pbx.answers("INVITE")
        link, _ = listening.accept()
        if secured:
            link = files.server(named(authority, CALLER)).wrap_socket(link, server_side=True)
        speaker.goes_on(link)
        with speaker:
            speaker.acknowledges(speaker.gets_answer("200"))
            pbx.gets("ACK")
            speaker.asks("BYE")
            pbx.gets("BYE")
            pbx.answers("BYE")
            speaker.gets_answer("200")
        assert not [event for event in guard.events if event["event"] in {"mistake", "undelivered"}]
