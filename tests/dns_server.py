# ruff: noqa: N802 - Twisted's names
"""A zone whose records and outages belong to the test, and a real name server that serves it on the loopback."""

import shlex
import socket
from contextlib import suppress
from typing import Any

from reactor import reactor
from twisted.internet.defer import Deferred, DeferredList, fail, maybeDeferred, succeed
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError, DNSNotImplementedError, DNSQueryRefusedError, DNSServerError
from twisted.names.server import DNSServerFactory
from twisted.python.failure import Failure

from sip_guard.sip.flow import Address

CODES = {
    DNSNameError: dns.ENAME,
    DNSServerError: dns.ESERVER,
    DNSQueryRefusedError: dns.EREFUSED,
    DNSNotImplementedError: dns.ENOTIMP,
}

SILENT = TimeoutError


class Zone(ResolverBase):
    """Answers by itself, as an `IResolver`, or through a `NameServer`."""

    def __init__(self, text: str = "") -> None:
        """`text`: records in lines such as `pbx.example.com 300 A 192.0.2.1`; the seconds may be left out."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.records: dict[str, list[Any]] = {}
        self.more: dict[str, list[Any]] = {}
        """Additional records by the name that is asked for."""
        self.outages: dict[str, type[Exception]] = {}
        """By name, by name and type, or `*` for all; SILENT: there is no answer."""
        self.asked: list[str] = []
        """Such as `example.com SRV`."""
        self.open: list[Deferred[Any]] = []
        """Those that are not answered."""
        self.add(text)

    def add(self, text: str) -> None:
        """Add records."""
        for record in records(text):
            self.records.setdefault(str(record.name).lower(), []).append(record)

    def remove(self, name: str) -> None:
        """Remove a name."""
        del self.records[name]

    def _lookup(self, name: bytes, _: int, number: int, __: object) -> Deferred[Any]:
        text = name.decode().lower()
        question = f"{text} {dns.QUERY_TYPES[number]}"
        self.asked.append(question)
        for key in (question, text, "*"):
            if key in self.outages:
                return self._outage(self.outages[key])
        if text not in self.records:
            return fail(DNSNameError())
        more = self.more.get(text, [])
        answers: list[Any] = []
        while text not in [str(each.name) for each in answers]:
            here = self.records.get(text, [])
            found = [each for each in here if each.type == number]
            alias = [each for each in here if each.type == dns.CNAME]
            answers += found or alias
            if found or not alias:
                break
            text = str(alias[0].payload.name)
        return succeed((answers, [], more))

    def _outage(self, outage: type[Exception]) -> Deferred[Any]:
        if outage is not SILENT:
            return fail(outage())
        self.open.append(Deferred())
        return self.open[-1]


def free_port(host: str) -> int:
    """Find a port that is free for UDP and for TCP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_STREAM) as tcp:
            udp.bind((host, 0))
            port: int = udp.getsockname()[1]
            with suppress(OSError):
                tcp.bind((host, port))
                return port


def records(text: str) -> list[Any]:
    """Read records in lines."""
    return [_record(*shlex.split(line)) for line in text.splitlines() if line.strip()]


def _record(name: str, *words: str) -> Any:
    ttl, words = (int(words[0]), words[1:]) if words[0].isdigit() else (300, words)
    fields: list[Any] = ["" if word == "." else word for word in words[1:]]
    if words[0] == "NAPTR":
        fields[2:5] = [word.encode() for word in fields[2:5]]
    payload = getattr(dns, f"Record_{words[0]}")(*fields)
    record = dns.RRHeader(name, payload.TYPE, dns.IN, 0, payload)
    record.ttl = ttl
    return record


class NameServer(DNSServerFactory):
    """Serves a zone over UDP and TCP on one loopback port. What is too long for UDP is truncated, as it has to be."""

    def __init__(self, zone: Zone) -> None:
        super().__init__(authorities=[zone])  # type: ignore[no-untyped-call]
        self.noisy = False
        self._ports: list[Any] = []
        self.by_tcp = 0
        """Questions that came over TCP."""

    def listen(self, host: str = "127.0.0.1") -> Address:
        port = free_port(host)
        tcp = reactor.listenTCP(port, self, interface=host)
        protocol = dns.DNSDatagramProtocol(self)  # type: ignore[no-untyped-call]
        protocol.noisy = False
        self._ports = [tcp, reactor.listenUDP(port, protocol, interface=host)]
        return host, port

    def stop_tcp(self) -> Deferred[Any]:
        return maybeDeferred(self._ports.pop(0).stopListening)

    def close(self) -> Deferred[Any]:
        return DeferredList([port.stopListening() for port in self._ports])

    def handleQuery(self, message: Any, protocol: Any, address: Address | None) -> Any:
        self.by_tcp += address is None
        return super().handleQuery(message, protocol, address)  # type: ignore[no-untyped-call]

    def gotResolverError(self, failure: Failure, protocol: Any, message: Any, address: Address | None) -> None:
        code = CODES[type(failure.value)]  # type: ignore[index]
        self.sendReply(protocol, self._responseFromMessage(message, code), address)  # type: ignore[no-untyped-call]

    def sendReply(self, protocol: Any, message: Any, address: Address | None) -> None:
        message.maxSize = 512 if address is not None else 0
        super().sendReply(protocol, message, address)  # type: ignore[no-untyped-call]
