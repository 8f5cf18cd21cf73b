"""Callers who give up."""

import pytest
from messages import values
from scene import Scene

from sip_guard.verdict import Forward, Reject, Verdict


@pytest.mark.parametrize("verdict", [Forward(), Reject(438, "Invalid Identity Header")])
def test_a_call_cancelled_while_it_is_screened_is_over_and_its_verdict_without_effect(
    scene: Scene, verdict: Verdict
) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    (screen,) = scene.screens
    scene.alice.sends("CANCEL")
    cancelled = scene.alice.gets("200 OK")
    ended = scene.alice.gets("487 Request Terminated")
    assert cancelled.value(b"cseq") == b"1 CANCEL"
    assert ended.value(b"cseq") == b"1 INVITE"
    assert cancelled.to_tag == ended.to_tag != b""
    assert [abandoned.key for abandoned in scene.abandoned] == [screen.key]
    scene.verdict(verdict)
    scene.check_quiet()
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_the_487_is_resent_until_it_is_acknowledged(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert scene.times(scene.alice, "487 Request Terminated", 4) == [0, 0.5, 1.5, 3.5]


def test_a_ringing_call_is_cancelled_at_the_callee(scene: Scene) -> None:
    scene.call(max_forwards="9")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    cancel = scene.bob.gets("CANCEL")
    invite = scene.bob.got["INVITE"]
    assert cancel.start == invite.start.replace(b"INVITE", b"CANCEL")
    assert cancel.via == invite.via
    assert len(cancel.vias) == 1
    for name in (b"from", b"to", b"call-id"):
        assert cancel.value(name) == invite.value(name)
    assert cancel.value(b"cseq") == b"1 CANCEL"
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_no_cancel_is_sent_before_the_callee_has_answered_anything(scene: Scene) -> None:
    scene.call()
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.check_quiet()
    scene.bob.sends("100 Trying")
    scene.bob.gets("CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.alice.gets("487 Request Terminated")


def test_a_cancel_sent_again_is_answered_again_and_sent_on_once(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.repeats("CANCEL")
    scene.alice.gets("200 OK")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")
    scene.check_quiet()


def test_an_answer_that_crosses_the_cancel_counts(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.sends("200 OK")
    answered = scene.alice.gets("200 OK")
    assert answered.value(b"cseq") == b"1 INVITE"
    scene.bob.gets("CANCEL")
    scene.bob.sends("481 Call/Transaction Does Not Exist", to="CANCEL")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")


def test_a_cancel_after_the_final_answer_changes_nothing(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("CANCEL")
    assert scene.alice.gets("200 OK").value(b"cseq") == b"1 CANCEL"
    scene.check_quiet()


def test_a_cancel_for_nothing_is_told_so(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL", via=scene.alice.via("z9hG4bKanother"))
    scene.alice.gets("481 Call/Transaction Does Not Exist")
    assert len(scene.screens) == 1


def test_nobody_cancels_the_call_of_another_peer(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    mallory = scene.phone("mallory", "mallory", ("198.18.0.66", 5060))
    mallory.sent["INVITE"] = scene.alice.sent["INVITE"]
    mallory.sends("CANCEL")
    mallory.gets("481 Call/Transaction Does Not Exist")
    scene.check_quiet()


def test_a_callee_that_ignores_the_cancel_is_given_up_on(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    resent = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert scene.times(scene.bob, "CANCEL", 31.9) == resent
    scene.passes(0.2)
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    scene.bob.sends("200 OK")
    scene.passes(60)
    scene.check_over()


def test_a_callee_that_was_never_heard_of_after_a_cancel_is_given_up_on(scene: Scene) -> None:
    scene.call()
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert scene.times(scene.bob, "INVITE", 31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    scene.passes(0.2)
    scene.alice.gets("487 Request Terminated")


def test_the_callee_may_cancel_a_re_invite_of_its_own(scene: Scene) -> None:
    scene.talk()
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    scene.alice.gets("INVITE")
    scene.alice.sends("180 Ringing")
    scene.bob.gets("180 Ringing")
    scene.bob.sends("CANCEL")
    scene.bob.gets("200 OK")
    assert values(scene.alice.gets("CANCEL"), "cseq") == ["1 CANCEL"]
