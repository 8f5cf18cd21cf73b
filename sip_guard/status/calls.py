"""Metrics of calls: what came, what was decided, what was turned away."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics_core import Metric

from sip_guard.status.family import count, counter, gauge, histogram, level
from sip_guard.status.parts import Parts

EVENTS: Final = ("malformed", "mistake", "muted", "refused", "stranger", "undelivered", "unreached", "unsigned")
LIMITS: Final = ("calls_per_second", "concurrent_calls", "overload", "transactions")
"""Both are there from the start, at 0: the first time must be seen to be one more."""


def calls(parts: Parts, now: float) -> Iterator[Metric]:
    """Give them, at `now` of the reactor's clock."""
    traffic, proxy = parts.runtime.traffic, parts.proxy
    silent = dict.fromkeys(proxy.peers.trunks, 0)
    yield counter("invites", "Calls that a trunk began and that were judged.", ["trunk"], silent | traffic.invites)
    decided = ("trunk", "action", "rule", "mode")
    what = "Decisions, and with mode=shadow what rules in shadow would have done beside them."
    yield counter("decisions", what, decided, traffic.decisions)
    what = "What the tokens of calls came to, and the finding that it came from."
    yield counter("verifications", what, ("trunk", "result", "reason"), traffic.verifications)
    yield counter("attestation", "Calls whose token passed, by its level.", ("trunk", "level"), traffic.attestations)
    yield count("replays", "Calls with a token that came before with another call.", traffic.replays)
    yield histogram("decision_seconds", "Seconds from an INVITE to the decision about it.", traffic.seconds)
    malformed = {str(code): number for code, number in traffic.malformed.items()}
    yield counter("malformed", "Messages that cannot be read, by the code of the answer.", ["kind"], malformed)
    events = {event: parts.runtime.counts[event] for event in EVENTS}
    yield counter("events", "What the log tells under the same names, once a second.", ["event"], events)
    refused = dict.fromkeys(LIMITS, 0) | proxy.admission.refused
    yield counter("shed", "Requests that got 503 because a limit was reached.", ["limit"], refused)
    yield level("shed_share", "Share of new calls that is turned away for overload.", proxy.overload.share(now))
    yield level("transactions_active", "Requests in progress or just answered.", proxy.transactions)
    under_way = {trunk.name: float(proxy.dialogs.count(trunk)) for trunk in proxy.peers.trunks.values()}
    yield gauge("calls_in_progress", "Calls of a trunk, from their INVITE to their BYE.", ["trunk"], under_way)
    up = {target.name: float(proxy.hops.reaches(target, now)) for target in proxy.peers.targets.values()}
    yield gauge("upstream_up", "Whether new calls may go to a target: 1 or 0.", ["target"], up)
