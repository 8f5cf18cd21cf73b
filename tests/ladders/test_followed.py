"""What is told of a call that was let through: its final answer, and how long it lasted."""

import pytest
from scene import OUT, SECOND, TARGET, Phone, Scene

from sip_guard.peer import Route
from sip_guard.proxy.action import Answered
from sip_guard.verdict import Forward, Redirect, Reject, Verdict


def went(scene: Scene) -> list[tuple[int, str, float]]:
    """Give what was told so far: of which call, what, and its code or seconds."""
    return [
        (each.call.decision, "answered", each.code)
        if isinstance(each, Answered)
        else (each.call.decision, "ended", each.duration)
        for each in scene.went
    ]


def hangs_up(scene: Scene, sender: Phone, receiver: Phone) -> None:
    sender.sends("BYE", body=b"")
    receiver.gets("BYE")
    receiver.sends("200 OK", to="BYE")
    sender.gets("200 OK")


@pytest.mark.parametrize("verdict", [Forward(), Forward(anonymise=True)])
@pytest.mark.parametrize("caller", [True, False])
def test_a_call_lasts_from_its_answer_to_the_bye_of_either_side(verdict: Verdict, caller: bool) -> None:
    scene = Scene()
    scene.call(verdict=verdict)
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    assert went(scene) == []
    scene.passes(4.0)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    assert went(scene) == [(1, "answered", 200)]
    scene.passes(61.5)
    hangs_up(scene, *((scene.alice, scene.bob) if caller else (scene.bob, scene.alice)))
    assert went(scene) == [(1, "answered", 200), (1, "ended", 61.5)]
    scene.passes(60.0)
    scene.check_over()


def test_what_comes_again_is_told_once() -> None:
    scene = Scene()
    scene.talk()
    scene.bob.repeats("200")
    scene.alice.gets("200 OK")
    scene.alice.sends("BYE", body=b"")
    scene.alice.repeats("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.bob.repeats("200")
    assert went(scene) == [(1, "answered", 200), (1, "ended", 0.0)]


@pytest.mark.parametrize("answer", ["486 Busy Here", "603 Decline", "302 Moved Temporarily"])
def test_a_refusal_of_the_callee_is_told(answer: str) -> None:
    scene = Scene()
    scene.call()
    scene.bob.sends(answer)
    assert went(scene) == [(1, "answered", int(answer[:3]))]


def test_of_several_targets_the_answer_that_the_caller_gets_is_told() -> None:
    scene = Scene(targets=(TARGET, SECOND))
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.carol.gets("INVITE")
    assert went(scene) == []
    scene.carol.sends("486 Busy Here")
    assert went(scene) == [(1, "answered", 486)]


def test_a_caller_who_gives_up_is_told() -> None:
    scene = Scene()
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    assert went(scene) == [(1, "answered", 487)]


def test_a_call_that_nobody_answers_is_told() -> None:
    scene = Scene()
    scene.call()
    scene.passes(40.0)
    (told,) = went(scene)
    assert told[:2] == (1, "answered")
    assert told[2] >= 400


@pytest.mark.parametrize("verdict", [Reject(403, "Forbidden"), Redirect(b"sip:desk@pbx.example")])
def test_of_a_call_that_went_no_further_the_verdict_has_said_all(verdict: Verdict) -> None:
    scene = Scene()
    scene.alice.sends("INVITE")
    scene.verdict(verdict)
    assert went(scene) == []


def test_calls_are_told_apart_though_they_have_the_same_call_id() -> None:
    scene = Scene()
    for number in (1, 2):
        scene.alice.forgets()
        scene.alice.call_id = "same"
        scene.bob.forgets()
        scene.bob.tag = f"bob-{number}"
        scene.talk()
        scene.passes(float(number))
        hangs_up(scene, scene.bob, scene.alice)
    assert went(scene) == [(1, "answered", 200), (1, "ended", 1.0), (2, "answered", 200), (2, "ended", 2.0)]


def test_calls_of_our_side_are_not_followed() -> None:
    scene = Scene(targets=(TARGET, OUT), routes=(Route(trunks=("carrier",)),))
    scene.talks_out()
    hangs_up(scene, scene.bob, scene.alice)
    assert went(scene) == []
