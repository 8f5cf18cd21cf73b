"""A user agent that speaks SIP over one connection of TCP or TLS, and does nothing by itself: the test says what."""

import socket
import ssl
from collections import deque
from contextlib import suppress
from typing import Self
from uuid import uuid4

from messages import request

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.sip.flow import Address
from sip_guard.sip.framing import Framer
from sip_guard.sip.message import Message, Request, Response, parse
from sip_guard.sip.rewrite import answer

WAIT = 5.0
"""Seconds after which what did not happen will not."""
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


class Speaker:
    """One end of a connection, and the one call that it makes there."""

    def __init__(self, link: socket.socket, guard: Address, *, sent_by: Address) -> None:
        """`guard` is called, and `sent_by` is what Via and Contact name."""
        link.settimeout(WAIT)
        self.link = link
        self._guard = guard
        self.call_id = str(uuid4())
        self._sent_by = sent_by
        self._transport = "TLS" if isinstance(link, ssl.SSLSocket) else "TCP"
        self._contact = f"<sip:{sent_by[0]}:{sent_by[1]};transport={self._transport.lower()}>"
        self._framer = Framer()
        self._got: deque[Message] = deque()
        self._count = 0
        self._target = ""
        self._to = ""
        self._routes: list[str] = []

    @classmethod
    def to(
        cls, guard: Address, host: str, *, tls: ssl.SSLContext | None = None, sent_by: Address | None = None
    ) -> Self:
        """Connect from `host`; `sent_by`: where it listens too, or else nowhere."""
        link = socket.create_connection(guard, WAIT, (host, 0))
        if tls is not None:
            link = tls.wrap_socket(link, server_hostname=guard[0])
        return cls(link, guard, sent_by=sent_by or link.getsockname()[:2])

    @property
    def shown(self) -> bytes | None:
        """The certificate (DER) that the other side has shown."""
        return self.link.getpeercert(binary_form=True) if isinstance(self.link, ssl.SSLSocket) else None

    def invites(self, *lines: str) -> None:
        """Call the PBX."""
        self._target = f"sip:+{BOB}@{self._guard[0]}:{self._guard[1]}"
        self._to = f"<{self._target}>"
        self.asks("INVITE", "Content-Type: application/sdp", *lines, body=SDP)

    def acknowledges(self, answered: Response) -> None:
        """Send the ACK of a 200 to the INVITE: from then on there is a dialog."""
        self._to = answered.value(b"to").decode()
        self._target = answered.value(b"contact").decode().strip("<>")
        self._routes = [f"Route: {value.decode()}" for value in reversed(answered.values(b"record-route"))]
        self.asks("ACK")

    def asks(self, method: str, *lines: str, body: bytes = b"") -> None:
        """Send a request of the call."""
        self._count += method != "ACK"
        host, port = self._sent_by
        self.link.sendall(
            request(
                method,
                self._target,
                *self._routes,
                *lines,
                body=body,
                via=f"SIP/2.0/{self._transport} {host}:{port};branch=z9hG4bK{uuid4()}",
                from_=f"<sip:+{ALICE}@carrier.example>;tag=speaker",
                to=self._to,
                call_id=self.call_id,
                cseq=f"{self._count} {method}",
                contact=self._contact,
            )
        )

    def answers(self, asked: Request) -> None:
        """Answer a request with 200, and a description of what it is sent if that asks for one."""
        octets = answer(asked, 200, tag=b"speaker", extra=(f"Contact: {self._contact}".encode(),))
        if asked.method == b"INVITE":
            described = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(SDP)
            octets = octets.replace(b"Content-Length: 0\r\n\r\n", described) + SDP
        self.link.sendall(octets)

    def gets(self, start: str) -> Message:
        """Take messages up to one that starts so. Raises AssertionError if it does not come."""
        passed: list[str] = []
        while True:
            while not self._got:
                octets = self._read()
                assert octets, f"closed, and no {start} after {passed}"
                self._got.extend(map(parse, self._framer.feed(octets)))
            message = self._got.popleft()
            if message.raw.startswith(start.encode()):
                return message
            passed.append(message.start.decode())

    def gets_answer(self, start: str) -> Response:
        """Take messages up to an answer that starts so."""
        message = self.gets(f"SIP/2.0 {start}")
        assert isinstance(message, Response)
        return message

    def gets_request(self, method: str) -> Request:
        """Take messages up to a request."""
        message = self.gets(f"{method} ")
        assert isinstance(message, Request)
        return message

    def ends(self) -> bytes:
        """Wait until the other side ends the connection; give what it had said."""
        said = b""
        with suppress(ConnectionError, ssl.SSLError):
            while octets := self._read():
                said += octets
        return said

    def leaves(self) -> None:
        """Close the connection in due form, and wait until the other side has done so."""
        if isinstance(self.link, ssl.SSLSocket):
            self.link = self.link.unwrap()
        else:
            self.link.shutdown(socket.SHUT_WR)
        assert self.ends() == b""
        self.close()

    def goes_on(self, link: socket.socket) -> None:
        """Go on with the call on another connection."""
        link.settimeout(WAIT)
        self.link = link
        self._framer = Framer()

    def close(self) -> None:
        """End the connection."""
        self.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> bytes:
        return self.link.recv(65_535)
