"""What `sip-guard explain` does with its arguments."""

import re
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from sip_guard.call import Call, Finding
from sip_guard.config import Config
from sip_guard.desk.bad_input import BadInput, about
from sip_guard.desk.command import moment, octets
from sip_guard.desk.explain.captured import captured_call
from sip_guard.desk.explain.recorded import recorded_call
from sip_guard.desk.fetch import Fetching
from sip_guard.desk.guard import DeskGuard, Means, certificates_of, prepare, rules_of, trunk_named
from sip_guard.desk.statement import read
from sip_guard.journal.options import Place
from sip_guard.policy.decision import Decision, decide, passed_by
from sip_guard.policy.weighing import exempt
from sip_guard.policy.why import Step, why
from sip_guard.sip.flow import Flow

_PLACE = re.compile(r"(?P<file>.+)#(?P<frame>[0-9]{1,12})")
_FLOW = Flow("UDP", ("0.0.0.0", 0), ("0.0.0.0", 0))  # noqa: S104 - of a message that came from nowhere
_MAGIC = (b"\n\r\r\n", b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1", b"\x1f\x8b")
"""What the captures begin with that there are."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    what: str
    """A file with a message, FILE#FRAME of a capture, or a Call-ID."""
    config: Config
    record: Path | None
    trunk: str
    certificates: Path | None
    fetch: bool
    at: str


class Explanation(msgspec.Struct, frozen=True):
    """All that led to a decision, and the decision."""

    call: Call
    decision: Decision
    steps: tuple[Step, ...]
    """Every rule; none where the call passes whatever the rules say."""
    went: dict[str, Any]
    """How the call went on, if the record knows: `answer`, `answered`, `duration`."""
    problems: tuple[str, ...]
    """What may have been otherwise in line."""


def explain(wanted: Wanted) -> Explanation:
    """Explain what was brought. Raises BadInput."""
    place = _PLACE.fullmatch(wanted.what)
    path = Path(place["file"]) if place else Path(wanted.what)
    if not path.is_file():
        if place and path.suffix:
            raise BadInput(f"{path} cannot be read: it is no file")
        return _from_record(wanted)
    if place or _is_capture(path):
        return _from_calls(wanted, path, int(place["frame"]) if place else None)
    return _from_calls(wanted, path, None, is_message=True)


def _from_record(wanted: Wanted) -> Explanation:
    config = wanted.config
    record = wanted.record or _record(config)
    if str(record) == "-":
        raise BadInput(
            f"`{wanted.what}` is no file; for a Call-ID give --record FILE, the log, as the configuration writes it to "
            "standard output, and there is no record"
        )
    recorded = recorded_call(record, wanted.what, config)
    passing = exempt(recorded.findings)
    if passing is not None:
        decision = passed_by(passing, config.tags)
    else:
        decision = decide(recorded.call, recorded.findings, rules_of(config), config.tags)
    problems = []
    if recorded.decisions > 1:
        problems.append(f"there are {recorded.decisions} decisions about this Call-ID, of which this is the last")
    if config.log.numbers != "full":
        problems.append("numbers are masked in the record: rules about them may have applied otherwise")
    if (recorded.action, recorded.rule) != (decision.action, decision.rule):
        before = f"in line it was {recorded.action} by {recorded.rule}"
        problems.append(f"{before}: the rules were others, or saw more than is in the record")
    return _explanation(wanted, recorded.call, decision, problems, recorded.went)


def _record(config: Config) -> Place:
    """Give where a call is looked for: the record, or else the log."""
    place = None if config.record is None else config.record.place
    if place is None or (isinstance(place, Path) and not place.is_file()):
        return Path(config.log.file)
    return place


def _from_calls(wanted: Wanted, path: Path, frame: int | None, *, is_message: bool = False) -> Explanation:
    config = wanted.config
    with ExitStack() as stack:
        lists = Path(stack.enter_context(TemporaryDirectory(prefix="sip_guard-lists-")))
        problems = prepare(config, lists, fetch=wanted.fetch)
        cache, fetching = wanted.certificates, None
        if wanted.fetch:
            cache = cache or Path(stack.enter_context(TemporaryDirectory(prefix="sip_guard-certificates-")))
            fetching = stack.enter_context(Fetching(config.repository, cache))
        means = Means(lists, cache or certificates_of(config), wanted.trunk)
        guard = DeskGuard(config, means)
        remembered: list[Finding]
        if is_message:
            call = _message(wanted, path)
            remembered = guard.remember(call)
            if fetching is not None:
                fetching.certify(call.request.values(b"identity"))
        else:
            call, remembered = captured_call(path, frame, guard, fetching)
        decision = guard.decide(call, remembered)
    return _explanation(wanted, call, decision, [*problems, *guard.missing, *guard.mistakes])


def _message(wanted: Wanted, path: Path) -> Call:
    text = octets(path)
    with about(path):
        statement = read(text)
    trunks = wanted.config.trunks
    if not wanted.trunk and len(trunks) > 1:
        names = ", ".join(trunk.name for trunk in trunks)
        raise BadInput(f"by which trunk did it come? Give --trunk NAME, one of: {names}")
    trunk = trunk_named(wanted.config, wanted.trunk or trunks[0].name)
    return Call.of(statement.request, trunk, _FLOW, moment(wanted.at, statement))


def _explanation(
    wanted: Wanted, call: Call, decision: Decision, problems: list[str], went: dict[str, Any] | None = None
) -> Explanation:
    steps = why(call, decision.findings, rules_of(wanted.config))
    return Explanation(call, decision, tuple(steps), went or {}, tuple(problems))


def _is_capture(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith(_MAGIC)
