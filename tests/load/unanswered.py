"""A burst of INVITEs that nobody answers, twice: what the guard holds before, meanwhile and afterwards."""

import select
import socket
import time
from uuid import uuid4

from processes import Guard, eventually
from report import Report
from world import CARRIER, PBX, World, target

from sip_guard.demo.calls import ALICE, BOB

BURST, SHORT_BURST = 100_000, 4_000
SHORT_RATE = 400
"""INVITEs a second of the small burst, which goes on beside other cases."""
WINDOW = 200
"""INVITEs on their way that the guard has not even taken note of: as fast as it can."""
AGAIN = 0.5
"""Seconds until an INVITE that it has not taken note of is sent again (timer A)."""
PATIENCE = 32.0
"""Seconds until an INVITE without an answer gets 408 (timers B and F)."""
REST = 3.0
"""Seconds without work after which all is over."""
FORGOTTEN = 5.0
"""Seconds for which the answer is remembered after its ACK (timer I)."""
MARGIN = 0.5
"""Of what a burst takes, what may stay: Python's arenas that something else has come to lie in meanwhile. It is used
again, so that a second burst takes no more."""
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
        guard = world.guard(patient, more=f"limits: {{transactions: {2 * burst}, lag: 5}}", core=-1 if short else 0)
        before = guard.resident()
        report.row("INVITEs a burst", burst)
        report.row("before, MB", before)
        rate = SHORT_RATE if short else burst
        first, level = _burst(guard, burst, rate), guard.resident()
        report.row("first burst: at most, afterwards, MB", f"{first:.1f}, {level:.1f}")
        second, end = _burst(guard, burst, rate), guard.resident()
        report.row("second burst: at most, afterwards, MB", f"{second:.1f}, {end:.1f}")
    grown = first - before
    report.expect(grown > SLACK, "the burst took next to nothing: it did not arrive")
    report.expect(
        end - level <= MARGIN * grown,
        f"the second burst raised the level by {end - level:.0f} MB",
    )
    if not short:
        report.expect(level - before <= SLACK + MARGIN * grown, f"{level - before:.0f} MB stay after the burst")


def _burst(guard: Guard, count: int, rate: float) -> float:
    """Send INVITEs, at most `rate` a second, acknowledge their 408s, and wait until all are forgotten.

    Gives the most MB that the guard held meanwhile.
    """
    peak = guard.resident()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        caller.bind((CARRIER, 0))
        caller.connect(("127.0.0.1", guard.ports["UDP"]))
        calls = _Calls(caller)
        begun = time.monotonic()
        end = begun + count / 200 + PATIENCE + 60
        looked = 0.0
        while calls.refused < count and time.monotonic() < end:
            due = min(count, 1 + int(rate * (time.monotonic() - begun)))
            while calls.sent < due and calls.waiting < WINDOW:
                calls.invite()
            calls.read(0.01 if calls.sent < count else 0.2)
            if time.monotonic() > looked + AGAIN:
                looked, peak = time.monotonic(), max(peak, guard.resident())
                calls.invite_again()
        if calls.refused < count:
            raise RuntimeError(f"of {count} INVITEs {calls.refused} got 408, and {calls.waiting} not even 100")
    time.sleep(FORGOTTEN)
    if not eventually(lambda: _rests(guard), 60):
        raise RuntimeError("the guard does not come to rest")
    return peak


def _rests(guard: Guard) -> bool:
    """Tell whether it does next to nothing for some seconds."""
    used = guard.cpu()
    time.sleep(REST)
    return guard.cpu() - used < REST / 20


class _Calls:
    """Calls of one caller, told from each other by their number."""

    def __init__(self, link: socket.socket) -> None:
        self.sent = 0
        self._link = link
        self._local = "{}:{}".format(*link.getsockname())
        self._remote = "{}:{}".format(*link.getpeername())
        self._run = uuid4().hex
        self._waiting: dict[int, float] = {}
        """When those were sent that have no answer at all."""
        self._over: set[int] = set()

    @property
    def waiting(self) -> int:
        """How many have no answer at all."""
        return len(self._waiting)

    @property
    def refused(self) -> int:
        """How many got 408 in the end."""
        return len(self._over)

    def invite(self) -> None:
        """Begin another call."""
        self._send(self.sent)
        self.sent += 1

    def invite_again(self) -> None:
        """Send those again that may have been lost."""
        late = time.monotonic() - AGAIN
        for number in [number for number, sent in self._waiting.items() if sent < late]:
            self._send(number)

    def read(self, seconds: float) -> None:
        """Read what there is, waiting so long for it, and acknowledge each 408. Raises RuntimeError for others."""
        if not select.select([self._link], [], [], seconds)[0]:
            return
        for _ in range(WINDOW):
            try:
                octets = self._link.recv(65_535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            fields = dict(line.split(b": ", 1) for line in octets.split(b"\r\n")[1:] if b": " in line)
            number = int(fields[b"Call-ID"].partition(b"-")[0])
            self._waiting.pop(number, None)
            if octets.startswith(b"SIP/2.0 408 "):
                self._over.add(number)
                tag = fields[b"To"].decode().partition(";")[2]
                self._link.send(self._request("ACK", number, f";{tag}"))
            elif not octets.startswith(b"SIP/2.0 100 "):
                raise RuntimeError(f"an INVITE of the burst got {octets[:40]!r}")

    def _send(self, number: int) -> None:
        self._waiting[number] = time.monotonic()
        self._link.send(self._request("INVITE", number, ""))

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
