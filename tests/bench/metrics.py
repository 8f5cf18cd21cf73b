"""What watching costs: a call its counters, the reactor a scrape, and a message that is mirrored."""

import argparse
import math
import sys
import timeit
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from at_work import AtWork
from incoming import DEFAULT, call, decide, passed
from pki import NOW
from prometheus_client import generate_latest
from twisted.internet.task import Clock

from sip_guard.call import Code, Finding
from sip_guard.hep.link import Link
from sip_guard.hep.mirror import BATCH, Mirror
from sip_guard.hep.options import Options
from sip_guard.log import logger
from sip_guard.policy.decision import TagOptions
from sip_guard.sip.flow import Flow
from sip_guard.status.registry import registry

CALLS = 2_000


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(prog="scripts/bench metrics", description=__doc__)
    parser.add_argument("series", nargs="?", type=int, default=1000, metavar="SERIES")
    series = parser.parse_args().series
    with TemporaryDirectory() as folder:
        guard = AtWork(Path(folder))
        traffic, made = guard.runtime.traffic, call()
        for name, findings in {
            "unsigned": [Finding(Code.NO_IDENTITY)],
            "signed, with two notes about its numbers": [
                Finding(Code.NUMBERS_DIFFER),
                Finding(Code.FOREIGN_MOBILE),
                passed(),
            ],
        }.items():
            decision = decide(made, findings, DEFAULT, TagOptions())
            took = min(timeit.repeat(partial(traffic.decided, made, decision, 0.001), number=CALLS, repeat=20))
            sys.stdout.write(f"a decision, {name}: {took / CALLS * 1e6:.2f} us\n")
        for number in range(series):
            traffic.decisions["carrier", "tag", f"rule-{number}", "shadow"] = number
        collected = registry(guard.parts, guard.clock.seconds, lambda: NOW)
        took = min(timeit.repeat(lambda: generate_latest(collected), number=1, repeat=10))
        lines = sum(not line.startswith(b"#") for line in generate_latest(collected).splitlines())
        sys.stdout.write(f"a scrape of {lines} series: {took * 1000:.1f} ms\n")
    mirrored(made.request.raw, made.flow)


def mirrored(octets: bytes, flow: Flow) -> None:
    """Say what a message costs that is mirrored: the reactor, and the thread without the socket."""
    least = [math.inf, math.inf]
    for _ in range(20):
        mirror = Mirror(Options(host="127.0.0.1"), Clock(), logger(BytesIO()), lambda *_: None)
        took = timeit.timeit(partial(mirror.message, NOW, octets, flow, sent=True), number=CALLS)
        least[0] = min(least[0], took)
        link = Nowhere(Options(host="127.0.0.1"))
        mirror = Mirror(Options(host="127.0.0.1"), Clock(), logger(BytesIO()), lambda *_: None, link)
        for _ in range(BATCH):
            mirror.message(NOW, octets, flow, sent=True)
        least[1] = min(least[1], timeit.timeit(partial(mirror.send, 0.0), number=1) / BATCH * CALLS)
    reactor, thread = (took / CALLS * 1e6 for took in least)
    sys.stdout.write(f"a message of {len(octets)} octets, mirrored: {reactor:.2f} us of the reactor, ")
    sys.stdout.write(f"{thread:.1f} us of the thread\n")


class Nowhere(Link):
    """A way to a collector that takes everything and costs nothing."""

    def send(self, packets: Sequence[bytes]) -> int:
        return len(packets)


if __name__ == "__main__":
    main()
