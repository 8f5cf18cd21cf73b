"""What `sip-guard simulate` does with its arguments."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from sip_guard.config import Config
from sip_guard.desk.bad_input import BadInput, about
from sip_guard.desk.capture.messages import Captured, Messages
from sip_guard.desk.fetch import Fetching
from sip_guard.desk.guard import DeskGuard, Means, certificates_of, prepare
from sip_guard.desk.simulate.arrivals import Arrivals, Counts
from sip_guard.desk.simulate.courses import Courses
from sip_guard.desk.simulate.tally import Tally
from sip_guard.desk.simulate.work import Item, Setup, decided, items

SMALL: Final = 4 << 20
"""Octets of captures that are not worth a start of other processes."""

TOLD: Final = 500
"""Messages from one note of progress to the next."""

Moved = Callable[[int, int], None]
"""Is told how many octets of how many have been read."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    captures: tuple[Path, ...]
    policy: tuple[Path, Config]
    against: tuple[Path, Config] | None
    trunk: str
    certificates: Path | None
    fetch: bool
    decisions: Path | None = None
    """Where a line about each call is written; None: nowhere."""
    workers: int | None
    """Processes that decide; None: as the captures are worth it."""


class FileReport(msgspec.Struct, frozen=True):
    """One capture, as it was read."""

    file: str
    frames: int
    shortened: int
    foreign: int
    gaps: int
    fault: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it all."""

    policy: str
    against: str
    files: tuple[FileReport, ...]
    counts: Counts
    begin: float
    """When the first and the last call came, in seconds since the epoch."""
    end: float
    problems: tuple[str, ...]
    """What could not be asked, so that verdicts may be others in line."""
    tally: Tally


def simulate(wanted: Wanted, moved: Moved) -> Report:
    """Take the captures through the configurations. Raises BadInput."""
    given = [wanted.policy] + ([wanted.against] if wanted.against is not None else [])
    with ExitStack() as stack:
        captures = []
        for path in wanted.captures:
            captures.append((path, _opened(path)))
            stack.callback(captures[-1][1].frames.close)
        octets = sum(messages.frames.size for _, messages in captures)
        cache, fetching = wanted.certificates, None
        if wanted.fetch:
            cache = cache or Path(stack.enter_context(TemporaryDirectory(prefix="sip_guard-certificates-")))
            fetching = stack.enter_context(Fetching(wanted.policy[1].repository, cache))
        means, problems = [], []
        for _, config in given:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="sip_guard-lists-")))
            problems += prepare(config, folder, fetch=wanted.fetch)
            means.append(Means(folder, cache or certificates_of(config), wanted.trunk))
        guards = tuple(DeskGuard(config, each) for (_, config), each in zip(given, means, strict=True))
        problems += [each for guard in guards for each in guard.missing]
        workers = wanted.workers
        if workers is None:
            workers = 0 if octets < SMALL else len(os.sched_getaffinity(0))
        tally = Tally()
        courses = Courses(tally)
        run = _Run(captures, octets, moved, courses)
        lines = None if wanted.decisions is None else stack.enter_context(wanted.decisions.open("wb"))
        setup = Setup(tuple(path for path, _ in given), tuple(means), lines is not None)
        for part in decided(run.calls(guards, fetching), guards, setup, workers):
            tally.merge(part)
            for number, stops in part.stops:
                courses.decided(number, stops)
            if lines is not None:
                lines.writelines(line + b"\n" for line in part.lines)
    courses.close()
    files = tuple(_read(path, messages) for path, messages in captures)
    if not run.counts.invites:
        raise BadInput(_without_calls(files, run.counts))
    return Report(
        policy=str(wanted.policy[0]),
        against=str(wanted.against[0]) if wanted.against else "",
        files=files,
        counts=run.counts,
        begin=run.begin,
        end=run.end,
        problems=tuple(dict.fromkeys(problems)),
        tally=tally,
    )


class _Run:
    """One pass through all captures."""

    def __init__(self, captures: list[tuple[Path, Messages]], octets: int, moved: Moved, courses: Courses) -> None:
        self._captures = captures
        self._octets = octets
        self._moved = moved
        self._courses = courses
        self.counts = Counts()
        self.begin = 0.0
        self.end = 0.0

    def calls(self, guards: tuple[DeskGuard, ...], fetching: Fetching | None) -> Iterator[Item]:
        arrivals = Arrivals(guards, self.counts, self._courses.went)
        before = 0
        for path, messages in self._captures:
            moved = self._told(messages, before)
            yield from items(str(path), arrivals.of(moved), guards, fetching)
            before += messages.frames.size
            self._moved(before, self._octets)

    def _told(self, messages: Messages, before: int) -> Iterator[Captured]:
        for i, message in enumerate(messages):
            if i % TOLD == 0:
                self._moved(before + messages.frames.position, self._octets)
            self.begin = self.begin or message.at
            self.end = max(self.end, message.at)
            yield message


def _opened(path: Path) -> Messages:
    with about(path):
        return Messages(path)


def _read(path: Path, messages: Messages) -> FileReport:
    frames = messages.frames
    return FileReport(
        str(path), messages.read, messages.shortened, messages.foreign, messages.streams.gaps, frames.fault
    )


def _without_calls(files: tuple[FileReport, ...], counts: Counts) -> str:
    """Say why there may be no INVITE."""
    frames = sum(file.frames for file in files)
    told = f"{', '.join(file.file for file in files)}: no INVITE among {frames} frames"
    if sum(file.shortened for file in files):
        return f"{told}; some hold only the beginning of a packet: capture with `tcpdump -s 0`"
    if sum(file.foreign for file in files):
        return f"{told}; some are of a kind of link that is not read: capture on Ethernet, `any` or loopback"
    fault = next((file.fault for file in files if file.fault), "")
    if fault:
        return f"{told}; {fault}"
    return f"{told}, and {counts.messages} messages; SIP over TLS cannot be read, and RTP alone holds no calls"
