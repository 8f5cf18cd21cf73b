"""A report of the desk, for people and for programs."""

from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sip_guard.call import Finding
from sip_guard.desk.figures import Figures
from sip_guard.desk.verify import Report

_STYLES = {"good": "green", "wrong": "bold red", "not asked": "dim"}


def table(report: Report, console: Console) -> None:
    """Print a table a token, and what the tokens come to together."""
    for told in report.told:
        title = f"Token {told.token}: {told.type}"
        shown = Table("check", "source", "outcome", "detail", title=title, title_justify="left", title_style="bold")
        for line in told.lines:
            shown.add_row(line.check, line.source, Text(line.outcome, _STYLES[line.outcome]), Text(line.detail))
        shown.columns[3].overflow = "fold"
        console.print(shown)
    for finding in report.findings:
        place = f"token {finding.token}: " if finding.token else ""
        console.print(Text(f"{place}{finding.code.value}: {finding.detail}"))
    verdict = Text("passed", "bold green") if report.passed else Text("not passed", "bold red")
    console.print(verdict, Text(f"at {moment(report.at)}"))


def fields(report: Report) -> dict[str, object]:
    """Give the report as it stands in JSON."""
    return {
        "at": report.at,
        "passed": report.passed,
        "tokens": [
            {"token": told.token, "type": told.type, "checks": [line._asdict() for line in told.lines]}
            for told in report.told
        ],
        "findings": [finding_fields(finding) for finding in report.findings],
    }


def moment(at: float) -> str:
    """Give a moment in seconds since the epoch as people read it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def lasted(seconds: float | None) -> str:
    """Give how long a call lasted as people read it; empty: it is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{round(seconds, 1):g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} h" if minutes >= 60 else f"{minutes}:{rest:02} min"


COLUMNS_OF_FIGURES: Final = ("answered", "half of them within", "90 % within", "over a minute")


def row_of_figures(figures: Figures) -> tuple[str, ...]:
    """Give how calls went on, in the columns above. Times and shares are of those whose end is known."""
    half, most = (lasted(None if each is None else float(each)) for each in (figures.within(0.5), figures.within(0.9)))
    share = f"{figures.long / figures.ended:.0%} ({figures.long})" if figures.ended else ""
    return str(figures.answered), half, most, share


def titled(title: str, *columns: str) -> Table:
    """Make a table whose cells are never cut."""
    table = Table(*columns, title=title, title_justify="left", title_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    return table


def finding_fields(finding: Finding) -> dict[str, object]:
    """Give a finding as it stands in JSON."""
    attestation = finding.attestation
    return {
        "code": finding.code.value,
        "outcome": finding.code.outcome.value,
        "sip_code": finding.code.sip_code or None,
        "source": finding.code.source,
        "token": finding.token,
        "weighs": finding.weighs,
        "detail": finding.detail,
        "attest": attestation.level if attestation else None,
        "origid": attestation.origid if attestation else None,
        "spc": attestation.spc if attestation else None,
        "trust": attestation.trust if attestation else None,
        "diversions": attestation.diversions if attestation else None,
        **dict(finding.particulars),
    }
