"""What an operator wants to see, as it stands in the query of a URL."""

from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlencode

import msgspec

from sip_guard.journal.store import Wanted
from sip_guard.record import forms

WINDOWS: Final = {"15m": 900, "1h": 3600, "6h": 21_600, "24h": 86_400, "7d": 604_800}
"""Seconds that may be looked back, by their names."""
STEPS: Final = 60
"""Of time in which a window is drawn."""
MOST: Final = 100_000
"""Decisions that are counted, the newest."""
REJECTED: Final = 10_000
"""Rejected calls whose numbers are counted, the newest: for each, the whole decision has to be read."""
ROWS: Final = 50
"""Decisions in the table."""
LONGEST: Final = 256
"""Characters of one value that are looked at."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the decisions. What is empty is not asked."""

    window: str = "1h"
    trunk: str = ""
    rule: str = ""
    action: str = ""
    """`reject` is every rejection, `reject 403` those with this code."""
    number: str = ""
    """That the call shows, asserts or calls, or that diverted it: as people write it, or as it stands in the record."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read it. What makes no sense finds nothing, but for the window, which is then the usual one."""
        given = {name: query.get(name, "").strip()[:LONGEST] for name in cls.__struct_fields__}
        if given["window"] not in WINDOWS:
            del given["window"]
        return cls(**given)

    def but(self, **changed: str) -> Self:
        """Give it with some of it changed."""
        return msgspec.structs.replace(self, **changed)

    @property
    def query(self) -> str:
        """Write it, from `?` on; empty: the usual view."""
        asked = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        if asked["window"] == View().window:
            del asked["window"]
        return f"?{urlencode(asked)}" if asked else ""

    @property
    def step(self) -> float:
        """Seconds of one step."""
        return WINDOWS[self.window] / STEPS

    def begin(self, now: float) -> float:
        """Give when the window begins (seconds since the epoch): at a step, so that those in the past never change."""
        return (now // self.step - STEPS + 1) * self.step

    def wanted(self, now: float, key: bytes) -> Wanted:
        """Give what to search for. `key` is that of the digests of numbers."""
        return Wanted(
            numbers=self._numbers(key),
            trunk=self.trunk or None,
            rule=self.rule or None,
            action=self.action or None,
            since=self.begin(now),
            limit=MOST,
        )

    def _numbers(self, key: bytes) -> tuple[str, ...]:
        if not self.number:
            return ()
        try:
            return tuple(dict.fromkeys((self.number, *forms(self.number, key, last4=True))))
        except ValueError:
            return (self.number,)
