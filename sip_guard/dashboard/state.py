"""How the guard itself is doing, as plain values: read on the reactor's thread, and shown from another one."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from sip_guard.dashboard.markup import counted, lasting
from sip_guard.peer import Target
from sip_guard.sip.flow import bracketed
from sip_guard.status.parts import Parts
from sip_guard.status.readiness import readiness
from sip_guard.stir.revocation import RevocationList

SOON = 14 * 86_400.0
"""Seconds before the end of a certificate from which on it is odd."""


class Reached(NamedTuple):
    """A target."""

    name: str
    where: str
    side: str
    up: bool


class Kept(NamedTuple):
    """Something that has to be fresh."""

    kind: str
    name: str
    condition: str
    """`good`, `odd` or `bad`."""
    what: str
    """How old it is, or how long it is good still."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that is shown of it."""

    reasons: tuple[str, ...]
    """Why no new calls should come; none: they should."""
    draining: bool
    generation: int
    loaded: float
    """Seconds since the epoch."""
    reload_taken: bool
    trunks: tuple[str, ...]
    rules: tuple[str, ...]
    """Those of the configuration, in their order."""
    targets: tuple[Reached, ...]
    kept: tuple[Kept, ...]
    waiting: int | None
    """Decisions that are not yet in the record; None: none is kept."""
    dropped: int
    mistakes: int
    shed: int
    """Requests that got 503 because a limit was reached."""
    masked: bool
    """Whether numbers are masked."""

    @classmethod
    def of(cls, parts: Parts, now: float, wall: float) -> "State":
        """Read it at `now` of the reactor's clock, which is `wall` in seconds since the epoch."""
        ready, config, journal = readiness(parts, now), parts.config, parts.journal
        return cls(
            reasons=ready.reasons,
            draining=parts.draining,
            generation=parts.generation,
            loaded=parts.loaded,
            reload_taken=parts.reload_taken,
            trunks=tuple(trunk.name for trunk in config.trunks),
            rules=tuple(rule.id for rule in config.rules),
            targets=tuple(_reached(target, parts, now) for target in config.targets),
            kept=tuple(_kept(parts, wall)),
            waiting=None if journal is None else journal.waiting,
            dropped=0 if journal is None else journal.dropped,
            mistakes=parts.runtime.counts["mistake"],
            shed=sum(parts.proxy.admission.refused.values()),
            masked=parts.runtime.edition.masking.numbers != "full",
        )


def _reached(target: Target, parts: Parts, now: float) -> Reached:
    where = f"{bracketed(target.host)}{f':{target.port}' if target.port else ''}"
    side = f"trunk {target.trunk}" if target.trunk else "ours"
    return Reached(target.name, where, side, parts.proxy.hops.reaches(target, now))


def _kept(parts: Parts, wall: float) -> Iterator[Kept]:
    for name, group in parts.trusts.groups.items():
        if group.anchors is None:
            yield Kept("trust list", name, "bad", "was never had")
        else:
            ends = [each.not_valid_after_utc.timestamp() for each in group.anchors.certificates]
            count = f"{len(ends)} anchors" if len(ends) != 1 else "1 anchor"
            yield _ending("trust anchors", f"{name}: {count}", min(ends), wall)
            if wall > group.until:
                yield Kept("trust list", name, "bad", f"out of date for {lasting(wall - group.until)}")
        for source, each in () if group.revocation is None else group.revocation.lists.items():
            yield _revoking(f"{name}: {source}", each, wall)
    for state in () if parts.lists is None else parts.lists.states():
        if state.age is None:
            yield Kept("protected numbers", state.name, "bad", "there is no list")
        else:
            refresh = next((each.refresh for each in parts.config.lists if each.name == state.name), 0.0)
            late = "odd" if state.age > 3 * refresh else "good"
            what = f"{counted(state.entries)} in it, found good {lasting(state.age)} ago"
            yield Kept("protected numbers", state.name, late, what)
    if parts.tls is not None:
        yield _ending("certificate", "TLS", parts.tls.not_after.timestamp(), wall)
    for name, signing in parts.config.signing.items():
        yield _ending("certificate", f"signing for {name}", signing.credential.not_after, wall)


def _ending(kind: str, name: str, until: float, wall: float) -> Kept:
    if wall > until:
        return Kept(kind, name, "bad", f"ended {lasting(wall - until)} ago")
    return Kept(kind, name, "odd" if until - wall < SOON else "good", f"good for {lasting(until - wall)}")


def _revoking(name: str, found: RevocationList | None, wall: float) -> Kept:
    kind = "revocation list"
    if found is None:
        return Kept(kind, name, "bad", "was never had")
    issued = f"issued {lasting(wall - found.since)} ago"
    if not found.in_force(wall):
        return Kept(kind, name, "bad", f"{issued}, out of date for {lasting(wall - found.until)}")
    return Kept(kind, name, "good", f"{issued}, {counted(found.entries)} revoked")
