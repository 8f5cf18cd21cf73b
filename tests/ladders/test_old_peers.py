"""Peers of RFC 2543, whose branches identify nothing."""

import pytest
from scene import Scene

from sip_guard.verdict import Reject

VIAS = ["SIP/2.0/UDP 198.51.100.7", "SIP/2.0/UDP 198.51.100.7;branch=1", "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK"]


@pytest.mark.parametrize("via", VIAS)
def test_a_call_of_an_old_peer_is_told_from_others_by_its_fields(scene: Scene, via: str) -> None:
    scene.alice.sends("INVITE", via=via)
    scene.alice.gets("100 Trying")
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1
    scene.alice.sends("INVITE", via=via)
    scene.alice.gets("100 Trying")
    scene.alice.sends("INVITE", via=via, call_id="another")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 3


@pytest.mark.parametrize("via", VIAS)
def test_its_ack_ends_the_resending_of_a_refusal(scene: Scene, via: str) -> None:
    scene.alice.sends("INVITE", via=via)
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(438, "Invalid Identity Header"))
    scene.alice.gets("438 Invalid Identity Header")
    scene.alice.sends("ACK")
    assert scene.times(scene.alice, "438 Invalid Identity Header", 10) == []


@pytest.mark.parametrize("via", VIAS)
def test_its_ack_of_a_2xx_with_the_vias_of_the_invite_passes(scene: Scene, via: str) -> None:
    scene.call(via=via)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK", via=via)
    ack = scene.bob.gets("ACK")
    assert ack.via.branch != scene.bob.got["INVITE"].via.branch
    scene.check_quiet()


@pytest.mark.parametrize("via", VIAS)
def test_its_cancel_finds_the_invite(scene: Scene, via: str) -> None:
    scene.alice.sends("INVITE", via=via)
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.alice.gets("487 Request Terminated")


def test_an_ack_of_a_2xx_under_the_branch_of_the_invite_passes(scene: Scene) -> None:
    scene.call(branch="z9hG4bKone")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK", branch="z9hG4bKone")
    scene.bob.gets("ACK")


def test_a_caller_without_a_from_tag_can_talk(scene: Scene) -> None:
    scene.call(from_="<sip:+12155551212@alice.example>")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("BYE", from_="<sip:+12155551212@alice.example>")
    scene.bob.gets("BYE")
