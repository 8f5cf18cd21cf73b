"""One TCP peer that never reads, and one that sends an octet a second, beside the calls of others."""

import socket
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from callers import Callers
from processes import Guard
from report import Report
from world import CARRIER, World, target

RATE = 50
"""Calls a second over UDP, and as many over TCP."""
FLOOD = 500
"""Requests a second of the peer that never reads."""
PADDING = 10_000
"""Octets of each, which its answer repeats: so that what it leaves unread becomes much."""


def run(world: World, report: Report, *, short: bool) -> None:
    """Place calls without those peers and then with them: no call may fail."""
    span = 4.0 if short else 40.0
    callees = world.callees(seconds=4 * span + 200)
    guard = world.guard(target("pbx", callees.local))
    _calls(world, guard, 1.0)
    alone = _calls(world, guard, span)
    with Deaf(guard) as deaf, Slow(guard) as slow:
        beside = _calls(world, guard, span)
    for transport in ("UDP", "TCP"):
        for name, callers in (("alone", alone), ("beside them", beside)):
            counts, times = callers[transport].counts, callers[transport].answer_times()
            report.row(f"{transport}, {name}: completed", f"{counts.completed} of {round(RATE * span)}")
            report.times(f"{transport}, {name}: answered within", times)
            lost = round(RATE * span) - counts.completed
            report.expect(lost == 0, f"{lost} calls over {transport} {name} failed\n{callers[transport].errors}")
    report.row("never reads: requests, let go", f"{deaf.sent}, {deaf.let_go} times")
    report.row("an octet a second: octets, let go", f"{slow.sent}, {slow.let_go} times")
    report.row("guard's memory, MB", guard.resident())
    report.expect(deaf.let_go > 0, "the peer that never reads was never let go")
    report.expect(slow.sent > 1, "the slow peer sent next to nothing")


def _calls(world: World, guard: Guard, span: float) -> dict[str, Callers]:
    """Place calls over both transports at once, and wait until they are over."""
    calls = round(RATE * span)
    placed = {
        transport: world.callers(guard, rate=RATE, calls=calls, transport=transport, seconds=span + 70)
        for transport in ("UDP", "TCP")
    }
    for callers in placed.values():
        callers.wait()
    return placed


class _Peer:
    """Somebody of the carrier's, in a thread of its own until it is closed; let go by the guard, it comes again."""

    def __init__(self, guard: Guard) -> None:
        self.sent = 0
        self.let_go = 0
        """How often the guard closed the connection."""
        self._guard = "127.0.0.1", guard.ports["TCP"]
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                link.settimeout(0.5)
                link.bind((CARRIER, 0))
                try:
                    link.connect(self._guard)
                    self._misbehave(link)
                except OSError:
                    self.let_go += 1
                    self._stop.wait(0.1)

    def _misbehave(self, link: socket.socket) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()


class Deaf(_Peer):
    """Asks and asks, and never reads an answer."""

    def _misbehave(self, link: socket.socket) -> None:
        while not self._stop.wait(1 / FLOOD):
            request = _options(link.getsockname(), self.sent)
            while request and not self._stop.is_set():
                with suppress(TimeoutError):
                    request = request[link.send(request) :]
            self.sent += 1


class Slow(_Peer):
    """Sends one request after the other, an octet a second."""

    def _misbehave(self, link: socket.socket) -> None:
        for octet in _options(link.getsockname(), 0):
            link.sendall(bytes((octet,)))
            self.sent += 1
            if self._stop.wait(1):
                return


def _options(local: tuple[str, int], number: int) -> bytes:
    lines = [
        "OPTIONS sip:127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/TCP {local[0]}:{local[1]};branch=z9hG4bK-{number};padding={'x' * PADDING}",
        "Max-Forwards: 70",
        f"From: <sip:{CARRIER}>;tag={number}",
        "To: <sip:127.0.0.1>",
        f"Call-ID: {number}@{local[0]}:{local[1]}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
        "\r\n",
    ]
    return "\r\n".join(lines).encode()
