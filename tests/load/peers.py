"""The guard and Kamailio side by side, in turn on the same core, over and over. What can be measured of them:

`cost`     CPU time a call of a contender that is warm, and how soon it is answered
`flood`    what a flood from an unknown source costs the guard, and what it does to calls
`cold`     the first call of each of many signers, whose certificate has to be fetched
`memory`   what calls in progress take
`highest`  the highest rate at which no call fails, found by short runs

Those that are compared are relays that verify nothing (both); the guard with all that it checks by default, decisions
logged and recorded (`verified`), and Kamailio with the public key in memory, and with the chain checked; both as they
refuse forged tokens; and the guard with the preset of the United Kingdom and a long list of protected numbers, for
calls without a token (`listed`). Beside them the floor: an ES256 check of the cryptography package, and the datagrams
of a call through bare sockets in C.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import cold
import cost
import figures
import flood
import floor
import held
import highest
import network
from contenders import PARTS, PROTECTED, Contender, contenders, ratios
from processes import RUN, pinned
from protected import rows
from world import World

RATE = """calls a second; default: 200. At a low rate each message finds the processor's caches cold, so that a call
costs more, and most for whoever has most code; beyond what one of them carries, calls are lost and figures say nothing.
`fair`: the highest of 200, 400, ... 2000 that all carry, which is looked for first"""
MOST = 2000


class Bench:
    """Measures as was asked for."""

    def __init__(self, given: argparse.Namespace, world: World) -> None:
        self._given = given
        self._world = world
        self._guards = dict(given.guard or [("guard", RUN)])
        self._contenders = [each for each in contenders(self._guards) if given.only in each.name]
        self._rate = highest.fair(world, self._contenders, MOST) if given.rate == "fair" else int(given.rate)
        under = {name: getattr(given, name) for name in ("seconds", "protected", "signers", "held")}
        self.figures = figures.Figures({"rate": self._rate, **under})

    def round(self, number: int) -> None:
        """Measure each part of each contender once, in the other order each time."""
        if "cost" in self._given.parts:
            floor.measure(self._world.folder, self.figures)
        for part in self._given.parts:
            for contender in self._contenders[:: 1 if number % 2 else -1]:
                if part in contender.parts:
                    self._measure(part, contender)
                    sys.stderr.write(f"round {number}, {part}: {contender.name}\n")
        for ratio in ratios(self._guards):
            above, below = (self.figures.latest(name, cost.CPU) for name in (ratio.above, ratio.below))
            if above is not None and below is not None:
                self.figures.add("ratios", ratio.name, above / below, most=ratio.most)

    def _measure(self, part: str, contender: Contender) -> None:
        world, into, given = self._world, self.figures, self._given
        match part:
            case "cost":
                cost.measure(world, contender, into, rate=self._rate, seconds=given.seconds)
            case "flood":
                flood.measure(world, contender, into)
            case "cold":
                cold.measure(world, contender, into, signers=given.signers)
            case "memory":
                held.measure(world, contender, into, rate=self._rate, calls=given.held)
            case "highest":
                highest.measure(world, contender, into)


def main() -> int:
    """Measure, print, and give 1 where something is more than it should be."""
    given = _options().parse_args()
    if not given.here:
        command = network.alone([sys.executable, __file__, "--here", *sys.argv[1:]])
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    network.bring_up()
    with tempfile.TemporaryDirectory(prefix="peers-") as name, pinned(-1), World(Path(name)) as world:
        (world.folder / "state").mkdir()
        with (world.folder / PROTECTED).open("w") as file:
            file.writelines(rows(given.protected))
        bench = Bench(given, world)
        for number in range(1, given.rounds + 1):
            bench.round(number)
        bench.figures.faults += world.faults()
    return figures.told(bench.figures, given)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", type=_part, default=["cost", "flood"], metavar="PART", help="default: cost flood"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--rate", default="200", help=RATE)
    parser.add_argument("--seconds", type=int, default=5, help="of each run for `cost`; default: 5")
    parser.add_argument("--protected", type=int, default=1_000_000, metavar="N", help="numbers; default: 1000000")
    parser.add_argument("--signers", type=int, default=1000, metavar="N", help="for `cold`; default: 1000")
    parser.add_argument("--held", type=int, default=4000, metavar="N", help="calls for `memory`; default: 4000")
    parser.add_argument("--only", default="", metavar="TEXT", help="contenders whose name has this")
    parser.add_argument(
        "--guard",
        action="append",
        type=_guard,
        metavar="NAME=COMMAND",
        help="a `sip-guard` to be measured; with several, such as one that is compiled, each takes its turn",
    )
    figures.options(parser)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"`{text}` is none of {', '.join(PARTS)}")
    return text


def _guard(text: str) -> tuple[str, list[str]]:
    """Read a name and a command."""
    name, _, command = text.partition("=")
    if not name or not command:
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=COMMAND")
    return name, shlex.split(command)


if __name__ == "__main__":
    sys.exit(main())
