"""Whether new calls should be sent to a guard."""

from collections.abc import Iterator

from sip_guard.admin.pages import Readiness
from sip_guard.status.parts import Parts


def readiness(parts: Parts, now: float) -> Readiness:
    """Judge it at `now`, in seconds of the reactor's clock."""
    return Readiness(parts.generation, parts.draining, tuple(_reasons(parts, now)))


def _reasons(parts: Parts, now: float) -> Iterator[str]:
    if parts.draining:
        yield "draining: calls in progress end, and no new ones are taken"
    groups = parts.trusts.groups.values()
    if groups and all(group.anchors is None for group in groups):
        yield f"no trust anchors: no trust list of {', '.join(group.name for group in groups)} was had yet"
    ours = [target for target in parts.config.targets if not target.trunk]
    if not any(parts.proxy.hops.reaches(target, now) for target in ours):
        yield f"no target is up: {', '.join(target.name for target in ours)}"
