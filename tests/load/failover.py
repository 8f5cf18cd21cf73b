"""A target dies while calls come in: killed, or cut off so that nobody is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from callers import Callees
from network import cut_off
from report import Report
from world import OTHER_PBX, PBX, World, target

RATE = 100
PATIENCE = 1.0
"""Seconds without any answer until the guard tries the other target; SIPp itself is patient for 30 and more."""
AGAIN = 3.0
"""Seconds after which the first target has calls again: two probes that are answered, and what goes before them."""
_POLICY = f", patience: {PATIENCE}, down_after: 3, probe: {{every: 1.0, timeout: 0.5, up_after: 2}}"


def run(world: World, report: Report, *, short: bool) -> None:
    """Place calls; a third of the way the first target is gone, and after another third it is there again."""
    third = 2.0 if short else 20.0
    _variant(world, report, "killed", lambda first: _killed(world, first, third + 90), third)
    _variant(world, report, "cut off", lambda first: cut_off(first.local[0]), third)


@contextmanager
def _killed(world: World, first: Callees, seconds: float) -> Iterator[None]:
    """Kill a target, and put another one in its place at the end."""
    first.kill()
    yield
    world.callees(at=first.local, seconds=seconds)


def _variant(
    world: World,
    report: Report,
    name: str,
    gone: Callable[[Callees], AbstractContextManager[object]],
    third: float,
) -> None:
    limit = 3 * third + 90
    first, second = world.callees(host=PBX, seconds=limit), world.callees(host=OTHER_PBX, seconds=limit)
    guard = world.guard(
        target("first", first.local, more=f", priority: 1{_POLICY}"),
        target("second", second.local, more=f", priority: 2{_POLICY}"),
    )
    calls = round(3 * third * RATE)
    callers = world.callers(guard, rate=RATE, calls=calls, seconds=limit)
    time.sleep(third)
    before = second.counts.invited
    with gone(first):
        time.sleep(third)
    counts = callers.wait()
    time.sleep(1.1)
    times = callers.answer_times()
    lost = calls - counts.answered
    report.row(f"{name}: new calls", counts.begun)
    report.row(f"{name}: answered", counts.answered)
    report.row(f"{name}: not answered", lost)
    report.row(f"{name}: answered, but lost with the target", counts.answered - counts.completed)
    report.row(f"{name}: at the second target, before and in all", f"{before}, {second.counts.invited}")
    report.times(f"{name}: answered within", times)
    report.expect(lost == 0, f"{name}: {lost} new calls were lost\n{callers.errors}")
    report.expect(before == 0, f"{name}: the second target had calls while the first one was there")
    report.expect(
        0 < second.counts.invited < min(calls, (third + AGAIN) * RATE),
        f"{name}: the second target had no calls, or not the first one again",
    )
    world.end(guard)
    for process in (callers, first, second):
        process.close()
