"""A dashboard over a guard at work and a record that the test has made, without sockets or threads."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from at_work import CONFIG, AtWork
from decisions import fields, row
from pki import NOW
from twisted.internet.defer import Deferred, maybeDeferred

from sip_guard.admin.page import Answer, Asked
from sip_guard.dashboard.pages import Dashboard
from sip_guard.dashboard.reading import FRESH
from sip_guard.dashboard.source import Source
from sip_guard.journal.latest import Latest
from sip_guard.journal.opening import to_write
from sip_guard.journal.options import Place
from sip_guard.journal.row import Answer as Answered
from sip_guard.journal.row import End

AT = NOW - 100.0
"""Of a decision in the middle of a minute; the page is looked at a little later."""


class Opened:
    """What is there, and how it looks."""

    def __init__(self, folder: Path, place: Place | None, text: str = CONFIG) -> None:
        self.work = AtWork(folder, text)
        self.place = place
        self._numbers = count()
        self.latest = Latest(None)
        self.changed: dict[str, Any] = {}
        self._numbers = count()
        source = Source(place, self.latest)
        self._pages = Dashboard(
            lambda: self.work.parts(**self.changed), lambda: source, maybeDeferred, self.work.clock, lambda: NOW
        ).pages()

    def kept(self, *given: dict[str, Any], at: float = AT) -> None:
        """Put decisions into the record, a second apart. They are numbered from 0 on."""
        assert self.place is not None
        with closing(to_write(self.place)) as store:
            store.add(
                [
                    row(at + i, call=next(self._numbers), **{"call_id": f"call-{i}", **each})
                    for i, each in enumerate(given)
                ]
            )

    def went(self, call: int, code: int, duration: float) -> None:
        """Have a call of the record answered, and end."""
        assert self.place is not None
        with closing(to_write(self.place)) as store:
            store.went([Answered.of(call, code, AT), End(duration, call)])

    def remembers(self, *given: dict[str, Any]) -> None:
        """Have decisions taken that are in memory alone."""
        for i, each in enumerate(given):
            self.latest.decided(i, AT + i, fields(f"call-{i}", **each))

    def answers(self, path: str = "/", **query: str) -> Answer:
        """Ask for a page, later than what was made before is good."""
        self.work.clock.advance(FRESH)
        answered = self._pages[path](Asked(method="GET", path=path, query=query))
        if isinstance(answered, Deferred):
            made: list[Answer] = []
            answered.addCallback(made.append)
            (answered,) = made
        return answered

    def shows(self, path: str = "/", **query: str) -> "Shown":
        """Look at a page."""
        return Shown(self.answers(path, **query).body.decode())


class Shown:
    """A page, which is well-formed XML too."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = ET.fromstring(f"<all>{text.removeprefix('<!DOCTYPE html>')}</all>")

    def rows(self, caption: str) -> list[list[str]]:
        """Give the cells of the table with this caption."""
        for table in self.root.iter("table"):
            if table.findtext("caption") == caption:
                return [[said(cell) for cell in row] for row in table.findall("tbody/tr")]
        return []

    def tiles(self) -> dict[str, str]:
        """Give what is counted at the top."""
        found = self.root.iterfind(".//dl[@class='tiles']/div")
        return {tile.findtext("dt") or "": tile.findtext("dd/strong") or "" for tile in found}

    def of(self, class_: str) -> list[str]:
        """Give the texts of all elements of a class."""
        return [said(each) for each in self.root.iter() if class_ in (each.get("class") or "").split()]

    def links(self) -> Iterator[str]:
        """Give where links lead."""
        return (each.get("href") or "" for each in self.root.iter("a"))


def said(element: ET.Element) -> str:
    return "".join(element.itertext()).strip()
