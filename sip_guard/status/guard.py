"""Metrics of the guard itself: its configuration, lists, record, connections and reactor."""

from collections.abc import Iterator

from prometheus_client.core import InfoMetricFamily
from prometheus_client.metrics_core import Metric

from sip_guard import __version__
from sip_guard.status.family import PREFIX, count, counter, gauge, histogram, level
from sip_guard.status.parts import Parts


def guard(parts: Parts) -> Iterator[Metric]:
    """Give them."""
    yield InfoMetricFamily(f"{PREFIX}build", "The version that runs.", value={"version": __version__})
    yield level("config_generation", "Number of the configuration in force.", parts.generation)
    what = "When the configuration in force was taken."
    yield level("config_last_reload_success_timestamp_seconds", what, parts.loaded)
    what = "Whether the last reload was taken: 1 or 0."
    yield level("config_last_reload_successful", what, parts.reload_taken)
    yield level("draining", "Whether no new calls are taken: 1 or 0.", parts.draining)
    if parts.lists is not None:
        states = parts.lists.states()
        entries = {state.name: state.entries for state in states}
        yield gauge("list_entries", "Numbers and prefixes of a list in force.", ["list"], entries)
        ages = {state.name: state.age for state in states if state.age is not None}
        yield gauge("list_age_seconds", "Seconds since a list was last looked at and found good.", ["list"], ages)
    if parts.journal is not None:
        yield level("record_waiting", "Decisions that are not yet in the record.", parts.journal.waiting)
        yield count(
            "record_dropped", "Decisions, answers and ends of calls that the record has lost.", parts.journal.dropped
        )
    mirror = parts.runtime.mirror
    if mirror is not None:
        what = "What was to be mirrored: sent, lost on the way to the collector, or dropped for too much was waiting."
        mirrored = {"sent": mirror.sent, "lost": mirror.lost, "dropped": mirror.dropped}
        yield counter("hep_packets", what, ["result"], mirrored)
    yield count("datagrams_lost", "Datagrams that could not be sent.", parts.lost)
    connections = {
        (transport, event): number
        for transport, stream in parts.streams.items()
        for event, number in stream.counts.items()
    }
    yield counter("connections", "What happened to connections.", ["transport", "event"], connections)
    yield histogram("reactor_lag_seconds", "How late the reactor is with what is due.", parts.runtime.lateness)
