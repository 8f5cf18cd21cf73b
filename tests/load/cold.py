"""The first call of each of many signers: its certificate is fetched, from a web server on loopback, and judged."""

from collections import Counter

from contenders import Contender
from figures import Figures
from processes import Guard
from report import percentile
from stand import Stand
from world import World

RATE = 20
"""Calls a second: so many TLS connections a web server in Python, which stands for those of all signers, can take."""


def measure(world: World, contender: Contender, figures: Figures, *, signers: int) -> None:
    """Let each signer call once, and once more. No call may fail, nor any certificate be fetched twice."""
    new, known = world.signers(signers), len(world.repository.fetched)
    with Stand(world, contender) as stand:
        stand.run(rate=RATE, calls=RATE)
        first = stand.run(rate=RATE, calls=signers, signers=new)
        again = stand.run(rate=RATE, calls=signers, signers=new)
    for run, which in ((first, "first"), (again, "second")):
        figures.add(contender.name, f"{which} call of a signer: CPU, us", run.user + run.system)
        figures.add(contender.name, f"{which} call of a signer: 99% of answers within, ms", percentile(run.times, 0.99))
        figures.add(contender.name, f"{which} call of a signer: lost", run.lost, most=0)
    fetched = Counter(world.repository.fetched[known:])
    wrong = sum(fetched[one.url.rpartition("/")[2]] != 1 for one in new)
    figures.add(contender.name, "certificates that were not fetched just once", wrong, most=0)
    if isinstance(stand.proxy, Guard):
        passed = sum(event["result"] == "passed" for event in stand.proxy.events("decision"))
        figures.add(contender.name, "calls of signers that did not pass", RATE + 2 * signers - passed, most=0)
