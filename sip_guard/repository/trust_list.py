"""The trust list of a trust group: fetched and verified, its roots are the anchors of the group."""

from sip_guard.repository.published import Means, Published
from sip_guard.repository.revocation_lists import Signed, iso
from sip_guard.stir.trust import Trust
from sip_guard.stir.trust_list import MAX_OCTETS, TrustList


def trust_list(group: Trust, wanted: Signed, means: Means) -> Published[TrustList]:
    """Give what keeps the anchors of `group` those of a list, once it is started."""
    log = means.log.bind(group=group.name, source=wanted.source.place)

    def accept(octets: bytes, current: TrustList | None) -> TrustList:
        return TrustList.parse(octets, wanted.pinned, means.wall(), 0 if current is None else current.sequence)

    def renewed(found: TrustList) -> None:
        group.renew(found.anchors, found.until)
        log.info("trust_list", sequence=found.sequence, until=iso(found.until), anchors=len(found.anchors.certificates))

    def failed(reason: str, current: TrustList | None) -> None:
        good = current is not None and current.in_force(means.wall())
        say = log.warning if good else log.error
        known = {} if current is None else {"sequence": current.sequence, "until": iso(current.until)}
        say("trust_list_not_renewed", reason=reason, in_force=good, **known)

    return Published(wanted.source, means, accept=accept, renewed=renewed, failed=failed, max_octets=MAX_OCTETS)
