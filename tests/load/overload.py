"""Three times as many calls as the guard can carry, and then half as many."""

import time
from typing import NamedTuple

from callers import Callees, Counts
from processes import Guard, eventually
from report import Report
from sustained import sustained
from world import World, target

EASY = 50.0
"""Calls a second that any machine can carry."""
BEGINNING = 0.7
"""Where the search for the sustainable rate begins: at this part of what the CPU time of a call then lets expect."""
TRIES = 3
"""The machine may have been busy with something else."""
SHARE = 0.8
"""Of the sustainable rate, what must be completed under overload."""
DISTURBED = 0.1
"""Of the time, what others may take from the guard's core: more, and it is not the guard that was measured."""
SETTLED = 4.0
"""Seconds that the short form leaves out at the beginning: until the first calls end, and a queue shows that it stands,
a third of it is over."""
GRACE = 5.0
"""Seconds after the overload in which calls may still be shed."""


def run(world: World, report: Report, *, short: bool) -> None:
    """Find the sustainable rate, go to three times as much, and back to half of it."""
    step, factor, span, after = (4, 1.2, 12, 7) if short else (10, 1.1, 60, 30)
    settled = SETTLED if short else 0.0
    callees = world.callees(seconds=3600)
    sustainable = _sustainable(world, callees, step, factor)
    report.row("sustainable rate, calls/s", sustainable)
    report.row("offered, calls/s", 3 * sustainable)
    for left in reversed(range(TRIES)):
        guard = world.guard(target("pbx", callees.local))
        _settle(world, guard)
        overload = _overload(world, guard, 3 * sustainable, span, settled)
        if overload.disturbed <= DISTURBED or not left:
            break
        world.end(guard)
    judged = overload.disturbed <= DISTURBED
    _judge(report, overload, sustainable, judged=judged)
    if judged:
        _recovery(world, report, guard, sustainable / 2, after)


def _settle(world: World, guard: Guard) -> None:
    """Let it fetch the certificate, and run all code once."""
    world.callers(guard, rate=EASY, calls=round(EASY), seconds=30).wait()


def _sustainable(world: World, callees: Callees, step: float, factor: float) -> float:
    """Give the highest rate, in steps of `factor`, at which all is completed and hardly a message is repeated."""
    guard = world.guard(target("pbx", callees.local))
    _settle(world, guard)
    before = guard.cpu()
    _carries(world, guard, EASY, step)
    best, rate = EASY, BEGINNING * EASY * step / (guard.cpu() - before)
    while any(_carries(world, guard, rate, step) for _ in range(TRIES)):
        best, rate = rate, rate * factor
    world.end(guard)
    return best


def _carries(world: World, guard: Guard, rate: float, seconds: float) -> bool:
    calls = round(rate * seconds)
    with world.callers(guard, rate=rate, calls=calls, seconds=seconds + 70) as callers:
        callers.wait()
        return sustained(callers, calls)


class _Overload(NamedTuple):
    """What was seen while too much was offered."""

    seconds: float
    """For which `counts` were counted."""
    counts: Counts
    answer_times: list[float]
    used: float
    """The part of its core that the guard used."""
    disturbed: float
    """The part of the time for which something else was on its core although it had work."""
    resident: float


def _overload(world: World, guard: Guard, rate: float, span: float, settled: float) -> _Overload:
    before, waited = guard.cpu(), guard.waited()
    callers = world.callers(guard, rate=rate, calls=round(rate * span), seconds=span + 120)
    time.sleep(span)
    used, waited = guard.cpu() - before, guard.waited() - waited
    # SIPp counts for us once a second.
    eventually(lambda: bool(callers.history) and callers.history[-1][0] >= span, 3)
    history = [(0.0, Counts()), *callers.history]
    (since, before_it), (until, counts) = next(each for each in history if each[0] >= settled), history[-1]
    seen = Counts(*(now - then for now, then in zip(counts, before_it, strict=True)))
    return _Overload(until - since, seen, callers.answer_times(), used / span, waited / span, guard.resident())


def _judge(report: Report, overload: _Overload, sustainable: float, *, judged: bool) -> None:
    """Write down what was seen. Where others took the guard's core again and again, that says nothing of the guard."""
    seconds, counts = overload.seconds, overload.counts
    completed = counts.completed / seconds
    report.row("begun, calls/s", counts.begun / seconds)
    report.row("completed, calls/s", completed)
    report.row("completed, share of the sustainable rate", f"{completed / sustainable:.0%}")
    report.row("shed, calls/s", counts.shed / seconds)
    report.row("failed, calls/s", counts.failed / seconds)
    report.row("sent again a call", counts.repeated / max(1, counts.begun))
    report.times("answered within", overload.answer_times)
    report.row("guard's core: used, taken by others meanwhile", f"{overload.used:.0%}, {overload.disturbed:.0%}")
    report.row("guard's memory, MB", overload.resident)
    if not judged:
        report.row("judged", "no, others had the guard's core each time")
        return
    report.expect(counts.begun >= 0.9 * 3 * sustainable * seconds, "SIPp did not offer as much as it should")
    report.expect(completed >= SHARE * sustainable, f"less than {SHARE:.0%} of the sustainable rate was completed")


def _recovery(world: World, report: Report, guard: Guard, rate: float, span: float) -> None:
    """Place calls at a rate that the guard can carry, while those of the overload still ask for their answers."""
    calls = round(rate * span)
    callers = world.callers(guard, rate=rate, calls=calls, seconds=span + 70)
    counts = callers.wait()
    recovered = _recovered(callers.history)
    report.row(f"then, at {rate:.0f} calls/s: completed", f"{counts.completed} of {calls}")
    report.row("then: shed, none of it after", f"{counts.shed}, {recovered:.0f} s")
    report.row("then: failed", counts.failed)
    report.expect(counts.failed == 0, f"{counts.failed} calls failed after the overload\n{callers.errors}")
    report.expect(recovered <= GRACE, f"calls were still shed {recovered:.0f} s after the overload")
    report.expect(counts.begun == calls, "SIPp did not place all calls")


def _recovered(history: list[tuple[float, Counts]]) -> float:
    """Give the second after which nothing was shed any more."""
    shed = history[-1][1].shed if history else 0
    return next(second for second, counts in history if counts.shed == shed) if shed else 0.0
