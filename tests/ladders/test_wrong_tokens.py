"""Calls that go on although a token is wrong, and refused ones with several: the caller's side is told (RFC 9410)."""

import pytest
from messages import values
from scene import SECOND, TARGET, Scene, target

from sip_guard.sip.message import Message
from sip_guard.verdict import Forward, Reject

STIR = b'STIR;cause=438;text="Invalid Identity Header";ppi="..rq3pjT1hoRwakEGj"'
OTHER = b'STIR;cause=403;text="Stale Date";ppi="..Bb4pjT1hoRwakEGj"'
SIP = b'SIP;cause=438;text="Invalid Identity Header"'
TOLD = Forward(reasons=(STIR,))


def told(message: Message) -> list[str]:
    return values(message, "reason")


def test_the_first_provisional_answer_tells_and_no_other(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    assert told(scene.alice.got["100"]) == []
    scene.bob.sends("100 Trying")
    scene.bob.sends("183 Session Progress")
    assert told(scene.alice.gets("183 Session Progress")) == [STIR.decode()]
    for status in ("180 Ringing", "200 OK"):
        scene.bob.sends(status)
        assert told(scene.alice.gets(status)) == []


@pytest.mark.parametrize("status", ["200 OK", "302 Moved", "486 Busy Here", "603 Decline"])
def test_a_final_answer_tells_if_it_is_the_first(scene: Scene, status: str) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends(status)
    assert told(scene.alice.gets(status)) == [STIR.decode()]


def test_each_token_and_each_protocol_stands_in_a_field_of_its_own(scene: Scene) -> None:
    scene.call(verdict=Forward(reasons=(STIR, OTHER, SIP)))
    scene.bob.sends("180 Ringing")
    assert told(scene.alice.gets("180 Ringing")) == [STIR.decode(), OTHER.decode(), SIP.decode()]


def test_the_reasons_of_the_callee_stay(scene: Scene) -> None:
    scene.call(verdict=Forward(reasons=(STIR, SIP)))
    scene.bob.sends("486 Busy Here", "Reason: Q.850;cause=17, SIP;cause=486")
    assert told(scene.alice.gets("486 Busy Here")) == ["Q.850;cause=17, SIP;cause=486", STIR.decode()]


def test_a_call_that_passed_tells_nothing(scene: Scene) -> None:
    scene.call()
    for status in ("180 Ringing", "200 OK"):
        scene.bob.sends(status)
        assert told(scene.alice.gets(status)) == []


def test_an_invite_sent_again_gets_the_very_octets_that_tell(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("180 Ringing")
    ringing = scene.alice.gets("180 Ringing")
    scene.alice.repeats("INVITE")
    assert scene.alice.gets("180 Ringing").raw == ringing.raw
    assert told(ringing) == [STIR.decode()]
    scene.bob.sends("183 Session Progress")
    scene.alice.gets("183 Session Progress")
    scene.alice.repeats("INVITE")
    assert told(scene.alice.gets("183 Session Progress")) == []


def test_a_200_that_was_lost_tells_when_it_comes_again(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("200 OK")
    lost = scene.alice.takes("200 OK")
    scene.passes(0.5)
    scene.bob.repeats("200")
    assert scene.alice.gets("200 OK").raw == lost.raw
    assert told(lost) == [STIR.decode()]


def test_of_two_callees_who_answer_only_the_first_answer_tells(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("200 OK")
    scene.bob.tag = "another-phone"
    scene.bob.sends("200 OK")
    assert [told(scene.alice.gets("200 OK")) for _ in range(2)] == [[STIR.decode()], []]


def test_a_reliable_provisional_answer_tells_when_it_comes_again_and_the_next_one_not(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    for rseq, reasons in ((1, [STIR.decode()]), (1, [STIR.decode()]), (2, [])):
        scene.bob.sends("183 Session Progress", "Require: 100rel", f"RSeq: {rseq}")
        assert told(scene.alice.gets("183 Session Progress")) == reasons


# Answers of the guard's own.


def test_a_503_of_the_target_tells_as_the_500_that_it_becomes(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("503 Service Unavailable")
    assert told(scene.alice.gets("500 Server Internal Error")) == [STIR.decode()]


def test_a_call_that_nobody_answers_tells_in_its_408(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    assert len(scene.times(scene.bob, "INVITE", 31.9)) == 6
    scene.passes(0.2)
    refused = scene.alice.gets("408 Request Timeout")
    assert told(refused) == [STIR.decode()]
    scene.passes(0.5)
    assert scene.alice.gets("408 Request Timeout").raw == refused.raw


def test_a_call_for_which_there_is_no_target_up_tells_in_its_503() -> None:
    scene = Scene(targets=(target(down_after=1),))
    scene.call(verdict=TOLD)
    scene.passes(32.1)
    scene.bob.inbox.clear()
    assert told(scene.alice.gets("503 Service Unavailable")) == [STIR.decode()]


def test_a_call_that_rings_too_long_has_told_already(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("180 Ringing")
    assert told(scene.alice.gets("180 Ringing")) == [STIR.decode()]
    scene.passes(186)
    scene.bob.gets("CANCEL")
    scene.passes(33)
    scene.bob.inbox.clear()
    assert told(scene.alice.gets("487 Request Terminated")) == []


def test_a_cancelled_call_tells_in_its_487_and_not_in_the_answer_to_cancel(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("100 Trying")
    scene.alice.sends("CANCEL")
    assert told(scene.alice.gets("200 OK")) == []
    scene.bob.gets("CANCEL")
    scene.bob.sends("487 Request Terminated")
    assert told(scene.alice.gets("487 Request Terminated")) == [STIR.decode()]


def test_a_200_that_crosses_the_cancel_tells(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    scene.bob.sends("180 Ringing")
    scene.alice.takes("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK")
    assert told(scene.alice.gets("200 OK")) == []


def test_a_call_cancelled_before_its_verdict_tells_nothing(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.verdict(TOLD)
    assert told(scene.alice.gets("487 Request Terminated")) == []
    scene.check_quiet()


def test_the_caller_is_told_once_however_many_targets_are_tried() -> None:
    scene = Scene(targets=(TARGET, SECOND))
    scene.call(verdict=TOLD)
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.check_quiet()
    scene.carol.sends("180 Ringing")
    assert told(scene.alice.gets("180 Ringing")) == [STIR.decode()]
    scene.carol.sends("200 OK")
    assert told(scene.alice.gets("200 OK")) == []


def test_what_the_target_gets_has_no_reason(scene: Scene) -> None:
    scene.call(verdict=TOLD)
    assert told(scene.bob.got["INVITE"]) == []


# Refused calls.


def test_a_refused_call_tells_each_time_that_its_answer_is_sent(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(403, "Stale Date", (STIR, OTHER)))
    refused = scene.alice.gets("403 Stale Date")
    assert told(refused) == [STIR.decode(), OTHER.decode()]
    scene.passes(0.5)
    assert scene.alice.gets("403 Stale Date").raw == refused.raw
    scene.alice.repeats("INVITE")
    assert scene.alice.gets("403 Stale Date").raw == refused.raw
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_a_refused_call_with_one_token_has_the_answer_alone(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(438, "Invalid Identity Header"))
    assert told(scene.alice.gets("438 Invalid Identity Header")) == []
