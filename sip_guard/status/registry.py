"""All metrics of a guard, collected when somebody asks for them."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from sip_guard.status.calls import calls
from sip_guard.status.family import level
from sip_guard.status.guard import guard
from sip_guard.status.parts import Parts
from sip_guard.status.readiness import readiness
from sip_guard.status.trust import trust

Clock = Callable[[], float]


def registry(parts: Callable[[], Parts], clock: Clock, wall: Clock) -> CollectorRegistry:
    """Give what collects them, and those of the process and of Python.

    `clock` is the reactor's, `wall` gives seconds since the epoch. It is read where the reactor runs.
    """
    made = CollectorRegistry()
    made.register(_Guard(parts, clock, wall))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


class _Guard(Collector):
    def __init__(self, parts: Callable[[], Parts], clock: Clock, wall: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._wall = wall

    def collect(self) -> Iterator[Metric]:
        parts = self._parts()
        now = self._clock()
        ready = not readiness(parts, now).reasons
        yield level("ready", "Whether new calls should come here, as /readyz says: 1 or 0.", ready)
        yield from calls(parts, now)
        yield from trust(parts, self._wall())
        yield from guard(parts)
