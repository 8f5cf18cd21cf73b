"""The parts of a guard at work, as far as they are told of."""

from collections.abc import Mapping
from typing import NamedTuple

from sip_guard.config import Config
from sip_guard.journal.journal import Journal
from sip_guard.lists.keeper import Keeper
from sip_guard.proxy.core import Proxy
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.fetches import Fetches
from sip_guard.runtime import Runtime
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.transport.stream import StreamTransport
from sip_guard.transport.tls import Tls


class Parts(NamedTuple):
    """All of them, at a moment: they are asked for each time, for some are replaced."""

    config: Config
    """The one in force."""
    generation: int
    """Its number, from 1."""
    loaded: float
    """When it was taken, in seconds since the epoch."""
    reload_taken: bool
    """Whether what was read last is in force, and was not refused."""
    draining: bool
    """Whether no new calls are taken, for the guard is about to stop."""
    runtime: Runtime
    proxy: Proxy
    trusts: Trusts
    certificates: Certificates[Judgement] | None
    """None: no trunk has verified yet."""
    fetches: Fetches
    lists: Keeper | None
    journal: Journal | None
    lost: int
    """Datagrams that could not be sent."""
    streams: Mapping[str, StreamTransport]
    """By the transport, as Via has it."""
    tls: Tls | None
