"""A configuration at the desk: its trunks, its checks and its rules, at whatever time a call has come."""

import shutil
from collections import deque
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sip_guard import secret
from sip_guard.call import Call, Finding
from sip_guard.checking import checks_of
from sip_guard.checks import Follows
from sip_guard.checks.emergency import emergency
from sip_guard.config import Config
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.certificates import FromFolder
from sip_guard.desk.signed_lists import have, missing
from sip_guard.lists import compile as compiler
from sip_guard.lists.compile import Job, Report
from sip_guard.lists.keeper import FOLDER as LISTS
from sip_guard.lists.keeper import Keeper
from sip_guard.log import logger
from sip_guard.peer import Peers, Trunk
from sip_guard.policy.decision import Decision
from sip_guard.policy.rules import Rules
from sip_guard.proxy.action import Answered, Ended, Followed
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.key import Key, answered_key, server_key
from sip_guard.repository.disk import FOLDER as CERTIFICATES
from sip_guard.screen import Screening, asked
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import Message, Request, Response
from sip_guard.stir.trust import Trusts

MAX_CALLS: Final = 50_000
"""Calls that are in progress at a time, of which is followed how they go on."""
RINGING: Final = 240.0
"""Seconds that an INVITE may go without a final answer (timer C of RFC 3261 16.8 is somewhat more than 180)."""


class Means(msgspec.Struct, frozen=True):
    """What a configuration has to go by at the desk, besides itself."""

    lists: Path
    """A folder with its lists of protected numbers as they were compiled."""
    certificates: Path | None
    """A folder with certificates, as the guard keeps them; None: there are none."""
    trunk: str = ""
    """Name of the trunk that every call is taken to have come by; empty: the address that it came from tells."""


class DeskGuard:
    """Decides about calls as the guard would."""

    def __init__(self, config: Config, means: Means) -> None:
        """Raise BadInput where there is no such trunk."""
        self._config = config
        self._clock = Clock()
        self._peers = Peers(config.trunks, config.targets)
        self._trunk = trunk_named(config, means.trunk) if means.trunk else None
        trusts = Trusts(group.trust() for group in config.trust)
        have(config.trust, trusts, self._clock, logger(BytesIO()), config.state_directory)
        self.missing = missing(trusts)
        """Which lists of trust groups could not be had."""
        lists = Keeper(config.lists, means.lists, _never, self._clock, lambda *_: None) if config.lists else None
        found = FromFolder(means.certificates, trusts)
        checks = checks_of(config, self._clock, trusts, lambda: found.get, lists)
        self._history = checks.history
        self._dialogs = Dialogs(MAX_CALLS)
        self._ringing: deque[tuple[float, Key]] = deque(maxlen=MAX_CALLS)
        self._remembered = _Remembered()
        self.mistakes: list[str] = []
        """What checks failed by a mistake of sip_guard, and how."""
        self._screening = Screening(
            (*checks.alone, self._remembered),
            rules_of(config),
            self._clock,
            emergency=config.emergency,
            tags=config.tags,
            time_limit=config.time_limit,
            mistake=self._mistake,
        )

    @property
    def remembers(self) -> bool:
        """Whether what is found about a call may depend on those before it."""
        return bool(self._history)

    def trunk(self, flow: Flow) -> Trunk | None:
        """Give the trunk whose call came along a flow; None for a stranger and for our own side."""
        if self._trunk is not None:
            return self._trunk
        peer = self._peers.of(flow)
        return peer if isinstance(peer, Trunk) else None

    def ours(self, flow: Flow) -> bool:
        """Tell whether a message came from our side: the call goes out."""
        return self._trunk is None and not isinstance(self._peers.of(flow), Trunk | None)

    def remember(self, call: Call) -> list[Finding]:
        """Give what is found about a call because of those before it. Calls have to come in their order."""
        self._clock.rightNow = max(self._clock.rightNow, call.arrival)
        if not self._history or emergency(call, self._config.emergency) is not None:
            return []
        found, _ = asked(self._history, call, self._mistake)
        return found

    def follow(self, call: Call, number: int) -> None:
        """Begin to listen for how a call goes on, which is numbered by the caller of this."""
        key = server_key(call.request, call.trunk)
        exempt = emergency(call, self._config.emergency) is not None
        ringing = self._ringing
        while ringing and call.arrival - ringing[0][0] > RINGING:
            self._dialogs.unanswered(ringing.popleft()[1])
        ringing.append((call.arrival, key))
        self._dialogs.begin(call.trunk, key, call.arrival)
        self._dialogs.follow(key, Followed(number, None if exempt else call.caller))

    def hear(self, message: Message, flow: Flow, at: float) -> list[Answered | Ended]:
        """Give what a message says of how a call goes on. Checks with a history learn of it, too."""
        if isinstance(message, Response):
            trunk = self.trunk(flow._replace(local=flow.remote, remote=flow.local))
            key = None if trunk is None else answered_key(message, trunk)
            return [] if key is None else [*self._dialogs.answered(key, message, message.code, message.to_tag, at)]
        ended = self._dialogs.passed(message, at) if isinstance(message, Request) else []
        for each in ended:
            self._clock.rightNow = max(self._clock.rightNow, at)
            for check in self._history:
                if isinstance(check, Follows) and each.call.caller is not None:
                    check.ended(each.call.caller, each.duration)
        return [*ended]

    def decide(self, call: Call, remembered: list[Finding]) -> Decision:
        """Decide about a call, of which is known what `remember` has found. Nothing is waited for."""
        self._remembered.findings = remembered
        decision = self._screening.screen(call)
        if not isinstance(decision, Decision):
            raise TypeError("a check waits for something")
        return decision

    def _mistake(self, where: str, error: BaseException | None) -> None:
        self.mistakes.append(f"{where}: {error!r}")


def _never(job: Job) -> Deferred[Report]:  # noqa: ARG001
    """Compile nothing: lists are prepared before."""
    return Deferred()


class _Remembered:
    """Stands for the checks with a history, which were asked before."""

    name = "history"

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def check(self, call: Call) -> list[Finding]:  # noqa: ARG002
        """Give what they found."""
        return self.findings


def trunk_named(config: Config, name: str) -> Trunk:
    """Give a trunk of a configuration. Raises BadInput."""
    found = next((trunk for trunk in config.trunks if trunk.name == name), None)
    if found is None:
        names = ", ".join(trunk.name for trunk in config.trunks) or "none"
        raise BadInput(f"there is no trunk `{name}` in the configuration; there are: {names}")
    return found


def rules_of(config: Config) -> Rules:
    """Give the rules of a configuration. Those in `sample` act on the same calls as in line, if its secret is kept."""
    try:
        key = secret.read(config.state_directory)
    except OSError:
        key = None
    return Rules(config.rules, key or b"")


def certificates_of(config: Config) -> Path | None:
    """Give the folder where the guard keeps certificates that it has judged good, if it keeps them."""
    return config.state_directory and config.state_directory / CERTIFICATES


def prepare(config: Config, folder: Path, *, fetch: bool) -> list[str]:
    """Compile the lists of protected numbers of a configuration into a folder; say what is wrong with them.

    Without `fetch`, a list from a URL is the one that the guard has in its state directory, if it is there.
    """
    problems: list[str] = []
    for source in config.lists:
        target = folder / f"{source.name}.list"
        if source.url and not fetch:
            kept = config.state_directory and config.state_directory / LISTS / target.name
            if kept and kept.is_file():
                shutil.copyfile(kept, target)
            else:
                problems.append(f"the list {source.name} is not fetched, so that its check is unavailable; see --fetch")
            continue
        job = Job(
            file=source.file,
            url=source.url,
            sha256=source.sha256,
            max_octets=source.max_octets,
            reading=source.reading,
            target=str(target),
        )
        problems += [f"the list {source.name} is refused: {fault}" for fault in compiler.run(job).faults]
    return problems
