"""Takes from the reactor what is to be mirrored, and has a thread of its own send it: no call ever waits for it."""

import re
import time
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Any, NamedTuple

import msgspec
from twisted.internet.defer import Deferred

from sip_guard.hep.link import Link
from sip_guard.hep.options import Options
from sip_guard.hep.packet import LOG, SIP, Capture, packet
from sip_guard.log import Logger
from sip_guard.sip.flow import Flow
from sip_guard.worker import Worker

INTERVAL = 0.1
"""Seconds from one sending to the next."""
BATCH = 200
"""Packets that are sent at a time."""
BETWEEN = 0.01
"""Seconds from one batch to the next while more waits: the collector can only take so much."""
AGAIN = 10.0
"""Seconds until a collector that could not be reached is tried again."""
FAREWELL = 1.0
"""Seconds that what waits has to be sent in at the end."""
DECISION_OCTETS = 1024
"""What a decision counts for, before it is written."""

_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:\s*([^\r\n]+)", re.IGNORECASE).search

Mistake = Callable[[str, BaseException], None]


class _Waiting(NamedTuple):
    """Something to be mirrored, as it was: what can be done later is done by the thread."""

    when: float
    flow: Flow
    sent: bool
    what: bytes | dict[str, object]
    call_id: str
    octets: int


class Mirror:
    """The mirror of a guard at work."""

    def __init__(self, options: Options, reactor: Any, log: Logger, mistake: Mistake, link: Link | None = None) -> None:
        """`link`: None: that of the options."""
        self.options = options
        self._reactor = reactor
        self._log = log
        self._mistake = mistake
        self._link = link or Link(options)
        self._queue: deque[_Waiting] = deque()
        # Each is written by one thread alone, so that neither needs a lock.
        self._added = 0
        self._taken = 0
        self.dropped = 0
        """What was not mirrored, for too much was waiting."""
        self.sent = 0
        """Packets that were sent."""
        self.lost = 0
        """Packets that could not be sent."""
        self._broken = False
        self._try_at = 0.0
        self._worker = Worker("hep", self._run, reactor, FAREWELL)

    def message(self, when: float, octets: bytes, flow: Flow, *, sent: bool) -> None:
        """Mirror a message that came or went at `when` (seconds since the epoch). Takes no lock, and never waits."""
        self._add(_Waiting(when, flow, sent, octets, "", len(octets)))

    def decision(self, when: float, call_id: str, flow: Flow, fields: dict[str, object]) -> None:
        """Mirror the record of a decision about a call that came along `flow`."""
        self._add(_Waiting(when, flow, sent=False, what=fields, call_id=call_id, octets=DECISION_OCTETS))

    def _add(self, waiting: _Waiting) -> None:
        if self._added - self._taken + waiting.octets > self.options.queue_octets:
            self.dropped += 1
            return
        self._added += waiting.octets
        self._queue.append(waiting)

    def start(self) -> None:
        """Begin to send."""
        self._worker.start()

    def stop(self) -> Deferred[None]:
        """Send what waits, if that can be done in time. Fires when it is over; call it once."""
        return self._worker.stop()

    # What follows is the thread's.

    def _run(self, stopping: Event) -> None:
        pause = INTERVAL
        while not stopping.wait(pause):
            pause = BETWEEN if self.send(time.monotonic()) else INTERVAL
        while self.send(time.monotonic()):
            pass
        self._link.close()

    def send(self, now: float) -> bool:
        """Send the next batch, unless the collector could not be reached a moment before `now`; tell if more waits."""
        if now < self._try_at:
            return False
        packets: list[bytes] = []
        try:
            packets = self._packets()
            sent = 0
            try:
                sent = self._link.send(packets) if packets else 0
            finally:
                self.sent += sent
                self.lost += len(packets) - sent
        except OSError as error:
            self._try_at = now + AGAIN
            if not self._broken:
                self._tell("hep_unreachable", collector=self.options.place, reason=error.strerror or str(error))
            self._broken = True
            return False
        except Exception as error:  # noqa: BLE001 - our own mistake, which must not end the thread
            self._reactor.callFromThread(self._mistake, "hep", error)
        if self._broken and packets:
            self._broken = False
            self._tell("hep_resumed", collector=self.options.place, lost=self.lost + self.dropped)
        return bool(self._queue)

    def _packets(self) -> list[bytes]:
        """Take the next ones from what waits."""
        packets: list[bytes] = []
        while self._queue and len(packets) < BATCH:
            waiting = self._queue.popleft()
            self._taken += waiting.octets
            packets.append(packet(_capture(waiting), self.options.capture_id, self.options.password))
        return packets

    def _tell(self, event: str, **fields: object) -> None:
        self._reactor.callFromThread(self._log.warning, event, **fields)


def _capture(waiting: _Waiting) -> Capture:
    flow = waiting.flow
    ends = (flow.local, flow.remote) if waiting.sent else (flow.remote, flow.local)
    if isinstance(waiting.what, bytes):
        kind, payload, call_id = SIP, waiting.what, _call_id(waiting.what)
    else:
        kind, payload, call_id = LOG, msgspec.json.encode(waiting.what), waiting.call_id.encode("utf-8", "replace")
    return Capture(
        when=waiting.when,
        transport=flow.transport,
        source=ends[0],
        destination=ends[1],
        kind=kind,
        payload=payload,
        correlation=call_id[:256],
    )


def _call_id(octets: bytes) -> bytes:
    """Find the Call-ID without reading the rest: this is for finding messages, and nothing is decided by it."""
    found = _CALL_ID(octets)
    return found[1].rstrip() if found else b""
