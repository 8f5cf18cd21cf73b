"""The name servers, asked without blocking the reactor: over UDP, and over TCP what is too long for it."""

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, connectProtocol
from twisted.internet.error import BindError, ConnectError
from twisted.internet.interfaces import IDelayedCall
from twisted.names import client, dns

from sip_guard.sip.flow import Address

MAX_SERVERS: Final = 3
"""Name servers that are asked, as in resolv.conf(5)."""
READ_AGAIN: Final = 60.0
"""Seconds until the file of the system's name servers is read again."""
TRIES: Final = (1 / 8, 1 / 4, 5 / 8)
"""Parts of the time limit after which the next name server is asked, in the rounds through all of them."""
RESOLV_CONF: Final = "/etc/resolv.conf"
"""Where the system names its name servers."""


class NameServers(client.Resolver):
    """Asks name servers one after the other, until one says yes or no: what one cannot tell, the next may know."""

    _reading: IDelayedCall | None = None

    def __init__(
        self, reactor: Any, servers: Iterable[Address], timeout: float, resolv_conf: str = RESOLV_CONF
    ) -> None:
        """`timeout`: seconds for one question. Without `servers`, those of the system are asked, also when they change.

        Raises OSError if their file is there and cannot be read.
        """
        own = list(servers)
        waits = [timeout * part for part in TRIES]
        super().__init__(None if own else resolv_conf, own, waits, reactor)  # type: ignore[no-untyped-call]
        self._waits = waits

    def close(self) -> None:
        """Look at the file of the system's name servers no more. Questions in progress end by themselves."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def maybeParseConfig(self) -> None:  # noqa: N802 - Twisted's name
        """Read the system's name servers, and again in a while. They stay while their file is empty or unreadable."""
        if self.resolv is None:
            return
        known = len(self.dynServers)
        try:
            lines = system_servers(self.resolv)
        except OSError:
            if not known:
                raise
            lines = []
        if lines or not known:
            self.parseConfig(lines)
        self._reading = self._reactor.callLater(READ_AGAIN, self.maybeParseConfig)

    def parseConfig(self, resolvConf: Iterable[bytes]) -> None:  # noqa: N802, N803 - Twisted's names
        """Read the name servers from the lines of resolv.conf(5)."""
        lines = [line.decode("latin-1").split() for line in resolvConf]
        named = [words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1]
        found = [(str(ipaddress.ip_address(each)), dns.PORT) for each in named if _is_address(each)]
        self.dynServers = tuple(found[:MAX_SERVERS]) or (("127.0.0.1", dns.PORT),)  # type: ignore[assignment]

    def messageReceived(self, *_: Any) -> None:  # noqa: N802 - Twisted's name
        """Drop an answer that nobody has asked for."""

    def queryUDP(  # noqa: N802 - Twisted's name
        self, queries: list[dns.Query], timeout: Iterable[float] | None = None
    ) -> Deferred[dns.Message]:
        """Ask, over TCP where an answer is too long for UDP. `timeout`: seconds a server has, in each round."""
        return Deferred.fromCoroutine(self._asked(queries, self._waits if timeout is None else timeout))

    def _connectedProtocol(self, interface: str = "") -> Any:  # noqa: N802 - Twisted's name
        """Give a socket at a port that the system chooses, by chance too, and not in a range that is kept for media."""
        protocol: Any = dns.DNSDatagramProtocol(self, self._reactor)  # type: ignore[no-untyped-call]
        protocol.noisy = False
        self._reactor.listenUDP(0, protocol, interface)
        return protocol

    async def _asked(self, queries: list[dns.Query], waits: Iterable[float]) -> dns.Message:
        servers = [*self.servers, *self.dynServers]
        refusal: dns.Message | None = None
        error: Exception = TimedOut()
        for wait in waits:
            for server in servers.copy():
                try:
                    message = await self._answer_of(server, queries, wait)
                except TimedOut:
                    continue
                except (OSError, BindError, ConnectError) as caught:
                    error = caught
                else:
                    if message.rCode in (dns.OK, dns.ENAME):
                        return message
                    refusal = message
                servers.remove(server)
        if refusal is None:
            raise error
        return refusal

    async def _answer_of(self, server: Address, queries: list[dns.Query], wait: float) -> dns.Message:
        message: dns.Message = await self._query(server, queries, wait)  # type: ignore[no-untyped-call]
        if not message.trunc:
            return message
        endpoint = TCP6ClientEndpoint if ":" in server[0] else TCP4ClientEndpoint
        protocol: Any = dns.DNSProtocol(self, self._reactor)  # type: ignore[no-untyped-call]
        await connectProtocol(endpoint(self._reactor, *server, wait), protocol)  # type: ignore[no-untyped-call]
        try:
            whole: dns.Message = await protocol.query(queries, wait)
        finally:
            protocol.transport.abortConnection()
        return whole


def system_servers(resolv_conf: str = RESOLV_CONF) -> list[bytes]:
    """Give the lines of the file of the system's name servers; none if it is not there. Raises OSError."""
    try:
        return Path(resolv_conf).read_bytes().splitlines()
    except FileNotFoundError:
        return []


def server_address(text: str) -> Address:
    """Read `ADDRESS` or `ADDRESS:PORT` of a name server. Raises ValueError."""
    m = re.fullmatch(r"\[([^\]]+)\](?::([0-9]{1,5}))?|([0-9.]+)(?::([0-9]{1,5}))?|([0-9A-Fa-f:.]+)", text)
    host, port = (m[1] or m[3] or m[5], int(m[2] or m[4] or dns.PORT)) if m is not None else ("", 0)
    if not _is_address(host) or not 0 < port < 65_536:
        raise ValueError(f"`{text}` is no name server, such as 192.0.2.53 or [2001:db8::53]:5353")
    return str(ipaddress.ip_address(host)), port


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
