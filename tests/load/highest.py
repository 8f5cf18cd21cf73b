"""The highest rate that a contender carries on one core, found by short runs."""

import math
from collections.abc import Callable, Sequence

from contenders import Contender
from figures import Figures
from processes import eventually
from stand import Stand
from sustained import sustained
from world import World

SECONDS = 4
"""Of each run."""
RUNS = 12
TRIES = 2
"""Of each rate: the machine may have been busy with something else."""
STEP = 1.2
"""From one rate to the next, as long as all are carried or none."""
CLOSE = 1.05
"""Between the highest rate that was carried and the lowest that was not, at the end."""
BEGINNING = 0.7
"""Where the search begins: at this part of what the CPU time of a call lets expect."""
OFFERED = 0.95
"""Of the calls that are due, how many SIPp has to have begun; else it is SIPp that has no more to give."""
EASY = 50
ROUND = 200
"""Calls a second: of such steps is the rate that all carry."""


def measure(world: World, contender: Contender, figures: Figures) -> None:
    """Search from what a call at an easy rate costs."""
    with Stand(world, contender) as stand:
        stand.run(rate=EASY, calls=EASY)
        run = stand.run(rate=EASY, calls=EASY * SECONDS)
        begin = BEGINNING * 1e6 / max(1.0, run.user + run.system)
        short: list[float] = []
        rate = highest(lambda rate: any(_carries(stand, rate, short) for _ in range(TRIES)), begin)
    figures.add(contender.name, "highest rate without a failed call, calls/s", rate)
    if short:
        figures.faults.append(f"{contender.name}: SIPp cannot offer {min(short):.0f} calls/s; more may be carried")


def highest(carries: Callable[[float], bool], begin: float) -> float:
    """Give the highest rate that is carried, by so many runs at most; 0: none was."""
    carried, failed, rate = 0.0, math.inf, begin
    for _ in range(RUNS):
        if carries(rate):
            carried = rate
        else:
            failed = rate
        if failed <= carried * CLOSE:
            break
        rate = carried * STEP if failed == math.inf else failed / STEP if not carried else (carried + failed) / 2
    return carried


def fair(world: World, contenders: Sequence[Contender], most: int) -> int:
    """Give the highest of 200, 400, 600, ... up to `most` that all of them carry, or 200 if they do not."""
    rate = ROUND
    while rate + ROUND <= most and all(_carried(world, each, rate + ROUND) for each in contenders):
        rate += ROUND
    return rate


def _carried(world: World, contender: Contender, rate: int) -> bool:
    with Stand(world, contender) as stand:
        stand.run(rate=EASY, calls=EASY)
        return any(_carries(stand, rate, []) for _ in range(TRIES))


def _carries(stand: Stand, rate: float, short: list[float]) -> bool:
    """Offer it; it is added to `short` if SIPp cannot."""
    calls = round(rate * SECONDS)
    with stand.callers(rate=rate, calls=calls) as callers:
        eventually(lambda: not callers.running or callers.lasted >= SECONDS, SECONDS + 5)
        if callers.counts.begun < OFFERED * calls:
            short.append(rate)
        callers.wait()
        return sustained(callers, calls)
