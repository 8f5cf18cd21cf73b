"""What `sip-guard shadow` does with its arguments."""

from contextlib import closing
from pathlib import Path

import msgspec

from sip_guard.config import Config
from sip_guard.desk.calls.command import moment_of, record_of, telling
from sip_guard.desk.figures import Figures
from sip_guard.journal.opening import to_read
from sip_guard.journal.store import Wanted


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    config: Config | None
    record: Path | None
    rule: str | None
    trunk: str | None
    since: str | None
    until: str | None


Would = dict[tuple[str, str], Figures]
"""By the rule, and by what it would have done, in a rule's words."""


def shadow(asked: Asked) -> Would:
    """Count what rules in shadow would have done. Raises BadInput."""
    place = record_of(asked.config, asked.record)
    wanted = Wanted(trunk=asked.trunk, since=moment_of(asked.since, "--since"), until=moment_of(asked.until, "--until"))
    would: Would = {}
    with telling(place), closing(to_read(place)) as store:
        for rule, action, refused, answered, duration in store.shadows(wanted):
            if asked.rule in (None, rule):
                figures = would.setdefault((rule, action), Figures())
                figures.calls += 1
                figures.refused += refused is not None
                figures.went(answered=answered is not None, duration=duration)
    return dict(sorted(would.items()))
