"""A burst of INVITEs that nobody answers, twice: what the guard holds before, meanwhile and afterwards."""

import select
import socket
import time
from uuid import uuid4

from processes import Guard
from report import Report
from world import CARRIER, PBX, World, target

from sip_guard.demo.calls import ALICE, BOB

BURST, SHORT_BURST = 100_000, 4_000
WINDOW = 200
"""INVITEs on their way that the guard has not even taken note of: as fast as it can, and none is lost."""
PATIENCE = 32.0
"""Seconds until an INVITE without an answer gets 408 (timers B and F)."""
FORGOTTEN = 5.0
"""Seconds for which the answer is remembered after its ACK (timer I)."""
MARGIN = 0.2
"""Of what a burst takes, what may stay: pages that something else has come to lie in meanwhile."""
SLACK = 8.0
"""MB that may stay in any case: what is made once."""


def run(world: World, report: Report, *, short: bool) -> None:
    """Send the burst, wait until all transactions are over, and send it again: the level must be the same.

    After a small burst, what is made once and the pages that are used in part weigh too much to compare with before.
    """
    burst = SHORT_BURST if short else BURST
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((PBX, 0))
        # Marked down or overloaded, the guard would be spared the rest of the burst.
        patient = target("silent", silent.getsockname(), more=", down_after: 1000000")
        guard = world.guard(patient, more=f"limits: {{transactions: {2 * burst}, lag: 5}}")
        before = guard.resident()
        report.row("INVITEs a burst", burst)
        report.row("before, MB", before)
        first, level = _burst(guard, burst), guard.resident()
        report.row("first burst: at most, afterwards, MB", f"{first:.1f}, {level:.1f}")
        second, end = _burst(guard, burst), guard.resident()
        report.row("second burst: at most, afterwards, MB", f"{second:.1f}, {end:.1f}")
    grown = first - before
    report.expect(grown > SLACK, "the burst took next to nothing: it did not arrive")
    report.expect(end - level <= MARGIN * grown, f"the second burst raised the level by {end - level:.0f} MB")
    if not short:
        report.expect(level - before <= SLACK + MARGIN * grown, f"{level - before:.0f} MB stay after the burst")


def _burst(guard: Guard, count: int) -> float:
    """Send INVITEs until all have been taken, acknowledge their 408s, and wait until they are forgotten.

    Gives the most MB that the guard held meanwhile.
    """
    peak = guard.resident()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        caller.bind((CARRIER, 0))
        caller.connect(("127.0.0.1", guard.ports["UDP"]))
        calls = _Calls(caller)
        end = time.monotonic() + count / 200 + PATIENCE + 60
        looked = 0.0
        while calls.refused < count and time.monotonic() < end:
            while calls.sent < count and calls.sent - calls.taken < WINDOW:
                calls.invite()
            calls.read(0.2)
            if time.monotonic() > looked + 0.5:
                looked, peak = time.monotonic(), max(peak, guard.resident())
        if calls.refused < count:
            raise RuntimeError(f"of {count} INVITEs {calls.taken} were taken and {calls.refused} got 408")
    time.sleep(FORGOTTEN + 1)
    return peak


class _Calls:
    """Calls of one caller, told from each other by their number."""

    def __init__(self, link: socket.socket) -> None:
        self.sent = 0
        self.taken = 0
        """Calls that got a 100."""
        self.refused = 0
        """Calls that got 408 in the end."""
        self._link = link
        self._local = "{}:{}".format(*link.getsockname())
        self._remote = "{}:{}".format(*link.getpeername())
        self._run = uuid4().hex
        self._over: set[bytes] = set()

    def invite(self) -> None:
        """Begin another call."""
        self._link.send(self._request("INVITE", self.sent, ""))
        self.sent += 1

    def read(self, seconds: float) -> None:
        """Read what there is, waiting so long for it; acknowledge what is final."""
        if not select.select([self._link], [], [], seconds)[0]:
            return
        for _ in range(WINDOW):
            try:
                octets = self._link.recv(65_535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if octets.startswith(b"SIP/2.0 100 "):
                self.taken += 1
            elif octets.startswith(b"SIP/2.0 408 "):
                self._final(octets)
            else:
                raise RuntimeError(f"an INVITE of the burst got {octets[:40]!r}")

    def _final(self, octets: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in octets.split(b"\r\n")[1:] if b": " in line)
        number = fields[b"Call-ID"].partition(b"-")[0]
        if number not in self._over:
            self._over.add(number)
            self.refused += 1
        tag = fields[b"To"].decode().partition(";")[2]
        self._link.send(self._request("ACK", int(number), f";{tag}"))

    def _request(self, method: str, number: int, tag: str) -> bytes:
        lines = [
            f"{method} sip:+{BOB}@{self._remote} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._local};branch=z9hG4bK-{number}-{self._run}",
            "Max-Forwards: 70",
            f"From: <sip:+{ALICE}@carrier.example>;tag={number}",
            f"To: <sip:+{BOB}@{self._remote}>{tag}",
            f"Call-ID: {number}-{self._run}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{self._local}>",
            "Content-Length: 0",
            "\r\n",
        ]
        return "\r\n".join(lines).encode()
