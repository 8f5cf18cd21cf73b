"""Sources that send nothing but garbage get no attention for a while: no answer, and no line in the log.

What they send is read nevertheless, for over UDP anybody can send garbage in the name of a trunk.
"""

from typing import Final

import msgspec

IN_A_ROW: Final = 50
"""Messages that cannot be read, without a good one between, after which a source is muted."""
LASTING: Final = 5.0
"""Seconds that this must have gone on: who forges the address of a trunk shall not mute it between two of its calls."""
FIRST: Final = 10.0
"""Seconds it is muted for the first time; each time after that twice as long."""
LONGEST: Final = 300.0
FORGOTTEN: Final = 600.0
"""Seconds of silence after which garbage is forgotten."""
MAX_SOURCES: Final = 1024
"""Sources whose garbage is remembered; the one that was noticed first makes room."""


class _Source(msgspec.Struct):
    since: float
    bad: int = 0
    heard: float = 0.0
    until: float = 0.0
    seconds: float = FIRST


class Muting:
    """Knows the sources of garbage. One good message, and a source is none."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def muted(self, host: str, now: float) -> bool:
        """Tell whether garbage from `host` is passed over in silence."""
        if not self._sources:
            return False
        source = self._sources.get(host)
        return source is not None and now < source.until

    def bad(self, host: str, now: float) -> bool:
        """Take note of a message that cannot be read. True if that mutes its source."""
        source = self._sources.get(host)
        if source is None or now - max(source.heard, source.until) >= FORGOTTEN:
            self._sources.pop(host, None)
            if len(self._sources) >= MAX_SOURCES:
                del self._sources[next(iter(self._sources))]
            source = self._sources[host] = _Source(now)
        if not source.bad:
            source.since = now
        source.heard = now
        source.bad += 1
        if source.bad < IN_A_ROW or now - source.since < LASTING:
            return False
        source.bad = 0
        source.until = now + source.seconds
        source.seconds = min(2 * source.seconds, LONGEST)
        return True

    def good(self, host: str) -> None:
        """Take note of a message that can be read."""
        if self._sources:
            self._sources.pop(host, None)
