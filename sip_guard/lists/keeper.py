"""The lists in force: each is looked at again from time to time, and a new one takes the place of the old at once."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sip_guard.lists.compile import Job, Report
from sip_guard.lists.compiled import Compiled
from sip_guard.lists.listing import Listing
from sip_guard.lists.reading import Reading

FOLDER = "lists"
"""In the state directory: lists of protected numbers as they were compiled, in force again after a restart."""
LEFT_BEHIND = (".compiled-*", ".download-*")
"""What a compiler that was killed could not remove."""

Compile = Callable[[Job], Deferred[Report]]
"""Compiles a list. Never fails: what is wrong is in the report."""
Told = Callable[[str, Report], None]
"""Takes the name of a list and what came of it: unchanged, in force, or refused for its faults."""


class ListSource(msgspec.Struct, frozen=True, kw_only=True):
    """A list: where it is, and how it is read."""

    name: str
    file: str = ""
    url: str = ""
    sha256: str = ""
    max_octets: int = 2**30
    refresh: float = 300.0
    """Seconds from the end of one look to the next."""
    reading: Reading = Reading()


class RefusedLists(Exception):  # noqa: N818 - what it is
    """Lists that are not good, each fault as `FILE:LINE: PROBLEM`."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Entry(msgspec.Struct, frozen=True):
    """What a list says of a number."""

    name: str
    listing: Listing
    digits: int
    """How many of the number's digits the entry has: all, or those of a prefix."""


class State(NamedTuple):
    """How a list is doing."""

    name: str
    entries: int
    """Numbers and prefixes in force."""
    age: float | None
    """Seconds since it was last looked at and found good, or since the start if it was kept from before; None: there
    is none."""


class _Kept:
    """One list, and what is in force of it."""

    def __init__(self, source: ListSource, folder: Path) -> None:
        self.source = source
        self.target = folder / f"{source.name}.list"
        self.compiled: Compiled | None = None
        self.seen: tuple[int, int, int] | None = None
        """What the system said of its file when it was last compiled."""
        self.timer: IDelayedCall | None = None
        self.good = 0.0
        """When it was last found good, by the clock."""

    def job(self) -> Job:
        source = self.source
        return Job(
            file=source.file,
            url=source.url,
            sha256=source.sha256,
            max_octets=source.max_octets,
            reading=source.reading,
            target=str(self.target),
        )


class Keeper:
    """Looks up numbers in all lists, and keeps the lists. One is compiled at a time; a refused one again each time."""

    def __init__(
        self, sources: Sequence[ListSource], folder: Path, compile_list: Compile, clock: IReactorTime, told: Told
    ) -> None:
        """`folder` is where compiled lists are kept. Those that are there already are in force from now on."""
        self._compile = compile_list
        self._folder = folder
        self._clock = clock
        self._told = told
        self._lists = [_Kept(source, folder) for source in sources]
        self._in_force: tuple[tuple[str, Callable[[str, float], tuple[Listing, int] | None]], ...] = ()
        """How each list that there is something to look up in is asked, by its name."""
        self._waiting: deque[_Kept] = deque()
        self._compiling: Deferred[None] | None = None
        self._preparing: Deferred[Report] | None = None
        self._stopped = False
        for left in (left for pattern in LEFT_BEHIND for left in folder.glob(pattern)):
            left.unlink()
        for kept in self._lists:
            kept.good = clock.seconds()
            self._map(kept)

    def start(self) -> None:
        """Begin to keep them: all are looked at."""
        for kept in () if self._stopped else self._lists:
            kept.seen = None
            self._look(kept)

    async def prepare(self, sources: Sequence[ListSource]) -> Callable[[], None]:
        """Compile what is new or has changed, and give what puts these lists in force, at once.

        Raises RefusedLists if one of the files is not good; all stays as it is then. A list at a URL that cannot be had
        now is looked for again.
        """
        known = {kept.source: kept for kept in self._lists}
        lists = [known.get(source) or _Kept(source, self._folder) for source in sources]
        compiled: list[tuple[_Kept, Report, tuple[int, int, int] | None]] = []
        faults: list[str] = []
        for kept in lists:
            seen = _seen(kept.source.file) if kept.source.file else None
            if kept.compiled is not None and seen == kept.seen:
                continue
            self._preparing = self._compile(kept.job())
            report = await self._preparing
            compiled.append((kept, report, seen))
            faults += report.faults if kept.source.file else ()
        if faults:
            raise RefusedLists(faults)
        return partial(self._change, lists, compiled)

    def _change(self, lists: list[_Kept], compiled: list[tuple[_Kept, Report, tuple[int, int, int] | None]]) -> None:
        if self._stopped:
            return
        for kept in self._lists:
            if kept not in lists:
                _cancel(kept)
        self._lists = lists
        self._waiting = deque(kept for kept in self._waiting if kept in lists)
        for kept, report, seen in compiled:
            kept.seen = seen
            self._take(kept, report)
        self._ask()
        for kept in lists:
            if kept.source.url:
                self._look(kept)
            elif kept.timer is None and kept not in self._waiting:
                self._look_later(kept)

    def stop(self) -> None:
        """Look at none any more. Those in force stay so."""
        self._stopped = True
        self._waiting.clear()
        for kept in self._lists:
            _cancel(kept)
        for child in (self._compiling, self._preparing):
            if child is not None:
                child.cancel()

    def find(self, number: str, now: float) -> list[Entry]:
        """Give what the lists say of a canonical number at a moment in seconds since the epoch."""
        entries = []
        for name, find in self._in_force:
            found = find(number, now)
            if found is not None:
                entries.append(Entry(name, found[0], found[1]))
        return entries

    @property
    def missing(self) -> list[str]:
        """The names of lists of which there is nothing to look up in."""
        return [kept.source.name for kept in self._lists if kept.compiled is None]

    def states(self) -> list[State]:
        """Say of each list how it is doing."""
        now = self._clock.seconds()
        return [
            State(kept.source.name, kept.compiled.numbers + kept.compiled.prefixes, now - kept.good)
            if kept.compiled is not None
            else State(kept.source.name, 0, None)
            for kept in self._lists
        ]

    def _look(self, kept: _Kept) -> None:
        """Take the next look at a list; a file that is as it was last time needs none."""
        _cancel(kept)
        if kept.source.file and (seen := _seen(kept.source.file)) is not None:
            if seen == kept.seen:
                kept.good = self._clock.seconds()
                return self._look_later(kept)
            kept.seen = seen
        if kept not in self._waiting:
            self._waiting.append(kept)
        return self._next()

    def _look_later(self, kept: _Kept) -> None:
        kept.timer = self._clock.callLater(kept.source.refresh, self._look, kept)

    def _next(self) -> None:
        if self._compiling is not None or not self._waiting:
            return
        kept = self._waiting.popleft()

        def compiled(report: Report) -> None:
            self._compiling = None
            if self._stopped:
                return
            if kept in self._lists:
                self._take(kept, report)
            if kept in self._lists and kept not in self._waiting and kept.timer is None:
                self._look_later(kept)
            self._next()

        compiling = self._compile(kept.job()).addCallback(compiled)
        if not compiling.called:
            self._compiling = compiling

    def _take(self, kept: _Kept, report: Report) -> None:
        """Put the new list in the place of the old; if it is refused, the old one stays."""
        if not report.faults and not (report.unchanged and kept.compiled is not None):
            fault = self._map(kept)
            if fault:
                report = Report(faults=(fault,))
        if report.faults:
            kept.seen = None
        else:
            kept.good = self._clock.seconds()
        self._told(kept.source.name, report)

    def _map(self, kept: _Kept) -> str:
        try:
            kept.compiled = Compiled(kept.target)
        except (OSError, ValueError) as error:
            return f"{kept.target}: {error}"
        self._ask()
        return ""

    def _ask(self) -> None:
        """Ask the lists that there are from now on."""
        self._in_force = tuple((each.source.name, each.compiled.find) for each in self._lists if each.compiled)


def _cancel(kept: _Kept) -> None:
    if kept.timer is not None and kept.timer.active():
        kept.timer.cancel()
    kept.timer = None


def _seen(path: str) -> tuple[int, int, int] | None:
    try:
        there = Path(path).stat()
    except OSError:
        return None
    return there.st_mtime_ns, there.st_size, there.st_ino
