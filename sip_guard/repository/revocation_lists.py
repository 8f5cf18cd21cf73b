"""The revocation lists of a trust group: fetched, verified, and told of with their age."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from sip_guard.repository.published import MAX_OCTETS, Means, Published, Source
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.revocation import Revocation, RevocationList


class Signed(msgspec.Struct, frozen=True):
    """A list, and who signs it."""

    source: Source
    pinned: Pinned


class Revoking(msgspec.Struct, frozen=True):
    """How a trust group asks whether a certificate is revoked."""

    lists: tuple[Signed, ...]
    hard: bool
    """Whether a certificate that no list in force speaks for could not be checked; False: it is used with a note."""

    def revocation(self) -> Revocation:
        """Give what is known before any list was had."""
        return Revocation((each.source.place for each in self.lists), hard=self.hard)


def revocation_lists(
    group: str, revocation: Revocation, wanted: Iterable[Signed], means: Means
) -> list[Published[RevocationList]]:
    """Give what keeps the lists of `revocation` fresh once it is started."""
    return [_published(group, revocation, each, means) for each in wanted]


def _published(group: str, revocation: Revocation, wanted: Signed, means: Means) -> Published[RevocationList]:
    place = wanted.source.place
    log = means.log.bind(group=group, source=place)

    def accept(octets: bytes, current: RevocationList | None) -> RevocationList:
        found = RevocationList.parse(octets, wanted.pinned, means.wall())
        if current is not None and found.since < current.since:
            raise ValueError(f"an old list, issued at {iso(found.since)}; that of {iso(current.since)} was had")
        return found

    def renewed(found: RevocationList) -> None:
        revocation.renew(place, found)
        log.info("revocation_list", entries=found.entries, **_dates(found))

    def failed(reason: str, current: RevocationList | None) -> None:
        good = current is not None and current.in_force(means.wall())
        say = log.warning if good else log.error
        dates = {} if current is None else _dates(current)
        say("revocation_list_not_renewed", reason=reason, in_force=good, hard=revocation.hard, **dates)

    def _dates(found: RevocationList) -> dict[str, object]:
        age = round(means.wall() - found.since)
        return {"issued": iso(found.since), "until": iso(found.until), "age": age}

    return Published(
        wanted.source, means, accept=accept, renewed=renewed, failed=failed, max_octets=MAX_OCTETS, long=True
    )


def iso(when: float) -> str:
    """Write a moment, in seconds since the epoch."""
    try:
        return datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds")
    except (OSError, OverflowError, ValueError):
        return f"{when:.0f}"
