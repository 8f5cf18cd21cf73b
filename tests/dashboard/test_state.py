"""What has to be fresh, and how old it is."""

from pathlib import Path
from typing import Any

import pytest
from at_work import CONFIG, AtWork
from pki import NOW, pki

from sip_guard.dashboard.state import SOON, State
from sip_guard.lists.keeper import State as ListState
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.revocation import Revocation, RevocationList

DAY = 86_400.0
TRUSTING = CONFIG.replace("identity: ignore", "identity: prefer") + "verification: {anchors: [root.pem]}\n"


@pytest.fixture
def work(tmp_path: Path) -> AtWork:
    return AtWork(tmp_path, TRUSTING)


class Lists:
    """Lists of protected numbers."""

    def __init__(self, *states: ListState) -> None:
        self._states = states

    def states(self) -> tuple[ListState, ...]:
        return self._states


def kept(work: AtWork, wall: float = NOW, **changed: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """Give conditions and what is told, by what it is about."""
    state = State.of(work.parts(**changed), work.clock.seconds(), wall)
    return {(each.kind, each.name): (each.condition, each.what) for each in state.kept}


def test_anchors_are_good_until_they_end(work: AtWork) -> None:
    ends = min(each.not_valid_after_utc.timestamp() for each in Anchors(pki().root.pem).certificates)
    about = ("trust anchors", "default: 1 anchor")
    assert kept(work, ends - SOON - DAY)[about] == ("good", "good for 15 d")
    assert kept(work, ends - 3 * DAY)[about] == ("odd", "good for 3 d")
    assert kept(work, ends + 3600)[about] == ("bad", "ended 1 h ago")


def test_a_trust_list_that_is_out_of_date_or_was_never_had_is_bad(work: AtWork) -> None:
    group = work.trusts.groups["default"]
    group.until = NOW - 90
    assert kept(work)["trust list", "default"] == ("bad", "out of date for 1 min 30 s")
    group.anchors = None
    assert kept(work)["trust list", "default"] == ("bad", "was never had")


def test_revocation_lists_are_shown_with_their_age(work: AtWork) -> None:
    revocation = Revocation(["a", "b", "c"], hard=False)
    work.trusts.groups["default"].revocation = revocation
    for source, until in (("a", NOW + DAY), ("b", NOW - 60)):
        issued = listed(until)
        revocation.renew(source, issued)
    found = kept(work)
    assert found["revocation list", "default: a"] == ("good", "issued 2 d ago, 1\N{NARROW NO-BREAK SPACE}234 revoked")
    assert found["revocation list", "default: b"] == ("bad", "issued 2 d ago, out of date for 1 min")
    assert found["revocation list", "default: c"] == ("bad", "was never had")


def test_lists_of_protected_numbers_are_shown_with_their_age(work: AtWork) -> None:
    found = kept(work, lists=Lists(ListState("banks", 3, 62.0), ListState("none", 0, None)))
    assert found["protected numbers", "none"] == ("bad", "there is no list")
    assert found["protected numbers", "banks"][1] == "3 in it, found good 1 min 2 s ago"


def listed(until: float) -> RevocationList:
    """Give a revocation list of two days ago."""
    return RevocationList(
        issuer=(),
        indirect=False,
        leaves=True,
        authorities=True,
        since=NOW - 2 * DAY,
        until=until,
        entries=1234,
        revoked={},
    )
