"""One call explained, out of the record: what was found, which rules applied and why, and the verdict."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from twisted.web.template import Tag

from sip_guard.call import Code
from sip_guard.dashboard.decisions import where
from sip_guard.dashboard.markup import Content, e, lasting, link, moment, number, pill, row, table
from sip_guard.journal.store import Found
from sip_guard.peer import Trunk
from sip_guard.policy.rules import Rules
from sip_guard.policy.why import Step, why
from sip_guard.recorded import recorded

_FINDINGS = ("finding", "outcome", "source", "token", "weighs", "detail")
_RULES = ("rule", "mode", "then", "outcome", "why")
_SHADOW = ("rule", "would", "mode")
_CODES = {code.value: code for code in Code}
_OWN = frozenset({"code", "detail", "token", "weighs"})


class Policy(msgspec.Struct, frozen=True):
    """What rules are asked about a call: those of the configuration in force."""

    trunks: tuple[Trunk, ...]
    rules: Rules
    generation: int
    masked: bool
    """Whether numbers are masked in the record."""


def explanation(found: Found, others: Sequence[Found], policy: Policy) -> Tag:
    """Show it. `others`: all decisions about this Call-ID, the newest first."""
    fields = found.fields
    steps, problems = _steps(found, policy)
    rules = [
        row(
            _RULES,
            step.rule.id,
            str(step.rule.mode),
            str(step.rule.then),
            step.outcome,
            step.because,
            class_=None if step.applies else "dim",
        )
        for step in steps
    ]
    shadow = [
        row(_SHADOW, each["rule"], pill(each["action"], each["action"].partition(" ")[0]), each["mode"])
        for each in fields["shadow"]
    ]
    return e(
        "article",
        e(
            "h1",
            pill(fields["action"], fields["action"].partition(" ")[0]),
            f" by {fields['rule']}, for {fields['reason']}",
        ),
        e("p", moment(found.time, "%Y-%m-%d %H:%M:%S.%f"), " UTC, Call-ID ", e("code", fields["call_id"])),
        *(e("p", problem, class_="trouble") for problem in problems),
        e("dl", *_about(found), class_="about"),
        e("h2", "Findings"),
        table("What was found out", _FINDINGS, [_finding(each) for each in fields["findings"]], "Nothing was found."),
        e("h2", "Rules"),
        table(
            "Asked from the top", _RULES, rules, "No rule was asked: the call passes whatever they say, or see above."
        ),
        e("h2", "In shadow"),
        table("What rules in shadow would have done", _SHADOW, shadow, "No rule in shadow applied."),
        *_others(found, others),
        e("details", e("summary", "The decision as it is in the record"), e("pre", _whole(fields))),
        class_="call",
    )


def _steps(found: Found, policy: Policy) -> tuple[list[Step], list[str]]:
    """Ask the rules again, and say what may be otherwise than in line."""
    fields = found.fields
    trunk = next((each for each in policy.trunks if each.name == fields["trunk"]), None)
    if trunk is None:
        return [], [f"There is no trunk {fields['trunk']} any more, so that no rule can be asked again."]
    try:
        call, findings = recorded(fields, trunk, found.time)
    except ValueError as error:
        return [], [f"The rules cannot be asked again: the record has the call in another form ({error})."]
    problems = []
    if fields["generation"] != policy.generation:
        told = (
            f"It was decided under configuration {fields['generation']}; below, rules are those of {policy.generation}."
        )
        problems.append(told)
    if policy.masked:
        problems.append("Numbers are masked in the record: rules about them may have applied otherwise.")
    return why(call, findings, policy.rules), problems


def _finding(each: dict[str, Any]) -> Tag:
    code = _CODES.get(each["code"])
    particulars = ", ".join(f"{name}: {value}" for name, value in each.items() if name not in _OWN)
    detail = "; ".join(text for text in (each["detail"], particulars) if text)
    outcome, source = (code.outcome.value, code.source) if code is not None else ("", "")
    weighs = "yes" if each["weighs"] else "no"
    cells = (each["code"], outcome, source, str(each["token"] or ""), weighs, detail)
    return row(_FINDINGS, *cells, class_=None if each["weighs"] else "dim")


def _about(found: Found) -> Iterator[Tag]:
    fields = found.fields
    said: dict[str, Content] = {
        "from": number(fields["from"]),
        "asserted": [_spaced(each) for each in fields["asserted"]],
        "diversion": [_spaced(each) for each in fields["diversion"]],
        "to": number(fields["to"]),
        "called": number(fields["target"]),
        "trunk": f"{fields['trunk']}, from {fields['source']}",
        "verification": fields["result"],
        "attestation": fields["attest"] or "",
        "origid": fields["origid"] or "",
        "service provider": fields["spc"] or "",
        "privacy": ", ".join(fields["privacy"]),
        "mode": fields["mode"],
        "answer": _answer(found),
        "decided in": f"{fields['latency_ms']} ms, under configuration {fields['generation']}",
    }
    for name, value in said.items():
        if value:
            yield e("div", e("dt", name), e("dd", value))


def _spaced(text: str) -> Tag:
    return e("span", number(text), " ")


def _answer(found: Found) -> str:
    code = found.fields["sip_code"] or found.answer
    if code is None:
        return ""
    if found.answered is None:
        return str(code)
    lasted = "not over, or its end was not seen" if found.duration is None else f"lasted {lasting(found.duration)}"
    return f"{code}, {lasted}"


def _others(found: Found, others: Sequence[Found]) -> Iterator[Tag]:
    if len(others) > 1:
        yield e("h2", "All decisions about this Call-ID")
        items = []
        for each in others:
            when = moment(each.time, "%Y-%m-%d %H:%M:%S.%f")
            shown = when if each is found else link(when, "/call", **where(each))
            items.append(e("li", shown, f" {each.fields['action']} by {each.fields['rule']}"))
        yield e("ul", *items)


def _whole(fields: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(fields), indent=2).decode()
