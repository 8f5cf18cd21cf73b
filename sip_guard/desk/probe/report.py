"""What came of a probe, for people and for programs."""

import re
from collections.abc import Iterable
from typing import Self

import msgspec
from rich.console import Console
from rich.text import Text

from sip_guard.desk.probe.call import Seen
from sip_guard.desk.show import titled
from sip_guard.sip.headers import name_addr, parameters, split_list, unquoted
from sip_guard.sip.message import MalformedMessage, Message, Request, Response, parse

_VERSTAT = re.compile(rb";verstat=([A-Za-z0-9\-]+)", re.IGNORECASE)
_SHOWN = (
    ("p_asserted_identity", b"p-asserted-identity"),
    ("attestation", b"p-attestation-indicator"),
    ("attestation", b"attestation-info"),
    ("origid", b"p-origination-id"),
    ("origid", b"origination-id"),
    ("diversion", b"diversion"),
    ("history_info", b"history-info"),
    ("privacy", b"privacy"),
    ("identity", b"identity"),
)
"""Fields of an INVITE that tell who calls, by their names in JSON."""


class Reason(msgspec.Struct, frozen=True):
    """Why a call was answered as it was (RFC 3326)."""

    protocol: str
    cause: str = ""
    text: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the call."""

    outcome: str
    """`rejected`, `redirected`, `answered`, `rang`, or `unanswered`: there was no answer, or none but 100 Trying."""
    code: int
    """Of the last answer; 0: there was none."""
    phrase: str
    contact: str
    """Where a redirection leads to."""
    reasons: list[Reason]
    arrived: dict[str, object] | None
    """Of the INVITE where it arrived, the fields that tell who calls; None: it did not, or it was not waited for."""
    waited: bool
    """Whether the callee was played."""
    expected: str | None
    as_expected: bool | None
    """None: nothing was expected."""
    local: str
    """The address that the call came from."""

    @classmethod
    def of(cls, seen: Seen, *, waited: bool, expected: str | None, local: str, tag_header: str) -> Self:
        """Read what was seen."""
        answers = [each for each in map(_read, seen.answers) if isinstance(each, Response) and each.method == b"INVITE"]
        last = answers[-1] if answers else None
        if any(100 < answer.code < 200 for answer in answers) and last is not None and last.code == 487:
            # It rang, and we gave it up.
            last = next(answer for answer in reversed(answers) if answer.code < 200)
        invite = _read(seen.arrived)
        outcome = _outcome(0 if last is None else last.code)
        arrived = _arrived(invite, tag_header) if isinstance(invite, Request) else None
        code = 0 if last is None else last.code
        return cls(
            outcome=outcome,
            code=code,
            phrase="" if last is None else _text(last.phrase),
            contact="" if last is None or outcome != "redirected" else _text(name_addr(last.value(b"contact")).uri),
            reasons=list(_reasons(answers)),
            arrived=arrived,
            waited=waited,
            expected=expected,
            as_expected=None if expected is None else _is(expected, outcome, code, arrived, waited=waited),
            local=local,
        )

    @property
    def good(self) -> bool:
        """Whether it is as expected; where nothing was, whether there was an answer."""
        return self.outcome != "unanswered" if self.as_expected is None else self.as_expected

    @property
    def summary(self) -> str:
        """Say it in a line."""
        what = f"{self.outcome}{f', {self.code} {self.phrase}' if self.code else ''}"
        if self.outcome == "unanswered":
            what += f": is {self.local} an address of a trunk, and does somebody listen there?"
        if self.waited:
            what += "; it arrived" if self.arrived is not None else "; it did not arrive"
        if self.as_expected is None:
            return what
        return f"{'OK' if self.as_expected else 'NOT AS EXPECTED'} ({self.expected}): {what}"


def fields(report: Report) -> dict[str, object]:
    """Give the report as it stands in JSON."""
    return {"summary": report.summary, **msgspec.structs.asdict(report)}


def tables(report: Report, console: Console) -> None:
    """Print a line for monitoring, and what was answered and what arrived."""
    console.print(Text(_printable(report.summary), "bold"), soft_wrap=True)
    for reason in report.reasons:
        said = f"Reason: {reason.protocol} {reason.cause} {reason.text}".rstrip()
        console.print(Text(_printable(said)), soft_wrap=True)
    if report.contact:
        console.print(Text(_printable(f"Contact: {report.contact}")), soft_wrap=True)
    if report.arrived is not None:
        table = titled("What arrived", "field", "value")
        for name, value in report.arrived.items():
            shown = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
            if shown:
                table.add_row(name, Text("\n".join(map(_printable, shown.split("\n")))))
        console.print(table)


def _read(text: str) -> Message | None:
    try:
        return parse(text.encode("utf-8", "surrogateescape"))
    except MalformedMessage:
        return None


def _outcome(code: int) -> str:
    if code <= 100:
        return "unanswered"
    if code < 200:
        return "rang"
    return "answered" if code < 300 else "redirected" if code < 400 else "rejected"


def _is(expected: str, outcome: str, code: int, arrived: dict[str, object] | None, *, waited: bool) -> bool:
    """Tell whether a rule with this action would have done so. A call that goes on is allowed, tagged or not."""
    action, _, wanted = expected.partition(" ")
    if action == "reject":
        return outcome == "rejected" and arrived is None and wanted in ("", str(code))
    if action == "redirect":
        return outcome == "redirected" and arrived is None
    if arrived is None:
        return action == "allow" and not waited and outcome in ("answered", "rang")
    if action == "tag":
        return bool(arrived["tag"] or arrived["verstat"])
    return action == "allow" or str(arrived["from"]).endswith("@anonymous.invalid")


def _arrived(invite: Request, tag_header: str) -> dict[str, object]:
    caller = name_addr(invite.value(b"from"))
    verified = (*invite.values(b"p-asserted-identity"), invite.value(b"from"))
    verstat = [_text(m[1]) for m in map(_VERSTAT.search, verified) if m is not None]
    shown: dict[str, list[str]] = {}
    for name, field in _SHOWN:
        shown.setdefault(name, []).extend(map(_text, invite.values(field)))
    return {
        "request_uri": _text(invite.uri),
        "from": _text(caller.uri),
        "display": _text(caller.display),
        "verstat": verstat,
        "tag": list(map(_text, invite.values(tag_header.lower().encode("ascii", "replace")))),
        **shown,
    }


def _reasons(answers: Iterable[Response]) -> Iterable[Reason]:
    seen: set[bytes] = set()
    for answer in answers:
        for item in (item for value in answer.values(b"reason") for item in split_list(value)):
            if item in seen:
                continue
            seen.add(item)
            protocol, semicolon, rest = item.partition(b";")
            found = parameters(semicolon + rest) or {}
            cause, text = found.get(b"cause", b""), unquoted(found.get(b"text", b""))
            yield Reason(_text(protocol.strip()), _text(cause), _text(text))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _printable(text: str) -> str:
    """Give a text without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
