"""Measures a list of millions of protected numbers: loading, replacing, look-ups, and what the reactor feels."""

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from protected import number, rows
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater

from sip_guard.lists.child import compile_list
from sip_guard.lists.compile import Report
from sip_guard.lists.keeper import Keeper, ListSource, RefusedLists
from sip_guard.memory import settle

reactor: Any = _reactor
TICK = 0.002
REST = 10.0
LOOKUPS = 200_000


def resident() -> float:
    """Give the memory of this process in MB: all that is resident, mapped files too."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def waited() -> float:
    """Give the seconds that this process was ready to run and had no core: what other processes do to it."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Bench:
    """A keeper on a reactor that ticks as if it had calls to answer."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.file = folder / "numbers.csv"
        self.longest = self.own = self._last = self._queued = 0.0
        self._report: Deferred[Report] = Deferred()
        self.sources = [ListSource(name="dno", file=str(self.file))]
        self.keeper = Keeper(self.sources, folder, partial(compile_list, reactor=reactor), reactor, self._told)

    def _told(self, _: str, report: Report) -> None:
        self._report.callback(report)

    def _tick(self) -> None:
        now, queued = time.monotonic(), waited()
        late = now - self._last - TICK
        self.longest = max(self.longest, late)
        self.own = max(self.own, late - (queued - self._queued))
        self._last, self._queued = now, queued

    def _forget(self) -> None:
        self.longest = self.own = 0.0
        self._last, self._queued = time.monotonic(), waited()

    def _ticks(self) -> str:
        return f"latest tick {self.longest * 1e3:5.1f} ms, {self.own * 1e3:5.1f} ms without waiting for a core"

    async def _take(self, what: str) -> Report:
        """Have the file looked at. Say how long that took, and by how much a tick was late at most."""
        self._report = Deferred()
        self._forget()
        began, before = time.monotonic(), os.times()
        try:
            (await self.keeper.prepare(self.sources))()
            report = await self._report
        except RefusedLists as refused:
            report = Report(faults=tuple(refused.faults))
        took = time.monotonic() - began
        after = os.times()
        child = after.children_user + after.children_system - before.children_user - before.children_system
        result = report.faults[0][-90:] if report.faults else f"{report.numbers + report.prefixes:,} entries"
        say(f"{what:22} {took:6.1f} s ({child:.1f} s of CPU)  {self._ticks()}  {result}")
        return report

    async def run(self) -> None:
        """Measure all of it."""
        settle()
        empty = resident()
        ticking = LoopingCall(self._tick)
        ticking.start(TICK)
        await self._rest()
        self.file.write_text("".join(rows(10)))
        await self._take("small list")
        with self.file.open("w") as file:
            file.writelines(rows(self.count))
        await self._take("first load")
        self.file.touch()
        await self._take("touched")
        chance = random.Random(self.count)
        listed = [number(chance) for _ in range(LOOKUPS)]
        self._look_up("listed numbers", listed)
        strange = random.Random("others")
        self._look_up("other numbers", [number(strange) for _ in range(LOOKUPS)])
        say(f"resident               {empty:6.1f} MB without the list, {resident():.1f} MB with all of it touched")
        with self.file.open("a") as file:
            file.write("+441632960000,Bank,regulator,2027-12-31,nobody\n")
        await self._take("new list")
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
        say(f"resident               {resident():6.1f} MB, and the compiler had {most:.1f} MB at most")
        with self.file.open("a") as file:
            file.write("not a number,Bank,regulator,2027-12-31,nobody\n")
        report = await self._take("broken list")
        assert report.faults
        assert self.keeper.find("441632960000", 0.0)
        ticking.stop()

    async def _rest(self) -> None:
        """Say by how much a tick is late on this machine when there is nothing to do."""
        self._forget()
        await deferLater(reactor, REST, lambda: None)
        say(f"{'nothing':22} {REST:6.1f} s (0.0 s of CPU)  {self._ticks()}")

    def _look_up(self, what: str, numbers: list[str]) -> None:
        find = self.keeper.find
        best = min(self._once(find, numbers) for _ in range(5))
        say(f"{what:22} {best:6.2f} us a look-up, {sum(bool(find(each, 0.0)) for each in numbers):,} found")

    def _once(self, find: Any, numbers: list[str]) -> float:
        began = time.process_time()
        for each in numbers:
            find(each, 0.0)
        return (time.process_time() - began) / len(numbers) * 1e6


def main() -> None:
    """Run it in a folder of its own."""
    parser = argparse.ArgumentParser(prog="scripts/bench lists", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=5_000_000)
    with tempfile.TemporaryDirectory(prefix="lists-") as folder:
        bench = Bench(Path(folder), parser.parse_args().rows)

        def ended(result: object) -> None:
            bench.keeper.stop()
            reactor.stop()
            say(str(result or "good"))

        reactor.callWhenRunning(lambda: Deferred.fromCoroutine(bench.run()).addBoth(ended))
        reactor.run()


if __name__ == "__main__":
    main()
