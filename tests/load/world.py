"""What stands around the guard: authorities, a certificate repository, and tokens."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol, Self

from callers import Callees, Callers, listening
from identities import Certified, signed
from processes import RUN, Guard, free_address

from sip_guard.demo import pki
from sip_guard.demo.repository import Repository
from sip_guard.sip.flow import Address, written

CARRIER, PBX, OTHER_PBX = "127.0.0.2", "127.0.0.3", "127.0.0.4"
IDENTITIES = 2000
"""Tokens, each of its own caller; then the first again, which is a replay. Each is verified anew all the same."""

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
  - tcp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
    identity: {identity}
targets:
{targets}
verification:
  anchors: [anchor.pem]
  max_age: 3600
  repository:
    per_host: 64
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
{more}
"""


class Proxy(Protocol):
    """What takes calls."""

    @property
    def ports(self) -> Mapping[str, int]:
        """Where it listens, by transport."""


class World:
    """All of it in one folder, until it is closed."""

    def __init__(self, folder: Path) -> None:
        """Make the certificates and the tokens, and start the repository."""
        self.folder = folder
        self._running = ExitStack()
        self._numbers = count(1)
        window = self._window = pki.Window.around(time.time())
        root = pki.sti_root(window)
        self._authority = pki.sti_intermediate(root, window)
        self._signers: list[pki.Issued] = []
        signer = pki.sti_signer(self._authority, window)
        web = pki.web_root(window)
        (folder / "anchor.pem").write_bytes(root.pem)
        (folder / "web_ca.pem").write_bytes(web.pem)
        self.repository = self._running.enter_context(Repository(pki.web_server(web, window), folder))
        self.certified = Certified(signer, self.repository.add("signer.pem", signer.bundle))
        self.identities = self.shown(signed(IDENTITIES, [self.certified]))
        self._guards: list[Guard] = []
        self._faults: list[str] = []

    def guard(
        self,
        *targets: str,
        more: str = "",
        identity: str = "prefer",
        core: int = 0,
        command: Sequence[str] = RUN,
    ) -> Guard:
        """Start a guard with these entries of `targets`, and more sections; `identity` is what the carrier's are to."""
        text = CONFIG.format(targets="\n".join(targets), repository=self.repository.port, more=more, identity=identity)
        guard = Guard(text, self.folder, f"guard-{next(self._numbers)}", core, command)
        self._running.enter_context(guard)
        self._guards.append(guard)
        return guard

    def callees(
        self,
        scenario: str = "callee",
        *,
        host: str = PBX,
        at: Address | None = None,
        duration: float = 4,
        transport: str = "UDP",
        seconds: float,
    ) -> Callees:
        """Start a PBX at an address of `host`, or at one that it had before, and wait until it listens."""
        local = at or free_address(host, transport)
        started = Callees(scenario, local, self.folder, duration=duration, transport=transport, seconds=seconds)
        self._running.enter_context(started)
        listening(started)
        return started

    def callers(
        self,
        guard: Proxy,
        scenario: str = "caller",
        *,
        rate: float,
        calls: int,
        duration: float = 0,
        transport: str = "UDP",
        seconds: float,
        identities: Path | None = None,
    ) -> Callers:
        """Start callers of the carrier, which show what `shown` wrote."""
        started = Callers(
            scenario,
            free_address(CARRIER, transport),
            ("127.0.0.1", guard.ports[transport]),
            identities or self.identities,
            rate=rate,
            calls=calls,
            duration=duration,
            transport=transport,
            seconds=seconds,
        )
        return self._running.enter_context(started)

    def signers(self, many: int) -> list[Certified]:
        """Give so many, and serve their certificates at URLs that are new each time."""
        while len(self._signers) < many:
            self._signers.append(pki.sti_signer(self._authority, self._window, str(1000 + len(self._signers))))
        run = next(self._numbers)
        return [
            Certified(signer, self.repository.add(f"{run}-{number}.pem", signer.bundle))
            for number, signer in enumerate(self._signers[:many])
        ]

    def shown(self, lines: Sequence[str]) -> Path:
        """Write down what callers show, call by call, and give the file."""
        path = self.folder / f"shown-{next(self._numbers)}.csv"
        path.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
        return path

    def end(self, guard: Guard) -> None:
        """End a guard that has done its part."""
        self._guards = [other for other in self._guards if other is not guard]
        if not guard.running:
            self._faults.append(f"a guard has ended by itself: {guard.said.read_text('utf-8', 'replace')[-2000:]}")
        guard.close()
        self._faults += [f"mistake: {event}" for event in guard.events("mistake")[:3]]

    def faults(self) -> list[str]:
        """End all guards, and give what they say were mistakes of their own."""
        while self._guards:
            self.end(self._guards.pop())
        return self._faults

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


def target(name: str, address: Address, *, transport: str = "udp", more: str = "") -> str:
    """Give an entry of `targets`."""
    return f"  - {{name: {name}, address: '{written(address)}', transport: {transport}{more}}}"
