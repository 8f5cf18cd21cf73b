"""What stands around the content of each page."""

from collections.abc import Iterable
from typing import Final

from twisted.web.template import Tag

from sip_guard import __version__
from sip_guard.dashboard.figures import ACTIONS
from sip_guard.dashboard.markup import Content, e, link, octets
from sip_guard.dashboard.state import State
from sip_guard.dashboard.view import WINDOWS, View

DEFAULT: Final = "default"
"""What the record says where no rule decided."""


def frame(title: str, *content: Content, head: Content = "", live: bool = False) -> bytes:
    """Give a whole page. `live`: what is in it is read again and again."""
    page = e(
        "html",
        e(
            "head",
            e("meta", charset="utf-8"),
            e("meta", name="viewport", content="width=device-width, initial-scale=1"),
            e("meta", name="color-scheme", content="light dark"),
            e("title", title),
            e("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
            e("link", rel="stylesheet", href="/dashboard.css"),
            e("script", src="/dashboard.js", defer="") if live else "",
        ),
        e(
            "body",
            e("a", "Skip to the content", href="#main", class_="skip"),
            e("header", link("sip_guard", "/"), head),
            e("p", id="link", role="status", hidden=""),
            e("main", *content, id="main", tabindex="-1"),
            e("footer", f"sip_guard {__version__}. ", link("/metrics", "/metrics"), " ", link("/readyz", "/readyz")),
        ),
        lang="en",
    )
    return b"<!DOCTYPE html>\n" + octets(page)


def filters(state: State, view: View) -> Tag:
    """Give the form that chooses what is seen."""
    rules = dict.fromkeys((*state.rules, DEFAULT, view.rule))
    return e(
        "form",
        _choice("window", "last", {name: name for name in WINDOWS}, view.window),
        _choice("trunk", "trunk", _any(state.trunks, view.trunk), view.trunk),
        _choice("rule", "rule", _any(rules, view.rule), view.rule),
        _choice("action", "verdict", _any(ACTIONS, view.action), view.action),
        e(
            "label",
            "number ",
            e("input", name="number", value=view.number, type="search", autocomplete="off", size="14"),
        ),
        e("button", "Show", type="submit"),
        link("All", "/") if view.query else "",
        method="get",
        action="/",
        role="search",
        aria_label="What is shown",
    )


def _any(names: Iterable[str], chosen: str) -> dict[str, str]:
    return {"": "any"} | {name: name for name in (*names, chosen) if name}


def _choice(name: str, shown: str, choices: dict[str, str], chosen: str) -> Tag:
    options = [
        e("option", text, value=value, selected="selected" if value == chosen else None)
        for value, text in choices.items()
    ]
    return e("label", f"{shown} ", e("select", *options, name=name))
