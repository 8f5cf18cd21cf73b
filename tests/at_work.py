"""The parts of a guard at work, on a clock that only the test moves and without sockets."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from incoming import DEFAULT
from pki import NOW, pki
from scene import GUARD, SECRET
from twisted.internet.task import Clock

from sip_guard.checks.emergency import Options as Emergency
from sip_guard.config import Config, load
from sip_guard.log import logger
from sip_guard.peer import Peers
from sip_guard.policy.decision import TagOptions
from sip_guard.policy.rules import Rules
from sip_guard.proxy.core import Proxy
from sip_guard.record import Masking
from sip_guard.repository.fetches import Fetches
from sip_guard.runtime import Edition, Runtime
from sip_guard.screen import Screening
from sip_guard.sip.flow import End
from sip_guard.status.parts import Parts
from sip_guard.stir.trust import Trusts

CONFIG = """\
listen: [{udp: "192.0.2.1:5060"}]
trunks: [{name: carrier, sources: [198.51.100.0/24], identity: ignore}]
targets: [{name: pbx, address: "203.0.113.5:5060"}, {name: pbx-2, address: "203.0.113.6:5060"}]
"""


class AtWork:
    """A guard."""

    def __init__(self, folder: Path, text: str = CONFIG) -> None:
        (folder / "root.pem").write_bytes(pki().root.pem)
        (folder / "guard.yaml").write_text(text)
        self.clock = Clock()
        self.config: Config = load(folder / "guard.yaml")
        self.proxy = Proxy(
            Peers(self.config.trunks, self.config.targets), [End("UDP", GUARD)], SECRET, lambda octets: b"r" * octets
        )
        screening = Screening(
            (),
            Rules(DEFAULT),
            self.clock,
            emergency=Emergency(),
            tags=TagOptions(),
            time_limit=3.0,
            mistake=lambda *_: None,
        )
        edition = Edition(screening, Masking())
        self.runtime = Runtime(self.proxy, edition, self.clock, logger(BytesIO()), wall=lambda: NOW)
        self.runtime.connect({End("UDP", GUARD): lambda *_: None})
        self.trusts = Trusts(group.trust() for group in self.config.trust)

    def parts(self, **changed: Any) -> Parts:
        given: dict[str, Any] = {
            "config": self.config,
            "generation": 1,
            "loaded": NOW,
            "reload_taken": True,
            "draining": False,
            "runtime": self.runtime,
            "proxy": self.proxy,
            "trusts": self.trusts,
            "certificates": None,
            "fetches": Fetches(self.clock),
            "lists": None,
            "journal": None,
            "lost": 0,
            "streams": {},
            "tls": None,
        }
        return Parts(**given | changed)

    def loses(self, names: Sequence[str]) -> None:
        """Have targets marked down: nothing answers there."""
        for target in self.config.targets:
            if target.name in names:
                for end in self.proxy.hops.ends(target):
                    for _ in range(target.down_after):
                        self.proxy.hops.unanswered(self.proxy.hops.at(end), self.clock.seconds(), "silence")
