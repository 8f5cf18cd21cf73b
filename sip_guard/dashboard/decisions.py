"""The latest decisions."""

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.web.template import Tag

from sip_guard.dashboard.markup import Content, e, link, moment, number, pill, row, table
from sip_guard.dashboard.view import ROWS, View
from sip_guard.journal.store import Found

_COLUMNS = ("time", "verdict", "from", "to", "trunk", "rule", "reason", "answer")


def decisions(found: Sequence[Found], view: View) -> Tag:
    """Show them; a link leads to the explanation of each."""
    today = found[0].time // 86_400 if found else 0
    rows = [_row(each, today) for each in found[:ROWS]]
    nothing = f"No such decision in the last {view.window}."
    shown = table("The latest, times in UTC", _COLUMNS, rows, nothing, class_="decisions")
    return e("section", e("h2", "Decisions"), shown, id="decisions")


def _row(found: Found, today: float) -> Tag:
    fields = found.fields
    form = "%H:%M:%S" if found.time // 86_400 == today else "%d %b %H:%M:%S"
    return row(
        _COLUMNS,
        link(moment(found.time, form), "/call", **where(found)),
        pill(fields["action"], fields["action"].partition(" ")[0]),
        number(fields["from"]),
        number(fields["target"] or fields["to"]),
        fields["trunk"],
        fields["rule"] + shadows(fields),
        fields["reason"] or "",
        _answer(found),
        data_key=f"{found.time!r} {fields['call_id']}",
    )


def where(found: Found) -> dict[str, str]:
    """Give the query by which a decision is found again."""
    return {"id": found.fields["call_id"], "at": repr(found.time)}


def shadows(fields: Mapping[str, Any]) -> str:
    """Name the rules in shadow that would have done something."""
    names = ", ".join(each["rule"] for each in fields["shadow"])
    return f" (in shadow: {names})" if names else ""


def _answer(found: Found) -> Content:
    code = found.fields["sip_code"] or found.answer
    return "" if code is None else str(code)
