"""Calls are decided about in batches, in this process or in others, and counted in their order.

What is found about a call because of those before it is found out first, where the capture is read, and goes with the
call. All that is left depends on the call alone, so that the result is the same whoever decides, and however many.
"""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from sip_guard.call import Call, Finding
from sip_guard.config import load
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.capture.messages import Captured
from sip_guard.desk.fetch import Fetching
from sip_guard.desk.guard import DeskGuard, Means
from sip_guard.desk.simulate.arrivals import Arrival
from sip_guard.desk.simulate.tally import NO_GUARD, NOT_SCREENED, Fate, Stop, Tally, example
from sip_guard.sip.message import Request, parse

BATCH: Final = 256
"""Calls that go to a worker at a time."""
AHEAD: Final = 3
"""Batches for each worker that are under way at a time."""


class Setup(msgspec.Struct, frozen=True):
    """What a worker has to know."""

    configs: tuple[Path, ...]
    """The new configuration, and perhaps the old one."""
    means: tuple[Means, ...]
    noted: bool
    """Whether there is to be a line about each call."""


class Item(NamedTuple):
    """A call that is to be decided about."""

    number: int
    file: str
    captured: Captured
    remembered: tuple[list[Finding], ...]
    """For each configuration, what its checks with a history have found."""


def items(
    file: str, arrivals: Iterable[Arrival], guards: tuple[DeskGuard, ...], fetching: Fetching | None
) -> Iterator[Item]:
    """Ask the checks with a history, which every call has to pass in its order, and have certificates fetched."""
    nothing: tuple[list[Finding], ...] = tuple([] for _ in guards)
    remembering = any(guard.remembers for guard in guards)
    for number, captured, request, calls in arrivals:
        if fetching is not None:
            fetching.certify(request.values(b"identity"))
        remembered = nothing
        if remembering:
            remembered = tuple(
                [] if call is None else guard.remember(call) for guard, call in zip(guards, calls, strict=True)
            )
        yield Item(number, file, captured, remembered)


def tally(batch: Iterable[Item], guards: tuple[DeskGuard, ...], *, noted: bool) -> Tally:
    """Decide about some calls."""
    made = Tally()
    for number, file, captured, remembered in batch:
        request = parse(captured.octets)
        if not isinstance(request, Request):
            continue
        fates = [NO_GUARD, NO_GUARD]
        shown = None
        stops: list[Stop] = []
        for which, (guard, found) in enumerate(zip(guards, remembered, strict=True)):
            trunk = guard.trunk(captured.flow)
            if trunk is None:
                fates[which] = NOT_SCREENED
                continue
            call = Call.of(request, trunk, captured.flow, captured.at)
            decision = guard.decide(call, found)
            fates[which] = Fate(decision.action, decision.rule)
            stops += made.stopping(which, decision)
            shown = shown or (call, decision.reason)
        made.stops.append((number, stops))
        if shown is not None:
            told = partial(example, shown[0], file, captured.frame, shown[1])
            made.add(fates[0], fates[1], told)
            if noted:
                made.note(fates[0], fates[1] if len(guards) > 1 else None, told())
    for guard in guards:
        made.mistakes += guard.mistakes
        guard.mistakes.clear()
    return made


def batches(calls: Iterable[Item]) -> Iterator[list[Item]]:
    """Give calls in batches, which do not depend on who works on them."""
    batch: list[Item] = []
    for item in calls:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def decided(calls: Iterable[Item], guards: tuple[DeskGuard, ...], setup: Setup, workers: int) -> Iterator[Tally]:
    """Decide about all calls, by so many processes beside this one; 0: by this one alone. The order is kept."""
    if not workers:
        for batch in batches(calls):
            yield tally(batch, guards, noted=setup.noted)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (setup,))
    try:
        under_way: deque[Future[Tally]] = deque()
        for batch in batches(calls):
            under_way.append(pool.submit(_work, batch))
            if len(under_way) >= AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool:
        raise BadInput("a worker has died, perhaps for want of memory; try fewer with --workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


_guards: tuple[DeskGuard, ...] = ()
_noted = False
"""Of this process, if it is a worker."""


def _start(setup: Setup) -> None:
    global _guards, _noted  # noqa: PLW0603 - a worker has nowhere else to keep them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _guards = tuple(DeskGuard(load(path), means) for path, means in zip(setup.configs, setup.means, strict=True))
    _noted = setup.noted


def _work(batch: list[Item]) -> Tally:
    return tally(batch, _guards, noted=_noted)
