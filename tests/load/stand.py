"""One contender between callers and callees, and what it costs."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple, Self

from callers import Callers
from contenders import Contender
from identities import Certified
from processes import Guard, free_address
from world import PBX, World

PATIENCE = 40
"""Seconds for what is late."""
HOUR = 3600.0


class Run(NamedTuple):
    """What calls came to."""

    user: float
    """Microseconds of CPU time a call, of the program."""
    system: float
    """And of the system for it."""
    times: list[float]
    """Milliseconds until each answer, the shortest first; SIPp's clock has steps of up to 4."""
    lost: int
    """Calls that did not go as they should."""


class Stand:
    """The contender runs on the first core and all else on the last one, until it is closed."""

    def __init__(self, world: World, contender: Contender) -> None:
        self._world = world
        self._contender = contender
        self._running = ExitStack()
        to = free_address(PBX)
        if contender.answered:
            callees = world.callees("ringing_callee", duration=0, seconds=HOUR)
            to = self._running.enter_context(callees).local
        self.proxy = contender.made(world, to)
        self._running.enter_context(self.proxy)

    def callers(
        self, *, rate: float, calls: int, duration: float = 0, signers: Sequence[Certified] | None = None
    ) -> Callers:
        """Start callers whose calls last `duration` seconds and are as the contender's have to be."""
        lines = self._contender.lines(calls, signers or [self._world.certified])
        return self._running.enter_context(
            self._world.callers(
                self.proxy,
                self._contender.scenario,
                rate=rate,
                calls=calls,
                duration=duration,
                seconds=calls / rate + duration + PATIENCE,
                identities=self._world.shown(lines),
            )
        )

    def run(self, *, rate: float, calls: int, signers: Sequence[Certified] | None = None) -> Run:
        """Let calls pass."""
        before = self.proxy.times()
        with self.callers(rate=rate, calls=calls, signers=signers) as callers:
            completed = callers.wait().completed
        user, system = (
            (now - then) / max(1, completed) * 1e6 for now, then in zip(self.proxy.times(), before, strict=True)
        )
        return Run(user, system, callers.answer_times(), calls - completed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.proxy, Guard):
            self._world.end(self.proxy)
        self._running.close()
