"""The options of the certificate repository, `verification.repository` in the configuration."""

from typing import Annotated

import msgspec
from msgspec import Meta

from sip_guard.repository.reach import Laboratory


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How certificates are fetched and kept."""

    timeout: Annotated[float, Meta(gt=0, le=30)] = 2.0
    """Seconds for one fetch: looking up, connecting, TLS and answer together."""
    max_octets: Annotated[int, Meta(ge=1024, le=1_048_576)] = 65_536
    """Of an answer's body."""
    cache_entries: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Certificates that are kept, and as many failures."""
    cache_octets: Annotated[int, Meta(ge=1_048_576, le=68_719_476_736)] = 67_108_864
    """Of all certificates that are kept, in memory and once more on disk."""
    cache_seconds: Annotated[float, Meta(ge=60, le=31_536_000)] = 86_400.0
    """How long a certificate is used at least before it is fetched again (ATIS-1000074 5.3.1: 24 hours)."""
    max_cache_seconds: Annotated[float, Meta(ge=60, le=31_536_000)] = 604_800.0
    """How long it is at most, whatever HTTP says."""
    negative_seconds: Annotated[float, Meta(ge=1, le=3600)] = 45.0
    """How long a failure is remembered, give or take a third."""
    concurrent_fetches: Annotated[int, Meta(ge=1, le=10_000)] = 64
    """Fetches in progress."""
    per_host: Annotated[int, Meta(ge=1, le=1000)] = 8
    """Fetches in progress from one host and port."""
    down_after: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Failures in a row after which a host is not asked for a while."""
    retry_after: Annotated[float, Meta(ge=1, le=300)] = 30.0
    """Seconds until it is tried again; doubled, up to five minutes, each time that fails."""
    repositories: tuple[str, ...] = ()
    """Hosts that may be asked, `*.example.com` for all below a domain; none: every public one."""
    laboratories: tuple[Laboratory, ...] = ()

    def __post_init__(self) -> None:
        if self.max_cache_seconds < self.cache_seconds:
            raise ValueError("`max_cache_seconds` is less than `cache_seconds`")
