"""What a call costs a contender that is warm, and how soon it is answered."""

from contenders import Contender
from figures import Figures
from report import percentile
from stand import Stand
from world import World

CPU = "CPU, us a call"


def measure(world: World, contender: Contender, figures: Figures, *, rate: int, seconds: int) -> None:
    """Warm it up with the calls of a second, and measure those of `seconds`."""
    with Stand(world, contender) as stand:
        stand.run(rate=rate, calls=rate)
        run = stand.run(rate=rate, calls=rate * seconds)
        resident = stand.proxy.resident()
    figures.add(contender.name, CPU, run.user + run.system)
    figures.add(contender.name, "user, us", run.user)
    figures.add(contender.name, "system, us", run.system)
    for share in (0.5, 0.95, 0.99):
        figures.add(contender.name, f"{share:.0%} of answers within, ms", percentile(run.times, share))
    figures.add(contender.name, "memory, MB", resident)
    figures.add(contender.name, "lost calls", run.lost, most=0)
