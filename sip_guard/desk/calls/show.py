"""Decisions for people, for spreadsheets and for programs."""

import csv as formats
from datetime import UTC, datetime
from typing import TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from sip_guard.desk.calls.command import Decisions
from sip_guard.desk.show import lasted, moment, titled
from sip_guard.journal.store import Found

_COLUMNS = (
    "call_id",
    "trunk",
    "source",
    "result",
    "action",
    "rule",
    "mode",
    "reason",
    "sip_code",
    "from",
    "asserted",
    "to",
)
_MORE = ("target", "diversion", "privacy", "attest", "origid", "spc", "findings", "shadow", "latency_ms", "generation")
WENT = ("answer", "answered", "duration")
"""How a call went on."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How cells begin that a spreadsheet would compute."""


def table(decisions: Decisions, console: Console) -> None:
    """Print a line a decision."""
    if not decisions.found:
        console.print("no such decision in the record")
        return
    about = ("trunk", "from", "to", "result", "action", "rule", "reason", "answer", "lasted", "Call-ID")
    shown = titled("Decisions", "time", *about)
    for found in decisions.found:
        names = ("trunk", "from", "target", "result", "action", "rule", "reason", "answer", "lasted", "call_id")
        answer = found.fields.get("sip_code") or found.answer
        fields = found.fields | {"answer": answer, "lasted": lasted(found.duration)}
        shown.add_row(moment(found.time), *(Text(_printable(_cell(fields.get(name)))) for name in names))
    console.print(shown)


def csv(decisions: Decisions, file: TextIO) -> None:
    """Write a header row, and a row a decision; several values in one cell are parted by spaces."""
    writer = formats.writer(file, lineterminator="\n")
    names = (*_COLUMNS, *_MORE)
    writer.writerow(("time", *names, *WENT))
    for found in decisions.found:
        fields = found.fields | went(found)
        cells = [_cell(fields.get(name)) for name in (*names, *WENT)]
        writer.writerow((_iso(found.time), *(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)))


def json(decisions: Decisions, file: TextIO) -> None:
    """Write the lines that the log had of the decisions, with how the calls went on."""
    file.writelines(msgspec.json.encode(line(found)).decode() + "\n" for found in decisions.found)


def line(found: Found) -> dict[str, object]:
    """Give a decision as it stands in the log, and how the call went on, as far as that is known."""
    return {"ts": _iso(found.time), "event": "decision", "level": "info", **found.fields, **went(found)}


def went(found: Found) -> dict[str, object]:
    """Give what is known of how a call went on that was let through."""
    at = None if found.answered is None else _iso(found.answered)
    known = zip(WENT, (found.answer, at, found.duration), strict=True)
    return {name: value for name, value in known if value is not None}


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _cell(value: object) -> str:
    """Give a value as text: of what was found, its code; of a rule in shadow, its name and what it would do."""
    if isinstance(value, list):
        return " ".join(_cell(each) for each in value)
    if isinstance(value, dict):
        return str(value["code"]) if "code" in value else f"{value['rule']}:{value['action']}"
    return "" if value is None else str(value)


def _printable(text: str) -> str:
    """Give a text without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
