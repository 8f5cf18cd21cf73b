"""All metrics of a guard, collected when somebody asks for them."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from sip_guard.status.calls import calls
from sip_guard.status.guard import guard
from sip_guard.status.parts import Parts
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
        yield from calls(parts, self._clock())
        yield from trust(parts, self._wall())
        yield from guard(parts)
