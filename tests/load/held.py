"""What calls in progress take of memory: some thousand are answered, and go on."""

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
    """Look at the memory before calls, when the last is answered, and when nothing of them is left but the calls."""
    with Stand(world, contender) as stand:
        stand.run(rate=EASY, calls=EASY)
        before = stand.proxy.resident()
        with stand.callers(rate=rate, calls=calls, duration=calls / rate + 2 * REST) as callers:
            eventually(lambda: callers.counts.answered >= calls, calls / rate + REST / 2)
            answered = stand.proxy.resident()
            time.sleep(REST)
            after = stand.proxy.resident()
            lost = calls - callers.counts.answered
    figures.add(contender.name, "memory, MB for 1,000 calls in progress", (after - before) / calls * 1000)
    figures.add(contender.name, "memory, MB for 1,000 calls just answered", (answered - before) / calls * 1000)
    figures.add(contender.name, "calls in progress: not answered", lost, most=0)
