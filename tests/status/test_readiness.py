"""A guard is ready while it can do its work, and says what is in the way."""

from pathlib import Path

import pytest
from at_work import CONFIG, AtWork
from pki import NOW, pki
from signed_lists import list_authority

from sip_guard.admin.pages import Readiness
from sip_guard.status.readiness import readiness
from sip_guard.stir.certificate import Anchors

LISTED = (
    CONFIG.replace("identity: ignore", "identity: prefer")
    + """\
verification:
  trust: [{name: us, trust_list: {file: list.jwt, certificate: lists.pem}}]
"""
)


@pytest.fixture
def guard(tmp_path: Path) -> AtWork:
    return AtWork(tmp_path)


def test_a_guard_with_a_target_is_ready(guard: AtWork) -> None:
    assert readiness(guard.parts(), 0.0) == Readiness(1, draining=False, reasons=())


def test_one_target_of_two_is_enough(guard: AtWork) -> None:
    guard.loses(["pbx"])
    assert readiness(guard.parts(), 0.0).reasons == ()


def test_without_any_target_that_is_up_it_is_not_ready(guard: AtWork) -> None:
    guard.loses(["pbx", "pbx-2"])
    assert readiness(guard.parts(), 0.0).reasons == ("no target is up: pbx, pbx-2",)
    assert readiness(guard.parts(), 10.0).reasons == ()


def test_a_target_that_is_not_yet_located_is_not_up(tmp_path: Path) -> None:
    guard = AtWork(tmp_path, CONFIG.replace("203.0.113.5", "pbx.example.com").replace("203.0.113.6", "b.example.com"))
    assert readiness(guard.parts(), 0.0).reasons == ("no target is up: pbx, pbx-2",)


def test_the_targets_of_trunks_do_not_count(tmp_path: Path) -> None:
    out = CONFIG.replace('"203.0.113.6:5060"', '"198.51.100.7:5060", trunk: carrier')
    guard = AtWork(tmp_path, out)
    guard.loses(["pbx"])
    assert readiness(guard.parts(), 0.0).reasons == ("no target is up: pbx",)


def test_a_guard_that_drains_is_not_ready(guard: AtWork) -> None:
    found = readiness(guard.parts(generation=4, draining=True), 0.0)
    assert (found.generation, found.draining) == (4, True)
    assert found.reasons == ("draining: calls in progress end, and no new ones are taken",)


def test_a_guard_that_knows_no_anchor_yet_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "lists.pem").write_bytes(list_authority(NOW).pem)
    guard = AtWork(tmp_path, LISTED)
    assert readiness(guard.parts(), 0.0).reasons == ("no trust anchors: no trust list of us was had yet",)
    guard.trusts.groups["us"].renew(Anchors(pki().root.pem))
    assert readiness(guard.parts(), 0.0).reasons == ()
