"""Metrics of what is believed: certificates, anchors and the lists that authorities sign."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from sip_guard.status.family import counter, gauge, histogram, level
from sip_guard.status.parts import Parts


def trust(parts: Parts, wall: float) -> Iterator[Metric]:
    """Give them, at `wall` in seconds since the epoch."""
    what = "Fetches of signers' certificates, by what came of them."
    yield counter("cert_fetch", what, ["result"], parts.fetches.results)
    yield histogram("cert_fetch_seconds", "Seconds that such a fetch took.", parts.fetches.seconds)
    if parts.certificates is not None:
        yield level("cert_cache_entries", "Signers' certificates that are kept.", len(parts.certificates))
    yield _own(parts)
    if parts.tls is not None:
        ends = parts.tls.not_after.timestamp()
        yield level("tls_not_after_timestamp_seconds", "When the guard's TLS certificate ends.", ends)
    groups = parts.trusts.groups
    anchors = {
        (name, certificate.subject.rfc4514_string()[:200]): certificate.not_valid_after_utc.timestamp()
        for name, group in groups.items()
        if group.anchors is not None
        for certificate in group.anchors.certificates
    }
    yield gauge("anchor_not_after_timestamp_seconds", "When a trust anchor ends.", ["trust", "anchor"], anchors)
    listed = {
        each.name: float(groups[each.name].anchors is not None and wall <= groups[each.name].until)
        for each in parts.config.trust
        if each.trust_list is not None
    }
    yield gauge("trust_list_in_force", "Whether there is a trust list that is not out of date.", ["trust"], listed)
    lists = {
        (name, source): each
        for name, group in groups.items()
        if group.revocation is not None
        for source, each in group.revocation.lists.items()
    }
    named = ("trust", "crl")
    ages = {key: wall - each.since for key, each in lists.items() if each is not None}
    yield gauge("crl_age_seconds", "Seconds since the authority issued a revocation list.", named, ages)
    in_force = {key: float(each is not None and each.in_force(wall)) for key, each in lists.items()}
    yield gauge("crl_in_force", "Whether there is one that is not out of date.", named, in_force)


def _own(parts: Parts) -> Metric:
    """Give the end of the certificates that calls are signed with."""
    ends: dict[str, float] = {}
    for signing in parts.config.signing.values():
        listed = signing.credential.certificate.listed
        spc = ",".join(listed.spcs) or "numbers"
        ends[spc] = min(ends.get(spc, signing.credential.not_after), signing.credential.not_after)
    what = "When a certificate that calls are signed with ends."
    return gauge("cert_not_after_timestamp_seconds", what, ["spc"], ends)
