"""The guard and Kamailio side by side: CPU time a call, one right after the other, over and over, on the same core.

What is compared: a relay that verifies nothing (both); calls with a good token (the guard with all that it checks by
default, decisions logged and recorded; Kamailio with the public key in memory, and with the chain checked); calls with
a forged one, which both refuse. Beside them the floor: an ES256 check of the cryptography package, and the datagrams of
a call through bare sockets in C. And what a flood from an unknown source costs, and what it does to calls.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

import network
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from peer import Kamailio
from processes import Guard, free_address
from report import percentile
from world import PBX, World, target

from sip_guard.sip.flow import Address

PAIRS = 7
"""Datagrams of a full call that are taken, and as many that are sent: INVITE, 180, 200, ACK, BYE, 200, and a 100."""
FLOOD = 20_000
"""Datagrams from an unknown source, and so many a second."""
STRANGER = "127.0.0.9"
_FLOOR = Path(__file__).with_name("datagrams.c")
_STATE = "state_directory: state\n"
_REFUSING = (
    _STATE
    + """\
policy:
  rules:
    - {id: forged, when: {finding: signature-invalid}, then: reject}
"""
)

Made = Callable[[World, Address], Guard | Kamailio]


class Contender(NamedTuple):
    """One of those that are compared."""

    name: str
    full: bool
    """Whether its calls are answered; else they are refused."""
    made: Made


class Run(NamedTuple):
    """What its calls took."""

    user: float
    """Microseconds of CPU time a call, of the program."""
    system: float
    """And of the system for it."""
    times: tuple[float, float, float]
    """Milliseconds until an answer: of half of the calls, 95 and 99 percent."""
    lost: int
    """Calls that did not go as they should."""
    resident: float
    """MB at the end."""

    @property
    def cost(self) -> float:
        return self.user + self.system


def _guard(more: str = "", identity: str = "prefer") -> Made:
    return lambda world, to: world.guard(target("pbx", to), more=more, identity=identity)


def _kamailio(kind: str) -> Made:
    return lambda world, to: Kamailio(kind, free_address("127.0.0.1"), to, world.folder, world.signer)


CONTENDERS = (
    Contender("guard, relay", full=True, made=_guard(identity="ignore")),
    Contender("kamailio, relay", full=True, made=_kamailio("relay")),
    Contender("guard, verified", full=True, made=_guard(_STATE)),
    Contender("kamailio, key in memory", full=True, made=_kamailio("key")),
    Contender("kamailio, chain checked", full=True, made=_kamailio("chain")),
    Contender("guard, refused", full=False, made=_guard(_REFUSING)),
    Contender("kamailio, refused", full=False, made=_kamailio("chain")),
)
RATIOS = (
    ("relay, to Kamailio's", "guard, relay", "kamailio, relay", 1.5),
    ("verified, to a key in memory", "guard, verified", "kamailio, key in memory", 1.0),
    ("verified, to a checked chain", "guard, verified", "kamailio, chain checked", 0.5),
    ("refused, to Kamailio's, chain checked", "guard, refused", "kamailio, refused", 1.0),
    ("verified, to the floor", "guard, verified", "floor", 2.2),
)
"""What is divided by what, and how much it should be at most."""


class Bench:
    """Lets contenders run in turn."""

    def __init__(self, world: World, *, rate: int, seconds: int) -> None:
        self._world = world
        self._rate = rate
        self._seconds = seconds

    def run(self, contender: Contender) -> Run:
        """Start it, warm it up with the calls of a second, and measure those of the others."""
        with ExitStack() as running:
            to = free_address(PBX)
            if contender.full:
                callees = self._world.callees("ringing_callee", duration=0, seconds=self._seconds + 60)
                running.enter_context(callees)
                to = callees.local
            proxy = contender.made(self._world, to)
            running.enter_context(proxy)
            self._calls(contender, proxy, 1)
            before = proxy.times()
            ended, times = self._calls(contender, proxy, self._seconds)
            after = proxy.times()
            user, system = ((now - then) / max(1, ended) * 1e6 for now, then in zip(after, before, strict=True))
            within = (percentile(times, 0.5), percentile(times, 0.95), percentile(times, 0.99))
            run = Run(user, system, within, self._rate * self._seconds - ended, proxy.resident())
            if isinstance(proxy, Guard):
                self._world.end(proxy)
            return run

    def flood(self) -> tuple[float, float, float]:
        """Give microseconds of CPU time a datagram, how many came, and within how many ms 99 % of calls had answers."""
        with ExitStack() as running:
            callees = running.enter_context(self._world.callees("ringing_callee", duration=0, seconds=60))
            guard = self._world.guard(target("pbx", callees.local), more=_STATE)
            calm = guard.cpu()
            self._calls(CONTENDERS[2], guard, 2, rate=50)
            calls = guard.cpu() - calm
            begun = guard.cpu()
            callers = self._world.callers(guard, rate=50, calls=100, seconds=30)
            sent = _flood(("127.0.0.1", guard.ports["UDP"]), 2.0)
            callers.wait()
            time.sleep(0.5)
            cost = guard.cpu() - begun - calls
            self._world.end(guard)
            return cost / sent * 1e6, float(sent), percentile(callers.answer_times(), 0.99)

    def _calls(
        self, contender: Contender, proxy: Guard | Kamailio, seconds: int, rate: int | None = None
    ) -> tuple[int, list[float]]:
        """Let calls pass; give how many went as they should, and how long each answer took."""
        rate = rate or self._rate
        with self._world.callers(
            proxy,
            "caller" if contender.full else "refused",
            rate=rate,
            calls=rate * seconds,
            seconds=seconds + 30,
            forged=not contender.full,
        ) as callers:
            counts = callers.wait()
            return counts.ended, callers.answer_times()


def _flood(to: Address, seconds: float) -> int:
    """Send INVITEs of somebody unknown for so long, at most FLOOD a second; give how many."""
    octets = (
        b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1\r\n" + b"X-Flood: 1\r\n" * 40
    )
    sent, begin = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((STRANGER, 0))
        while (passed := time.monotonic() - begin) < seconds:
            while sent < passed * FLOOD:
                link.sendto(octets, to)
                sent += 1
            time.sleep(0.001)
    return sent


def floor(folder: Path) -> tuple[float, float]:
    """Give microseconds of CPU time: of one ES256 check, and of the datagrams of a call."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise RuntimeError("a C compiler is missing: apt-get install gcc")
    program = folder / "datagrams"
    subprocess.run([compiler, "-O2", "-o", str(program), str(_FLOOR)], check=True)
    pair = float(subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout)
    key, algorithm, octets = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256()), os.urandom(430)
    signature, public = key.sign(octets, algorithm), key.public_key()
    begin, count = time.process_time(), 5000
    for _ in range(count):
        public.verify(signature, octets, algorithm)
    return (time.process_time() - begin) / count * 1e6, pair * PAIRS


class Measured(NamedTuple):
    """All that came of it."""

    runs: dict[str, list[Run]]
    floors: list[tuple[float, float]]
    flooded: tuple[float, float, float] | None
    faults: list[str]

    @property
    def ratios(self) -> dict[str, float]:
        """What RATIOS came to, of medians."""
        costs = {name: median(run.cost for run in each) for name, each in self.runs.items()}
        costs["floor"] = median(map(sum, self.floors))
        return {what: costs[above] / costs[below] for what, above, below, _ in RATIOS if {above, below} <= costs.keys()}

    def json(self) -> str:
        """Give all figures."""
        runs = {name: [run._asdict() for run in each] for name, each in self.runs.items()}
        return json.dumps({**self._asdict(), "runs": runs, "ratios": self.ratios}, indent=2)

    def report(self) -> int:
        """Print a table of medians, with the least and the most; give 1 where a ratio is more than it should be."""
        _say("\nmedians: microseconds of CPU time a call (least to most), user and system; answers in ms; MB")
        for name, each in self.runs.items():
            cost = [run.cost for run in each]
            user, system = (median(getattr(run, part) for run in each) for part in ("user", "system"))
            within = " / ".join(f"{median(run.times[at] for run in each):.1f}" for at in range(3))
            _say(
                f"{name:<24} {median(cost):6.0f} ({min(cost):.0f} to {max(cost):.0f})  {user:5.0f} + {system:4.0f}  "
                f"{within:>16} ms  {median(run.resident for run in each):5.0f} MB  {sum(run.lost for run in each)} lost"
            )
        check, datagrams = (median(each[at] for each in self.floors) for at in range(2))
        _say(f"{'floor':<24} {check + datagrams:6.0f} (ES256 {check:.0f}, datagrams {datagrams:.0f})")
        if self.flooded is not None:
            cost_, sent, answers = self.flooded
            _say(
                f"{'flood':<24} {cost_:6.1f} us a datagram of {sent:.0f}; 99 % of answers in {answers:.1f} ms meanwhile"
            )
        for what, _, _, limit in RATIOS:
            if what in self.ratios:
                _say(f"{what:<38} {self.ratios[what]:5.2f}  (wanted: at most {limit})")
        for fault in self.faults:
            _say(f"wrong: {fault}")
        limits = {what: limit for what, _, _, limit in RATIOS}
        return 1 if self.faults or any(ratio > limits[what] for what, ratio in self.ratios.items()) else 0


def main() -> int:
    """Measure, print, and give 1 where a ratio is more than it should be."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--rate", type=int, default=200, help="calls a second; default: 200")
    parser.add_argument("--seconds", type=int, default=8, help="of each run; default: 8")
    parser.add_argument("--only", help="contenders whose name has this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.here:
        command = network.alone([sys.executable, __file__, "--here", *sys.argv[1:]])
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    network.bring_up()
    runs: dict[str, list[Run]] = {}
    floors: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, World(Path(folder)) as world:
        (Path(folder) / "state").mkdir()
        bench = Bench(world, rate=given.rate, seconds=given.seconds)
        for number in range(given.rounds):
            floors.append(floor(Path(folder)))
            for contender in CONTENDERS:
                if given.only is None or given.only in contender.name:
                    run = bench.run(contender)
                    runs.setdefault(contender.name, []).append(run)
                    _say(f"round {number + 1}  {contender.name:<24} {run.cost:7.0f} us a call")
        flooded = bench.flood() if given.only is None else None
        faults = world.faults()
    measured = Measured(runs, floors, flooded, faults)
    if given.json is not None:
        given.json.write_text(measured.json() + "\n")
    return measured.report()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
