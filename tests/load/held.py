"""What calls in progress take of memory: some thousand are answered and go on, and then as many more."""

import time

from contenders import Contender
from figures import Figures
from processes import eventually
from stand import Stand
from world import World

REST = 36.0
"""Seconds after which no transaction is left of a call that was answered (timers L and M: 32 s)."""
EASY = 50


def measure(world: World, contender: Contender, figures: Figures, *, rate: int, calls: int) -> None:
    """Look at the memory before, with some and with twice as many, when nothing else is left of them.

    What their beginning took for a while, and what is remembered of callers and tokens, counts with the first.
    """
    with Stand(world, contender) as stand:
        stand.run(rate=EASY, calls=EASY)
        levels, answered = [stand.proxy.resident()], 0
        for _ in range(2):
            answered += _begun(stand, rate, calls)
            levels.append(stand.proxy.resident())
    before, some, twice = levels
    figures.add(contender.name, "memory, MB for 1,000 calls in progress", (some - before) / calls * 1000)
    figures.add(contender.name, "memory, MB for 1,000 more", (twice - some) / calls * 1000)
    figures.add(contender.name, "calls in progress: not answered", 2 * calls - answered, most=0)


def _begun(stand: Stand, rate: int, calls: int) -> int:
    """Begin calls that go on until the other wave is over, wait until that is all that is left; give how many do."""
    wave = calls / rate + REST
    callers = stand.callers(rate=rate, calls=calls, duration=3 * wave)
    eventually(lambda: callers.counts.answered >= calls, wave)
    time.sleep(REST)
    return callers.counts.answered
