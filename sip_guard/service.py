"""Builds the whole from a configuration and a reactor."""

import errno
import os
import random
import secrets
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Literal

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorFDSet

from sip_guard.checks import Check
from sip_guard.checks.identity import IdentityCheck
from sip_guard.config import Config, Listen
from sip_guard.log import Logger
from sip_guard.peer import Peers
from sip_guard.policy.decision import TagOptions
from sip_guard.proxy.core import Proxy
from sip_guard.record import Masking
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.https import Fetcher
from sip_guard.runtime import Carry, Runtime
from sip_guard.screen import Screening
from sip_guard.sip.flow import End, Flow, written
from sip_guard.sip.hygiene import FORGEABLE
from sip_guard.stir.certificate import judge
from sip_guard.transport.stream import StreamPort, StreamTransport
from sip_guard.transport.tls import Tls
from sip_guard.transport.udp import UdpPort

SECRET_FILE = "dialog_secret"  # noqa: S105 - its name, not its content
"""In the state directory: what signs Record-Route, so that calls in progress outlive a restart."""
SECRET_OCTETS = 32


class Service:
    """The guard as one thing to start and stop."""

    def __init__(self, config: Config, reactor: Any, log: Logger) -> None:
        """Listen on the configured addresses and be ready. Raises OSError where an address or a file cannot be had."""
        self._log = log
        self._peers = Peers(config.trunks, config.targets)
        secret = _secret(config.state_directory)
        if config.state_directory is None:
            log.warning("no_state_directory", reason="calls in progress will not outlive a restart")
        checks = self._checks(config, reactor)
        self._udp: list[UdpPort] = []
        self._streams = self._stream_transports(config, reactor)
        ends: dict[End, Carry] = {}
        bound: list[End] = []
        try:
            for item in config.listen:
                port, carry = self._listen(item, reactor)
                ends[End(item.transport, port.local)] = carry
                bound.append(End(item.transport, port.address))
        except OSError:
            self.stop()
            raise
        proxy = Proxy(
            self._peers,
            [*ends, *bound],
            secret,
            secrets.token_bytes,
            max_transactions=config.limits.transactions,
            private=FORGEABLE | TagOptions().names | config.tags.names,
        )
        screening = Screening(
            checks,
            config.rules,
            reactor,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=self._mistake,
        )
        masking = Masking(config.log.numbers, secret)
        self._runtime = Runtime(proxy, screening, reactor, log, masking=masking, wall=time.time)
        for end, carry in ends.items():
            self._runtime.add_end(end, carry)
        for transport, address in bound:
            log.info("listening", transport=transport, address=address[0], port=address[1])

    def stop(self) -> Deferred[None]:
        """Stop listening. Fires when all is closed."""
        for port in self._udp:
            port.close()
        self._udp = []
        closing = gatherResults([stream.close() for stream in self._streams.values()])
        return closing.addCallback(lambda _: None)

    def _listen(self, item: Listen, reactor: Any) -> tuple[UdpPort | StreamPort, Carry]:
        try:
            if item.transport == "UDP":
                udp = UdpPort(IReactorFDSet(reactor), item.address, item.advertised, self._received)
                self._udp.append(udp)
                return udp, lambda octets, flow, _: udp.send(octets, flow.remote)
            stream = self._streams[item.transport]
            port = stream.listen(item.address, item.advertised)
        except OSError as error:
            where = f"cannot listen on {item.transport} {written(item.address)}: {error.strerror}"
            why = "is another guard running?" if error.errno == errno.EADDRINUSE else "see `listen`"
            raise OSError(error.errno, f"{where}; {why}") from None
        return port, lambda octets, flow, is_answer: stream.send(octets, flow, connect=not is_answer)

    def _stream_transports(self, config: Config, reactor: Any) -> dict[str, StreamTransport]:
        names = {target.address: target.server_name for target in config.targets if target.server_name}
        tls = None if config.tls is None else Tls(config.tls, lambda address: names.get(address, address[0]))
        wanted = {item.transport for item in config.listen}
        transports: tuple[Literal["TCP", "TLS"], ...] = ("TCP", "TLS")
        return {
            transport: StreamTransport(
                reactor,
                transport,
                received=self._received,
                broken=self._broken,
                failed=self._failed,
                limits=config.connections,
                tls=tls if transport == "TLS" else None,
                admits=lambda address: self._peers.at(address) is not None,
            )
            for transport in transports
            if transport in wanted
        }

    def _received(self, data: bytes, flow: Flow) -> None:
        self._runtime.received(data, flow)

    def _broken(self, head: bytes, reason: str, flow: Flow) -> None:
        self._runtime.broken(head, reason, flow)

    def _failed(self, flow: Flow, reason: str) -> None:
        self._runtime.failed(flow, reason)

    def _mistake(self, where: str, error: BaseException | None) -> None:
        self._runtime.mistake(where, error)

    def _checks(self, config: Config, reactor: Any) -> list[Check]:
        if config.anchors is None:
            return []
        anchors, options = config.anchors, config.repository
        fetcher = Fetcher(
            reactor, timeout=options.timeout, max_octets=options.max_octets, laboratories=options.laboratories
        )
        certificates = Certificates(
            fetcher.get, options, lambda pem, when: judge(pem, anchors, when), reactor, random.random
        )
        places = frozenset(laboratory.place for laboratory in options.laboratories)
        return [IdentityCheck(certificates.get, config.freshness, places)]


def steady(reactor: Any) -> None:
    """Let the reactor's timers run by a clock that nobody sets: by its own, an hour back would delay all by one."""
    reactor.seconds = time.monotonic


def _secret(folder: Path | None) -> bytes:
    """Give what signs Record-Route: kept in the state directory, made there at the first start. Raises OSError."""
    made = secrets.token_bytes(SECRET_OCTETS)
    if folder is None:
        return made
    path = folder / SECRET_FILE
    try:
        with suppress(FileNotFoundError):
            kept = path.read_bytes()
            if len(kept) == SECRET_OCTETS:
                return kept
        descriptor, fresh = mkstemp(prefix=SECRET_FILE, dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
        Path(fresh).replace(path)
    except OSError as error:
        raise OSError(error.errno, f"{path} cannot be kept: {error.strerror}; see `state_directory`") from None
    return made
