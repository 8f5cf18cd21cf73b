"""Builds the whole from a configuration and a reactor."""

import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorFDSet

from sip_guard.checks import Check
from sip_guard.checks.identity import IdentityCheck
from sip_guard.config import Config
from sip_guard.log import Logger
from sip_guard.peer import Peers
from sip_guard.proxy.core import Proxy
from sip_guard.record import Masking
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.https import Fetcher
from sip_guard.runtime import Runtime
from sip_guard.screen import Screening
from sip_guard.sip.hygiene import FORGEABLE
from sip_guard.stir.certificate import judge
from sip_guard.transport.udp import UdpPort

SECRET_FILE = "dialog_secret"  # noqa: S105 - its name, not its content
"""In the state directory: what signs Record-Route, so that calls in progress outlive a restart."""


class Service:
    """The guard as one thing to start and stop."""

    def __init__(self, config: Config, reactor: Any, log: Logger) -> None:
        """Listen on the configured addresses and be ready. Raises OSError where an address cannot be had."""
        self._log = log
        secret = _secret(config.state_directory)
        if config.state_directory is None:
            log.warning("no_state_directory", reason="calls in progress will not outlive a restart")
        self._ports: list[UdpPort] = []
        try:
            for item in config.listen:
                self._ports.append(UdpPort(IReactorFDSet(reactor), item.address, item.advertised, self._received))
        except OSError as error:
            self.stop()
            address = config.listen[len(self._ports)].address
            raise OSError(error.errno, f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from None
        proxy = Proxy(
            Peers(config.trunks, config.targets),
            [address for port in self._ports for address in (port.local, port.address)],
            secret,
            secrets.token_bytes,
            max_transactions=config.limits.transactions,
            private=FORGEABLE | config.tags.names,
        )
        screening = Screening(
            self._checks(config, reactor),
            config.rules,
            reactor,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=self._mistake,
        )
        masking = Masking(config.log.numbers, secret)
        self._runtime = Runtime(proxy, screening, reactor, log, masking=masking, wall=time.time)
        for port in self._ports:
            self._runtime.add_port(port.local, port.send)
            log.info("listening", transport="UDP", address=port.address[0], port=port.address[1])

    def stop(self) -> None:
        """Stop listening."""
        for port in self._ports:
            port.close()
        self._ports = []

    def _received(self, data: bytes, flow: Any) -> None:
        self._runtime.received(data, flow)

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


def _secret(folder: Path | None) -> bytes:
    """Give what signs Record-Route: kept in the state directory, made there at the first start."""
    if folder is None:
        return secrets.token_bytes(32)
    path = folder / SECRET_FILE
    try:
        kept = path.read_bytes()
        if len(kept) == 32:
            return kept
    except FileNotFoundError:
        pass
    made = secrets.token_bytes(32)
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made)
    fresh.replace(path)
    return made
