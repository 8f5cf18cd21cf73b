"""What the guard makes of the calls at the desk: the checks and rules that it has in line, as `sip-guard simulate`."""

from pathlib import Path
from typing import NamedTuple

from day import Labelled
from invite import GUARD, PORT
from setting import CERTIFICATES, SOURCES

from sip_guard.call import Call
from sip_guard.config import load
from sip_guard.desk.guard import DeskGuard, Means, prepare
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import Request, parse

ACTIONS = {"allow": "through", "tag": "tagged", "anonymise": "anonymised", "redirect": "stopped", "reject": "stopped"}
"""What becomes of a call, by the first word of its decision."""


class Came(NamedTuple):
    """What came of a call."""

    action: str
    """One of the values of `ACTIONS`."""
    rule: str

    @classmethod
    def of(cls, action: str, rule: str) -> "Came":
        """Make it of the words of a decision."""
        return cls(ACTIONS[action.split(maxsplit=1)[0]], rule)


class Desk:
    """Screens calls at the time that they have."""

    def __init__(self, config: Path) -> None:
        """Read a configuration that `setting` wrote. Raises ValueError where its lists are not good."""
        read = load(config)
        lists = config.parent / "lists"
        lists.mkdir(exist_ok=True)
        faults = prepare(read, lists, fetch=False)
        if faults:
            raise ValueError("\n".join(faults))
        self._guard = DeskGuard(read, Means(lists, config.parent / CERTIFICATES))

    def screen(self, labelled: Labelled) -> Came:
        """Decide about a call. Calls come in the order of their time."""
        source = SOURCES[labelled.kind.trunk]
        message = parse(labelled.invite.octets(source, labelled.label))
        flow = Flow("UDP", (GUARD, PORT), (source, PORT))
        trunk = self._guard.trunk(flow)
        if not isinstance(message, Request) or trunk is None:
            raise TypeError(f"{labelled.label} is no call of a trunk")
        call = Call.of(message, trunk, flow, labelled.at)
        decision = self._guard.decide(call, self._guard.remember(call))
        return Came.of(decision.action, decision.rule)
