"""What the guard's own screening makes of the calls: the same checks and rules as in line, without sockets."""

from pathlib import Path
from typing import NamedTuple

from day import Labelled
from invite import GUARD, PORT
from setting import SOURCES
from signers import Signers
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from sip_guard.call import Call, Code, Finding
from sip_guard.checking import checks_of
from sip_guard.config import load
from sip_guard.lists.compile import run
from sip_guard.lists.keeper import Keeper
from sip_guard.policy.decision import Decision
from sip_guard.screen import Screening
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import Request, parse
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.verdict import Reject


class Came(NamedTuple):
    """What came of a call."""

    action: str
    """`stopped`, `tagged` or `through`."""
    rule: str

    @classmethod
    def of(cls, action: str, rule: str) -> "Came":
        """Make it of the words of the decision log."""
        if action.startswith("reject"):
            return cls("stopped", rule)
        return cls("tagged" if action == "tag" else "through", rule)


class Desk:
    """Screens calls at the time that they have."""

    def __init__(self, config: Path, signers: Signers) -> None:
        """Read the configuration. Lists are compiled beside it; certificates are the signers' own."""
        read = load(config)
        self._clock = Clock()
        self._trunks = {trunk.name: trunk for trunk in read.trunks}
        self._began: float | None = None
        trusts = Trusts(group.trust() for group in read.trust)
        judged: dict[str, Judgement | Finding] = {}

        def certificates(url: str, when: float) -> Judgement | Finding:
            if url not in judged:
                bundle = signers.bundle(url)
                found = Finding(Code.REPOSITORY_UNAVAILABLE, url) if bundle is None else trusts.judge(bundle, when)
                judged[url] = found
            return judged[url]

        def refused(name: str, report: object) -> None:
            if getattr(report, "faults", ()):
                raise ValueError(f"{name}: {report}")

        compiled = config.parent / "lists"
        compiled.mkdir(exist_ok=True)
        lists = Keeper(read.lists, compiled, lambda job: succeed(run(job)), self._clock, refused)
        lists.start()
        checks = checks_of(read, self._clock, trusts, lambda: certificates, lists)
        self._screening = Screening(
            tuple(checks),
            read.rules,
            self._clock,
            emergency=read.emergency,
            tags=read.tags,
            time_limit=read.time_limit,
            mistake=_mistake,
        )

    def screen(self, labelled: Labelled) -> Came:
        """Decide about a call. Calls come in the order of their time."""
        source = SOURCES[labelled.kind.trunk]
        message = parse(labelled.invite.octets(source, labelled.label))
        if not isinstance(message, Request):
            raise TypeError("not a request")
        if self._began is None:
            self._began = labelled.at
        self._clock.rightNow = labelled.at - self._began
        flow = Flow("UDP", (GUARD, PORT), (source, PORT))
        decision = self._screening.screen(Call.of(message, self._trunks[labelled.kind.trunk], flow, labelled.at))
        if not isinstance(decision, Decision):
            raise TypeError("nothing is fetched here")
        return Came.of("reject" if isinstance(decision.verdict, Reject) else decision.action, decision.rule)


def _mistake(where: str, error: BaseException | None) -> None:
    raise RuntimeError(where) from error
