"""SIP over UDP: a socket of our own on the reactor."""

import errno
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from zope.interface import implementer

from sip_guard.sip.flow import Address, Flow

BATCH = 64
"""Datagrams read before other work gets its turn."""
LOOK = 8
"""Turns from one look at the queue to the next, while nothing waits there behind what is read."""
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Octets the kernel is asked to hold for a burst; it may grant less."""
LONGEST_WAIT = 32.0
"""Seconds that a datagram may have waited: more shows that the clock was set."""

Received = Callable[[bytes, Flow], None]

_PASSING = frozenset((errno.ENOBUFS, errno.ENOMEM, errno.ECONNREFUSED))
"""Errors that say nothing of the address that is sent to, or are about an earlier datagram."""

# Linux only, and unknown to Python: asm-generic/socket.h, linux/sock_diag.h.
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS, _SO_MEMINFO = 33, 35, 55
_TIMESPEC = struct.Struct("@qq")
_MEMINFO = struct.Struct("@9I")
_STAMP_SPACE = socket.CMSG_SPACE(_TIMESPEC.size)


@implementer(IReadDescriptor)
class UdpPort:
    """One listening address. Datagrams go to `received`; what the kernel cannot take is lost, as UDP may lose it."""

    def __init__(
        self,
        reactor: IReactorFDSet,
        address: Address,
        advertised: Address | None,
        received: Received,
        *,
        delayed: Callable[[float], None] | None = None,
        full: float = 0.2,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Bind to `address`; port 0 asks the system for one. Raises OSError.

        `advertised` is what Via and Record-Route name, where the socket's own address is not what peers reach.
        `delayed` is told, at each look at the queue, how many seconds its first datagram has waited; or, if that is
        more, `full` seconds times the part of the buffer that is taken: a small one is full, and loses datagrams,
        before anything waits for long. `wall` is the clock by which the kernel notes when something arrives.
        """
        self._reactor = reactor
        self._received = received
        self._delayed = delayed
        self.full = full
        self._wall = wall
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)  # noqa: FBT003
            self._ask_for_room()
            if delayed is not None:
                with suppress(OSError):
                    self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        self.room = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        """Octets that the kernel holds for a burst."""
        bound = self._socket.getsockname()
        self.address: Address = (bound[0], bound[1])
        self.lost = 0
        """Datagrams that could not be sent."""
        self._more = False
        """Whether something waited behind the first datagram at the last look: then all is read that there is."""
        self._turns = LOOK
        """That were taken since that look."""
        self._flows: dict[Address, Flow] = {}
        self.advertise(advertised)
        reactor.addReader(self)

    def advertise(self, advertised: Address | None) -> None:
        """Be called by another address from now on; None: by the socket's own."""
        own = self.address
        self.local: Address = own if advertised is None else (advertised[0], advertised[1] or own[1])
        self._flows.clear()

    def fileno(self) -> int:
        """Tell the reactor what to watch."""
        return self._socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - the reactor's name
        """Name it in the reactor's own messages."""
        return f"udp {self.address[0]}:{self.address[1]}"

    def doRead(self) -> None:  # noqa: N802 - the reactor's name
        """Read what has arrived: one datagram, or many where they come faster than they are read.

        Which it is, a look at the queue tells. In a quiet hour, when each message has to wake the process, that spares
        most of them the look, and all of them the vain attempt to read one more.
        """
        self._turns += 1
        receive = self._first if self._more or self._turns >= LOOK else self._socket.recvfrom
        for _ in range(BATCH):
            try:
                data, source = receive(65_535)
                receive = self._socket.recvfrom
            except (BlockingIOError, InterruptedError):
                self._more = False
                return
            except OSError:
                # An ICMP error for something sent earlier: the transaction's timers notice.
                continue
            self._received(data, self._flows.get(source) or self._flow(source))
            if not self._more:
                return

    def connectionLost(self, reason: object) -> None:  # noqa: N802, ARG002 - the reactor's name
        """Close, when the reactor stops or the socket fails."""
        self._reactor.removeReader(self)
        self._socket.close()

    def close(self) -> None:
        """Stop listening."""
        self.connectionLost(None)

    def send(self, octets: bytes, remote: Address) -> str:
        """Send one datagram. Gives why it cannot be sent there (no way, too large); empty if it was sent, or lost."""
        try:
            self._socket.sendto(octets, remote)
        except (BlockingIOError, InterruptedError):
            self.lost += 1
        except OSError as error:
            self.lost += 1
            return "" if error.errno in _PASSING else error.strerror or "it cannot be sent"
        return ""

    def _first(self, size: int) -> tuple[bytes, Address]:
        """Read the datagram that has waited longest, and look at how long that was and at what waits behind it."""
        data, notes, _, source = self._socket.recvmsg(size, _STAMP_SPACE)
        taken = self._taken()
        self._more, self._turns = taken > 0.0, 0
        if self._delayed is not None:
            self._delayed(max(_waited(notes, self._wall()), self.full * taken))
        return data, source

    def _taken(self) -> float:
        """Give the part of the kernel's buffer that is taken: 0 to 1."""
        with suppress(OSError, struct.error):
            taken, room, *_ = _MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))
            return float(min(1.0, taken / room))
        return 0.0

    def _ask_for_room(self) -> None:
        """Ask for the buffer: beyond the system's limit (net.core.rmem_max) where we may, or else up to it."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except OSError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def _flow(self, source: Address) -> Flow:
        """Make the flow of a source as the system writes it: with IPv6, more than an address and a port."""
        if len(self._flows) >= 4096:
            self._flows.clear()
        flow = self._flows[source] = Flow("UDP", self.local, (source[0], source[1]))
        return flow


def _waited(notes: list[tuple[int, int, bytes]], now: float) -> float:
    """Give how long a datagram has waited by the kernel's note of its arrival; 0 where that says nothing."""
    for level, kind, octets in notes:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(octets) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(octets)
            waited = float(now - seconds - nanoseconds / 1e9)
            return waited if 0.0 <= waited <= LONGEST_WAIT else 0.0
    return 0.0
