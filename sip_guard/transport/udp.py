"""SIP over UDP: a socket of our own on the reactor, read until it is empty."""

import socket
from collections.abc import Callable

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from zope.interface import implementer

from sip_guard.sip.flow import Address, Flow

BATCH = 64
"""Datagrams read before other work gets its turn."""
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Octets the kernel is asked to hold for a burst; it may grant less."""

Received = Callable[[bytes, Flow], None]


@implementer(IReadDescriptor)
class UdpPort:
    """One listening address. Datagrams go to `received`; what the kernel cannot take is lost, as UDP may lose it."""

    def __init__(
        self, reactor: IReactorFDSet, address: Address, advertised: Address | None, received: Received
    ) -> None:
        """Bind to `address`; port 0 asks the system for one. Raises OSError.

        `advertised` is what Via and Record-Route name, where the socket's own address is not what peers reach.
        """
        self._reactor = reactor
        self._received = received
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)  # noqa: FBT003
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        bound = self._socket.getsockname()
        self.address: Address = (bound[0], bound[1])
        self.local: Address = self.address if advertised is None else (advertised[0], advertised[1] or bound[1])
        self.lost = 0
        """Datagrams that could not be sent."""
        self._flows: dict[Address, Flow] = {}
        reactor.addReader(self)

    def fileno(self) -> int:
        """Tell the reactor what to watch."""
        return self._socket.fileno()

    def logPrefix(self) -> str:  # noqa: N802 - the reactor's name
        """Name it in the reactor's own messages."""
        return f"udp {self.address[0]}:{self.address[1]}"

    def doRead(self) -> None:  # noqa: N802 - the reactor's name
        """Read what has arrived."""
        receive = self._socket.recvfrom
        for _ in range(BATCH):
            try:
                data, source = receive(65_535)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # An ICMP error for something sent earlier: the transaction's timers notice.
                continue
            self._received(data, self._flow((source[0], source[1])))

    def connectionLost(self, reason: object) -> None:  # noqa: N802, ARG002 - the reactor's name
        """Close, when the reactor stops or the socket fails."""
        self._reactor.removeReader(self)
        self._socket.close()

    def close(self) -> None:
        """Stop listening."""
        self.connectionLost(None)

    def send(self, octets: bytes, remote: Address) -> None:
        """Send one datagram."""
        try:
            self._socket.sendto(octets, remote)
        except OSError:
            self.lost += 1

    def _flow(self, remote: Address) -> Flow:
        flow = self._flows.get(remote)
        if flow is None:
            if len(self._flows) >= 4096:
                self._flows.clear()
            flow = self._flows[remote] = Flow("UDP", self.local, remote)
        return flow
