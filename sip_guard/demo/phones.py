"""Two small user agents on loopback: one that calls, and a PBX that answers every call."""

import re
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread

from sip_guard.sip.message import MalformedMessage, Request, Response, parse
from sip_guard.sip.rewrite import answer

WAIT = 5.0
"""Seconds that an answer may take."""


class Pbx:
    """Answers every INVITE with 180 and 200, and keeps what it was sent."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        """Listen on a port of `host` that the system chooses."""
        self.host = host
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self.calls: dict[str, Request] = {}
        """INVITEs by their Call-ID."""
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        with suppress(OSError):
            # It says that there is no connection, and ends the waiting all the same.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(65_535)
                message = parse(data)
            except MalformedMessage:
                continue
            except OSError:
                return
            if not isinstance(message, Request) or message.method == b"ACK":
                continue
            if message.method == b"INVITE":
                self.calls[message.value(b"call-id").decode("utf-8", "replace")] = message
                self._answer(message, 180, source)
            self._answer(message, 200, source)

    def _answer(self, request: Request, code: int, source: tuple[str, int]) -> None:
        extra = [request.lines[place] for place in request.places(b"record-route")]
        extra.append(b"Contact: <sip:%b:%d>" % (self.host.encode(), self.port))
        phrase = "Ringing" if code == 180 else ""
        self._socket.sendto(answer(request, code, tag=b"pbx", phrase=phrase, extra=tuple(extra)), source)


class Caller:
    """Places calls and hangs up as soon as they are answered."""

    def __init__(self) -> None:
        """Send from a port of 127.0.0.1 that the system chooses."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(WAIT)
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def call(self, guard: int, presented: str, called: str, fields: Sequence[str]) -> tuple[str, Response]:
        """Call the number `called` through the guard at port `guard` as `presented`, a From value without its tag.

        `fields` are further header lines. Gives Call-ID and final answer. Raises TimeoutError without one.
        """
        leg = _Leg(self._socket, guard, f"From: {presented};tag={secrets.token_hex(4)}")
        uri = f"sip:{called}@127.0.0.1:{guard}"
        contact = f"Contact: <sip:127.0.0.1:{self.port}>"
        branch = _branch()
        final = leg.ask("INVITE", 1, uri, branch, [f"To: <{uri}>", contact, *fields])
        to = f"To: {final.value(b'to').decode()}"
        if final.code >= 300:
            leg.send("ACK", 1, uri, branch, [to])
            return leg.call_id, final
        target = final.value(b"contact").decode().strip("<>")
        in_dialog = [to, *(f"Route: {value.decode()}" for value in reversed(final.values(b"record-route")))]
        leg.send("ACK", 1, target, _branch(), in_dialog)
        leg.ask("BYE", 2, target, _branch(), in_dialog)
        return leg.call_id, final


class _Leg:
    """The caller's side of one call."""

    def __init__(self, link: socket.socket, guard: int, caller: str) -> None:
        self._socket = link
        self._guard = guard
        self._caller = caller
        self.call_id = f"{secrets.token_hex(8)}@demo"

    def ask(self, method: str, cseq: int, uri: str, branch: str, lines: Sequence[str]) -> Response:
        """Send a request and give its final answer."""
        self.send(method, cseq, uri, branch, lines)
        while True:
            message = parse(self._socket.recv(65_535))
            if isinstance(message, Response) and message.code >= 200 and message.via.branch == branch.encode():
                return message

    def send(self, method: str, cseq: int, uri: str, branch: str, lines: Sequence[str]) -> None:
        """Send a request."""
        port = self._socket.getsockname()[1]
        head = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport",
            "Max-Forwards: 70",
            self._caller,
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            *lines,
            "Content-Length: 0",
        ]
        self._socket.sendto("\r\n".join([*head, "", ""]).encode(), ("127.0.0.1", self._guard))


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def seen(invite: Request) -> str:
    """Give what a PBX reads off an INVITE: the verstat in From, or else the verdict in X-SIP-Guard."""
    verstat = re.search(rb"verstat=([A-Za-z\-]+)", invite.value(b"from"))
    verdict = re.search(rb"verdict=[a-z]+", invite.value(b"x-sip-guard"))
    found = verstat[1] if verstat else verdict[0] if verdict else b"no tags"
    return found.decode()
