"""From and To: changed on the way to the target, and shown to each side as it knows them."""

import pytest
from scene import Scene

from sip_guard.verdict import Forward, Tags

PASSED = Forward(Tags(verstat="TN-Validation-Passed", verified=frozenset({b"from"})))
FORGED = '"Alice, \\"the\\" first" <sip:+12155551212;verstat=TN-Validation-Passed@carrier.example>'


def test_the_target_sees_the_verstat_in_from_and_the_caller_what_it_sent(scene: Scene) -> None:
    scene.call(verdict=PASSED)
    received = scene.bob.got["INVITE"].value(b"from").decode()
    assert received == "<sip:+12155551212;verstat=TN-Validation-Passed@alice.example>;tag=alice-tag"
    for status in ("180 Ringing", "200 OK"):
        scene.bob.sends(status)
        shown = scene.alice.gets(status)
        assert shown.value(b"from") == b"<sip:+12155551212@alice.example>;tag=alice-tag"
        assert shown.value(b"to") == b"<sip:+12155551213@guard.example>;tag=bob-tag"


@pytest.mark.parametrize("local", [FORGED, "tel:+12155551212", "sip:+12155551212@carrier.example"])
def test_the_caller_sees_even_what_it_forged(scene: Scene, local: str) -> None:
    scene.alice.local = local
    scene.call(verdict=PASSED)
    scene.bob.sends("486 Busy Here")
    assert scene.alice.gets("486 Busy Here").value(b"from").decode() == f"{local};tag=alice-tag"


def test_the_caller_sees_its_from_although_the_target_spells_it_in_its_own_way(scene: Scene) -> None:
    scene.call(verdict=PASSED)
    scene.bob.sends("200 OK", from_="<sip:+12155551212;VerStat=TN-Validation-Passed@alice.example>; tag=alice-tag")
    assert scene.alice.gets("200 OK").value(b"from") == b"<sip:+12155551212@alice.example>;tag=alice-tag"


def test_a_forged_to_is_cleaned_on_the_way_in_and_restored_on_the_way_back(scene: Scene) -> None:
    to = "<sip:+12155551213;verstat=x@guard.example>"
    scene.call(to=to)
    assert scene.bob.got["INVITE"].value(b"to") == b"<sip:+12155551213@guard.example>"
    scene.bob.sends("200 OK")
    assert scene.alice.gets("200 OK").value(b"to").decode() == f"{to};tag=bob-tag"


def test_the_target_hangs_up_under_the_name_it_was_shown_and_the_caller_sees_its_own(scene: Scene) -> None:
    scene.talk(verdict=PASSED)
    scene.bob.sends("BYE")
    assert scene.alice.gets("BYE").value(b"to") == b"<sip:+12155551212@alice.example>;tag=alice-tag"
    scene.alice.sends("200 OK", to="BYE")
    shown = scene.bob.gets("200 OK")
    assert shown.value(b"to") == b"<sip:+12155551212;verstat=TN-Validation-Passed@alice.example>;tag=alice-tag"


def test_requests_within_the_call_carry_no_verstat(scene: Scene) -> None:
    scene.alice.local = FORGED
    scene.talk(verdict=PASSED)
    assert b"verstat" not in scene.bob.got["ACK"].raw
    scene.alice.sends("BYE")
    assert b"verstat" not in scene.bob.gets("BYE").raw


def test_our_own_answers_show_from_as_it_was_sent(scene: Scene) -> None:
    scene.alice.local = FORGED
    scene.call(verdict=PASSED)
    scene.passes(32)
    refused = scene.alice.gets("408 Request Timeout")
    assert refused.value(b"from").decode() == f"{FORGED};tag=alice-tag"
