"""The way to the collector: a socket that may be broken at any time. For a thread, since it waits."""

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress

from sip_guard.hep.options import Options

PATIENCE = 5.0
"""Seconds that connecting, or sending a batch, may take."""


class Link:
    """Sends packets while it can."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._socket: socket.socket | None = None

    def send(self, packets: Sequence[bytes]) -> int:
        """Send packets, over a stream all of them or none; give how many the system took.

        Raises OSError where the collector cannot be reached; the next time, the link is opened anew.
        """
        try:
            if self._socket is None:
                self._socket = self._opened()
            if self._options.transport == "udp":
                return sum(self._datagram(self._socket, packet) for packet in packets)
            self._socket.sendall(b"".join(packets))
        except (OSError, UnicodeError) as error:
            self.close()
            # A name that cannot be one is no worse than one that is not there.
            raise error if isinstance(error, OSError) else OSError(str(error)) from error
        return len(packets)

    def close(self) -> None:
        """Close it; the next packet opens it again."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        options = self._options
        if options.transport != "udp":
            link = socket.create_connection((options.host, options.port), timeout=PATIENCE)
            return link if options.transport == "tcp" else _secured(link, options)
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_DGRAM)[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)  # noqa: FBT003 - has no name there
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made

    @staticmethod
    def _datagram(link: socket.socket, packet: bytes) -> bool:
        """Send a datagram, or lose it as UDP may."""
        try:
            link.send(packet)
        except (BlockingIOError, InterruptedError):
            return False
        return True


def _secured(link: socket.socket, options: Options) -> socket.socket:
    try:
        return ssl.create_default_context(cafile=options.ca).wrap_socket(link, server_hostname=options.host)
    except OSError:
        link.close()
        raise
