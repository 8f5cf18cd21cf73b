"""A call that a rule sends to another place, by 302 (RFC 3261 8.3)."""

from messages import values
from scene import Scene

from sip_guard.verdict import Redirect

WRONG = b'STIR;cause=438;text="Invalid Identity Header"'
DESK = Redirect(b"sip:desk@pbx.example;transport=tcp", reasons=(WRONG,))


def test_the_caller_is_told_another_place_until_it_acknowledges_and_the_callee_hears_nothing(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(DESK)
    first = scene.alice.gets("302 Moved Temporarily")
    assert values(first, "contact") == ["<sip:desk@pbx.example;transport=tcp>"]
    assert values(first, "reason") == [WRONG.decode()]
    scene.passes(0.5)
    assert scene.alice.gets("302 Moved Temporarily").raw == first.raw
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_a_call_that_was_cancelled_before_is_not_sent_elsewhere(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.alice.gets("487 Request Terminated")
    scene.verdict(DESK)
    scene.check_quiet()
