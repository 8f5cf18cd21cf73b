"""HTML and SVG made of plain values: whatever stands in them is text, never markup."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from twisted.web.template import Tag, flattenString

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

Content = Tag | str | list["Content"] | tuple["Content", ...]
"""What can stand in an element."""

NONE: Final = "\N{EN DASH}"
"""Stands for what there is none of."""


def e(name: str, /, *children: Content, **attributes: str | None) -> Tag:
    """Make an element. Attributes that are None are left out; `_` in their names is `-`, but at the end."""
    given: dict[str | bytes, Any] = {}
    given |= {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    return Tag(name, attributes=given, children=[*children])


def octets(content: Content) -> bytes:
    """Write it down."""
    made: list[bytes] = []
    written: Deferred[bytes] = flattenString(None, content)
    written.addCallback(made.append)
    return made[0]


def table(caption: str, columns: tuple[str, ...], rows: list[Tag], nothing: str, **attributes: str | None) -> Content:
    """Make a table, or say that there is nothing to stand in it."""
    if not rows:
        return e("p", nothing, class_="nothing")
    head = e("thead", e("tr", *(e("th", each, scope="col") for each in columns)))
    return e("table", e("caption", caption), head, e("tbody", *rows), **attributes)


def row(columns: tuple[str, ...], *cells: Content, **attributes: str | None) -> Tag:
    """Make a row whose cells know their column, for where there is no room for a head."""
    named = zip(columns, cells, strict=True)
    return e("tr", *(e("td", cell, data_column=column) for column, cell in named), **attributes)


def link(text: Content, path: str, **query: str) -> Tag:
    """Make a link to a page of ours."""
    return e("a", text, href=f"{path}?{urlencode(query)}" if query else path)


def number(text: str) -> Tag:
    """Show a number or user part that a peer wrote, which may be written from right to left."""
    return e("bdi", text or "anonymous", class_="number")


def pill(text: str, kind: str) -> Tag:
    """Show a word that is to be seen from afar. `kind` is its colour: an action, or `good`, `bad` or `odd`."""
    return e("span", text, class_=f"pill {kind}")


def moment(at: float, form: str = "%H:%M:%S") -> Tag:
    """Show a time in seconds since the epoch, in UTC."""
    when = datetime.fromtimestamp(at, UTC)
    return e("time", when.strftime(form), datetime=when.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def lasting(seconds: float) -> str:
    """Say how long something is, in its two largest units."""
    whole = max(0, int(seconds))
    for unit, size, lesser, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {lesser}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def counted(count: int) -> str:
    """Write a count so that it can be read."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
