"""An explanation, for people and for programs."""

from rich.console import Console
from rich.text import Text

from sip_guard.desk.explain.command import Explanation
from sip_guard.desk.show import finding_fields, lasted, moment, titled
from sip_guard.record import who
from sip_guard.sip.flow import written
from sip_guard.sip.hygiene import PRIVACY, privacy


def tables(explained: Explanation, console: Console) -> None:
    """Print the call, its findings, every rule, and the verdict."""
    call, decision = explained.call, explained.decision
    console.print(Text(f"{moment(call.arrival)} {call.call_id[:256]}", "bold"))
    for name, value in _about(explained).items():
        if value:
            console.print(Text(f"{name}: {', '.join(value) if isinstance(value, list) else value}"))
    findings = titled("Findings", "code", "outcome", "source", "token", "weighs", "detail")
    for finding in decision.findings:
        code = finding.code
        weighs = "yes" if finding.weighs else "no"
        findings.add_row(
            code.value, code.outcome.value, code.source, str(finding.token or ""), weighs, Text(finding.detail)
        )
    console.print(findings)
    if explained.steps:
        rules = titled("Rules, asked from the top", "rule", "mode", "then", "outcome", "why")
        for step in explained.steps:
            style = "dim" if not step.applies else ""
            mode, then = str(step.rule.mode), str(step.rule.then)
            rules.add_row(step.rule.id, mode, then, step.outcome, Text(step.because), style=style)
        console.print(rules)
    for problem in explained.problems:
        console.print(Text(problem, "yellow"))
    for shadow in decision.shadows:
        console.print(Text(f"in shadow: {shadow.rule} would {shadow.action}"))
    console.print(Text(f"{decision.action}", "bold"), Text(f"by {decision.rule}, for {decision.reason}"))
    if explained.went:
        lasting = explained.went.get("duration")
        spoken = f", and lasted {lasted(lasting)}" if lasting is not None else ""
        console.print(Text(f"it was answered with {explained.went['answer']}{spoken}"))


def fields(explained: Explanation) -> dict[str, object]:
    """Give the explanation as it stands in JSON."""
    call, decision = explained.call, explained.decision
    return {
        "call_id": call.call_id[:256],
        "at": call.arrival,
        **_about(explained),
        "result": decision.result,
        "action": decision.action,
        "rule": decision.rule,
        "reason": decision.reason,
        **explained.went,
        "findings": [finding_fields(finding) for finding in decision.findings],
        "rules": [
            {
                "rule": step.rule.id,
                "mode": str(step.rule.mode),
                "then": str(step.rule.then),
                "outcome": step.outcome,
                "unmet": step.unmet,
                "matched": [finding.code.value for finding in step.matched],
            }
            for step in explained.steps
        ],
        "shadow": decision.shadows,
        "problems": explained.problems,
    }


def _about(explained: Explanation) -> dict[str, str | list[str]]:
    call = explained.call
    port = call.flow.remote[1]
    return {
        "trunk": call.trunk.name,
        "source": written(call.flow.remote) if port else "",
        "from": who(call.presented),
        "asserted": [who(party) for party in call.network],
        "diversion": [who(party) for party in call.diverting],
        "privacy": sorted(word.decode() for word in PRIVACY & privacy(call.request)),
        "to": who(call.to),
        "target": who(call.target),
    }
