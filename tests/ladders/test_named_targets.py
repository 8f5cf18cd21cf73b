"""Targets whose addresses come from DNS, and change (RFC 3263 4)."""

from collections.abc import Sequence

import pytest
from scene import SECOND, TARGET, Phone, Scene, target

from sip_guard.proxy.place import Place

BOB = (TARGET.host, 5060)
CAROL = (SECOND.host, 5060)
BEFORE = Place("UDP", BOB, priority=10, name="pbx.example")
AFTER = Place("UDP", CAROL, priority=20, name="pbx.example")
NAMED = target(host="pbx.example", port=None, transport=None)


@pytest.fixture
def scene() -> Scene:
    """Give a target that is known by its name alone: Bob and Carol are where it may lead."""
    return Scene(targets=(NAMED,))


def refuses(scene: Scene, phone: Phone) -> None:
    """Alice calls, and it is this phone that refuses."""
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    phone.gets("INVITE")
    phone.sends("486 Busy Here")
    phone.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.alice.sends("ACK")
    scene.check_quiet()


def is_refused_by_the_guard(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    scene.passes(10)
    scene.check_over()


def test_until_a_target_is_located_calls_get_a_503(scene: Scene) -> None:
    is_refused_by_the_guard(scene)
    scene.locates(BEFORE)
    refuses(scene, scene.bob)


def test_a_target_that_has_no_address_any_more_gets_no_call(scene: Scene) -> None:
    scene.locates(BEFORE)
    scene.locates()
    is_refused_by_the_guard(scene)


@pytest.mark.parametrize("places", [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_places_are_tried_by_their_priority(scene: Scene, places: Sequence[Place]) -> None:
    scene.locates(*places)
    scene.call()
    assert scene.times(scene.bob, "INVITE", 4.0) == [0.5, 1.5, 3.5]
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")


def test_a_place_that_is_down_is_skipped_while_another_of_the_same_name_is_up(scene: Scene) -> None:
    scene.locates(BEFORE, AFTER)
    for _ in range(3):
        scene.alice.forgets()
        scene.call()
        scene.loses(scene.bob)
        scene.carol.gets("INVITE")
    assert scene.marked == [("pbx", False)]
    scene.carol.inbox.clear()
    refuses(scene, scene.carol)


def test_new_calls_go_where_the_name_leads_now(scene: Scene) -> None:
    scene.locates(BEFORE)
    refuses(scene, scene.bob)
    scene.locates(AFTER)
    refuses(scene, scene.carol)
    scene.locates(AFTER, BEFORE)
    refuses(scene, scene.bob)


def test_an_address_that_went_away_and_came_back_is_up(scene: Scene) -> None:
    scene.locates(BEFORE, AFTER)
    scene.call()
    scene.bob.sends("503 Service Unavailable", "Retry-After: 300")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.locates(AFTER)
    scene.locates(BEFORE, AFTER)
    refuses(scene, scene.bob)


def test_a_name_that_is_located_again_at_the_same_places_changes_nothing(scene: Scene) -> None:
    scene.locates(BEFORE, AFTER)
    scene.call()
    scene.bob.sends("503 Service Unavailable", "Retry-After: 300")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.locates(BEFORE, AFTER)
    refuses(scene, scene.carol)


def test_a_call_that_was_begun_stays_where_it_is(scene: Scene) -> None:
    scene.locates(BEFORE)
    scene.call()
    scene.locates(AFTER)
    assert scene.times(scene.bob, "INVITE", 1.0) == [0.5]
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.check_quiet()


def test_a_call_that_was_begun_is_cancelled_where_it_is(scene: Scene) -> None:
    scene.locates(BEFORE)
    scene.call()
    scene.locates(AFTER)
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_requests_of_a_call_go_where_it_is_although_the_name_leads_elsewhere_now(scene: Scene) -> None:
    scene.locates(BEFORE)
    scene.call()
    scene.locates(AFTER)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")


def test_a_call_that_waits_for_another_place_goes_where_it_was_to_go(scene: Scene) -> None:
    scene.locates(BEFORE, AFTER)
    scene.call()
    scene.locates(BEFORE)
    assert scene.times(scene.carol, "INVITE", 4.0) == [4.0]


def test_only_what_the_name_leads_to_is_listened_to(scene: Scene) -> None:
    scene.bob.sends("OPTIONS")
    scene.check_quiet()
    scene.locates(BEFORE)
    scene.bob.sends("OPTIONS")
    scene.bob.gets("200 OK")
    scene.carol.sends("OPTIONS")
    scene.check_quiet()


def test_the_record_route_of_a_call_to_a_named_target_is_ours_alone(scene: Scene) -> None:
    scene.locates(BEFORE)
    scene.talk()
    assert b"pbx.example" not in scene.bob.got["INVITE"].raw
