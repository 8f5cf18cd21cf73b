"""What stands around the guard: authorities, a certificate repository, and tokens."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol, Self
from uuid import uuid4

from callers import Callees, Callers, listening
from processes import Guard, free_address

from sip_guard.demo import pki
from sip_guard.demo.calls import BOB
from sip_guard.demo.repository import Repository
from sip_guard.sip.flow import Address, written
from sip_guard.stir.sign import sign

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
        window = pki.Window.around(time.time())
        root = pki.sti_root(window)
        self.signer = signer = pki.sti_signer(pki.sti_intermediate(root, window), window)
        web = pki.web_root(window)
        (folder / "anchor.pem").write_bytes(root.pem)
        (folder / "web_ca.pem").write_bytes(web.pem)
        self._repository = self._running.enter_context(Repository(pki.web_server(web, window), folder))
        self._repository.add("signer.pem", signer.bundle)
        self.identities = folder / "identities.csv"
        lines = (self._line(signer, f"1202556{number:04}") for number in range(IDENTITIES))
        self.identities.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
        self.forged = folder / "forged.csv"
        """The same with signatures of other tokens."""
        self.forged.write_text(_swapped(self.identities.read_text()))
        self._guards: list[Guard] = []
        self._faults: list[str] = []
        self._numbers = count(1)

    def guard(self, *targets: str, more: str = "", identity: str = "prefer", core: int = 0) -> Guard:
        """Start a guard with these entries of `targets`, and more sections; `identity` is what the carrier's are to."""
        text = CONFIG.format(targets="\n".join(targets), repository=self._repository.port, more=more, identity=identity)
        guard = Guard(text, self.folder, f"guard-{next(self._numbers)}", core)
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
        forged: bool = False,
    ) -> Callers:
        """Start callers of the carrier."""
        started = Callers(
            scenario,
            free_address(CARRIER, transport),
            ("127.0.0.1", guard.ports[transport]),
            self.forged if forged else self.identities,
            rate=rate,
            calls=calls,
            duration=duration,
            transport=transport,
            seconds=seconds,
        )
        return self._running.enter_context(started)

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

    def _line(self, signer: pki.Issued, caller: str) -> str:
        value = sign(
            attest="A",
            dest_tn=[BOB],
            iat=int(time.time()),
            orig_tn=caller,
            origid=str(uuid4()),
            key=signer.signing_key,
            x5u=self._repository.url("signer.pem"),
        )
        return f"{caller};{value.decode()}"


def _swapped(lines: str) -> str:
    """Give each token the signature of the one before."""
    first, *rest = lines.split()
    fields = [line.split(";") for line in rest]
    seals = [each[1].rpartition(".")[2] for each in fields]
    for each, seal in zip(fields, [seals[-1], *seals], strict=False):
        each[1] = each[1].rpartition(".")[0] + "." + seal
    return "\n".join([first, *map(";".join, fields), ""])


def target(name: str, address: Address, *, transport: str = "udp", more: str = "") -> str:
    """Give an entry of `targets`."""
    return f"  - {{name: {name}, address: '{written(address)}', transport: {transport}{more}}}"
