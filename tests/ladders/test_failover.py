"""One target does not answer, or cannot: the next one is tried, and the caller hears nothing of it (RFC 3263 4.3)."""

import pytest
from messages import SDP, values
from scene import SECOND, TARGET, Scene, target, trunk

from sip_guard.sip.message import Request, Response
from sip_guard.verdict import Forward, Tags

THIRD = target(name="pbx-3", host="203.0.113.7", priority=2)
TRYING_BOB = [0.5, 1.5, 3.5]
"""When Bob gets the INVITE again in the 4 seconds that he has to answer it."""


@pytest.fixture
def scene() -> Scene:
    """Give Bob, and Carol who is tried after him."""
    return Scene(targets=(TARGET, SECOND))


def falls_silent(scene: Scene) -> None:
    """Alice calls, Bob does not answer for 4 seconds, and Carol has the INVITE."""
    scene.call()
    assert scene.times(scene.bob, "INVITE", 4.0) == TRYING_BOB
    scene.carol.gets("INVITE")


def is_over(scene: Scene) -> None:
    """Nothing comes any more, and nothing is kept."""
    scene.passes(70)
    scene.check_over()


def ends(scene: Scene, status: str) -> None:
    """Alice gets this at last, and nothing else."""
    scene.alice.gets(status)
    scene.alice.sends("ACK")
    is_over(scene)


# When the next one is tried.


def test_who_does_not_answer_for_4_s_loses_the_call_to_the_next(scene: Scene) -> None:
    scene.call()
    assert scene.times(scene.bob, "INVITE", 3.9) == TRYING_BOB
    assert scene.carol.inbox == []
    scene.passes(0.1)
    scene.carol.gets("INVITE")
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.carol.gets("ACK")
    is_over(scene)


@pytest.mark.parametrize("patience", [0.5, 1.0, 10.0])
def test_how_long_a_target_may_be_silent_is_said_of_it(patience: float) -> None:
    scene = Scene(targets=(target(patience=patience), SECOND))
    scene.call()
    assert scene.times(scene.carol, "INVITE", patience) == [patience]


def test_patience_counts_only_if_there_is_another_target(scene: Scene) -> None:
    falls_silent(scene)
    assert scene.times(scene.carol, "INVITE", 31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    scene.passes(0.1)
    ends(scene, "408 Request Timeout")


def test_the_one_that_lost_the_call_gets_its_invite_no_more(scene: Scene) -> None:
    falls_silent(scene)
    assert scene.times(scene.bob, "INVITE", 31) == []


def test_any_answer_ends_the_waiting_and_100_is_one(scene: Scene) -> None:
    scene.call()
    scene.passes(3.6)
    scene.bob.sends("100 Trying")
    scene.passes(60)
    assert scene.carol.inbox == []
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")


def test_a_503_leads_to_the_next_at_once(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    assert scene.marked == []


def test_a_503_after_ringing_leads_to_the_next_too(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("180 Ringing")
    assert scene.alice.gets("180 Ringing").to_tag == b"carol-tag"
    scene.carol.sends("200 OK")
    assert scene.alice.gets("200 OK").to_tag == b"carol-tag"


def test_a_connection_that_fails_leads_to_the_next_at_once() -> None:
    scene = Scene(targets=(TARGET, SECOND), bob="TCP")
    scene.call()
    scene.loses(scene.bob)
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    is_over(scene)


def test_an_address_that_cannot_be_reached_by_udp_leads_to_the_next_at_once(scene: Scene) -> None:
    scene.call()
    scene.loses(scene.bob)
    scene.carol.gets("INVITE")
    assert scene.times(scene.bob, "INVITE", 40) == []


@pytest.mark.parametrize("status", ["302 Moved", "404 Not Found", "408 Request Timeout", "486 Busy Here",
                                    "500 Server Internal Error", "504 Server Time-out"])  # fmt: skip
def test_any_other_refusal_is_the_callers(scene: Scene, status: str) -> None:
    scene.call()
    scene.bob.sends(status)
    scene.bob.gets("ACK")
    ends(scene, status)


def test_timer_c_leads_to_no_other_target(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.passes(185.1)
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    ends(scene, "487 Request Terminated")


def test_timer_c_leads_to_no_other_target_if_the_connection_fails_then() -> None:
    scene = Scene(targets=(TARGET, SECOND), bob="TCP")
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.passes(185.1)
    scene.bob.gets("CANCEL")
    scene.loses(scene.bob)
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    is_over(scene)


def test_three_targets_are_tried_one_after_the_other() -> None:
    scene = Scene(targets=(TARGET, SECOND, THIRD))
    dave = scene.phone("dave", "dave", (THIRD.host, 5060))
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert scene.times(scene.carol, "INVITE", 4.0) == [0.0, 0.5, 1.5, 3.5]
    dave.gets("INVITE")
    dave.sends("200 OK")
    scene.alice.gets("200 OK")
    is_over(scene)


# What the next one gets.


def test_each_try_is_the_same_request_but_for_its_via(scene: Scene) -> None:
    scene.alice.sends("INVITE", "Subject: kept", body=SDP)
    scene.alice.gets("100 Trying")
    scene.verdict(Forward(Tags("TN-Validation-Passed", frozenset({b"from"}), ((b"X-SIP-Guard", b"v=1"),))))
    first = scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    second = scene.carol.gets("INVITE")
    assert first.via.branch != second.via.branch
    assert second.raw == first.raw.replace(first.via.branch, second.via.branch)
    assert len(second.vias) == 2
    assert len(values(second, "record-route")) == 1
    assert values(second, "max-forwards") == ["69"]
    assert values(second, "x-sip-guard") == ["v=1"]
    assert second.raw.count(b"verstat=") == 1


def test_where_the_transport_is_another_so_are_via_and_record_route() -> None:
    scene = Scene(targets=(TARGET, SECOND), bob="TCP")
    scene.call()
    scene.loses(scene.bob)
    tried = scene.carol.gets("INVITE")
    assert tried.via.transport == b"UDP"
    assert [value.partition(";sg=")[0] for value in values(tried, "record-route")] == ["<sip:192.0.2.1:5060;lr"]


@pytest.mark.parametrize("rewriting", ["bob", "carol"])
def test_only_a_target_that_wants_it_so_is_named_in_the_request_uri(rewriting: str) -> None:
    first, second = ("rewrite", "keep") if rewriting == "bob" else ("keep", "rewrite")
    scene = Scene(targets=(target(request_uri=first), target(SECOND, request_uri=second)))
    scene.call(uri="sip:+12155551213@guard.example")
    scene.bob.sends("503 Service Unavailable")
    acknowledged = scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    uris = {"bob": b"sip:+12155551213@guard.example", "carol": b"sip:+12155551213@guard.example"}
    uris[rewriting] = b"sip:+12155551213@" + {"bob": TARGET, "carol": SECOND}[rewriting].host.encode() + b":5060"
    cancelled = scene.carol.gets("CANCEL")
    tries = [scene.bob.got["INVITE"], acknowledged, scene.carol.got["INVITE"], cancelled]
    assert [each.uri for each in tries if isinstance(each, Request)] == [uris["bob"]] * 2 + [uris["carol"]] * 2


# What the caller hears meanwhile.


def test_the_caller_hears_nothing_of_it(scene: Scene) -> None:
    falls_silent(scene)
    assert scene.alice.inbox == []
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    scene.check_quiet()


def test_an_invite_that_comes_again_gets_the_last_provisional_answer_of_any_target(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.alice.repeats("INVITE")
    assert scene.alice.gets("180 Ringing").to_tag == b"bob-tag"
    scene.carol.sends("183 Session Progress")
    scene.alice.gets("183 Session Progress")
    scene.alice.repeats("INVITE")
    assert scene.alice.gets("183 Session Progress").to_tag == b"carol-tag"
    scene.check_quiet()


# What comes late of the one that lost the call.


@pytest.mark.parametrize("status", ["100 Trying", "180 Ringing"])
def test_who_answers_after_it_lost_the_call_is_cancelled_and_not_heard(scene: Scene, status: str) -> None:
    falls_silent(scene)
    scene.bob.sends(status)
    cancel = scene.bob.gets("CANCEL")
    assert cancel.via == scene.bob.got["INVITE"].via
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends(status)
    scene.check_quiet()
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.check_quiet()
    scene.carol.sends("200 OK")
    assert scene.alice.gets("200 OK").to_tag == b"carol-tag"
    is_over(scene)


def test_a_late_2xx_is_passed_on_and_the_other_target_cancelled(scene: Scene) -> None:
    falls_silent(scene)
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("200 OK")
    assert scene.alice.gets("200 OK").to_tag == b"bob-tag"
    scene.carol.gets("CANCEL")
    scene.carol.sends("200 OK", to="CANCEL")
    scene.carol.sends("487 Request Terminated")
    scene.carol.gets("ACK")
    is_over(scene)


def test_a_late_2xx_cancels_the_other_as_soon_as_it_answers(scene: Scene) -> None:
    falls_silent(scene)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.check_quiet()
    scene.carol.sends("100 Trying")
    scene.carol.gets("CANCEL")


def test_when_both_answer_both_are_heard(scene: Scene) -> None:
    falls_silent(scene)
    scene.bob.sends("200 OK")
    assert scene.alice.gets("200 OK").to_tag == b"bob-tag"
    scene.carol.sends("200 OK")
    assert scene.alice.gets("200 OK").to_tag == b"carol-tag"
    for phone in (scene.bob, scene.carol):
        phone.repeats("200")
        scene.alice.takes("200 OK")
    is_over(scene)


def test_a_late_2xx_ends_the_search(scene: Scene) -> None:
    scene = Scene(targets=(TARGET, SECOND, THIRD))
    falls_silent(scene)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.carol.sends("503 Service Unavailable")
    scene.carol.gets("ACK")
    is_over(scene)


def test_a_late_refusal_is_kept_and_beats_silence(scene: Scene) -> None:
    falls_silent(scene)
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    scene.check_quiet()
    scene.passes(32)
    scene.carol.inbox.clear()
    ends(scene, "486 Busy Here")


def test_a_late_refusal_that_comes_again_is_acknowledged_again(scene: Scene) -> None:
    falls_silent(scene)
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    scene.bob.repeats("486")
    scene.bob.gets("ACK")
    scene.check_quiet()


def test_a_late_503_changes_nothing(scene: Scene) -> None:
    falls_silent(scene)
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.check_quiet()
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")


def test_the_answer_to_our_own_cancel_is_not_the_callers(scene: Scene) -> None:
    """487 would tell Alice that she has hung up."""
    falls_silent(scene)
    scene.bob.sends("100 Trying")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.passes(32)
    scene.carol.inbox.clear()
    ends(scene, "408 Request Timeout")


def test_a_late_6xx_ends_the_search_and_is_the_answer(scene: Scene) -> None:
    falls_silent(scene)
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("603 Decline")
    scene.bob.gets("ACK")
    scene.carol.gets("CANCEL")
    scene.carol.sends("200 OK", to="CANCEL")
    scene.carol.sends("487 Request Terminated")
    scene.carol.gets("ACK")
    ends(scene, "603 Decline")


@pytest.mark.parametrize("lost", [False, True])
def test_a_late_6xx_is_the_answer_although_the_other_target_stays_silent(scene: Scene, lost: bool) -> None:
    falls_silent(scene)
    scene.bob.sends("603 Decline")
    scene.bob.gets("ACK")
    if lost:
        scene.carol.sends("180 Ringing")
        scene.alice.gets("180 Ringing")
        scene.carol.gets("CANCEL")
    scene.passes(40)
    scene.carol.inbox.clear()
    scene.alice.gets("603 Decline")


def test_a_target_that_was_marked_down_meanwhile_is_left_out() -> None:
    scene = Scene(targets=(TARGET, SECOND, THIRD))
    dave = scene.phone("dave", "dave", (THIRD.host, 5060))
    scene.call()
    first = scene.bob.got["INVITE"]
    scene.alice.forgets()
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("503 Service Unavailable", "Retry-After: 30")
    scene.carol.gets("ACK")
    dave.takes("INVITE")
    scene.bob.got["INVITE"] = first
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert dave.gets("INVITE").value(b"call-id") == first.value(b"call-id")
    assert scene.carol.inbox == []


# How it ends when nobody takes the call.


def test_a_6xx_ends_the_search(scene: Scene) -> None:
    scene = Scene(targets=(TARGET, SECOND, THIRD))
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("603 Decline")
    scene.carol.gets("ACK")
    ends(scene, "603 Decline")


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("503 Service Unavailable", "503 Service Unavailable", "500 Server Internal Error"),
        ("503 Service Unavailable", "486 Busy Here", "486 Busy Here"),
        ("503 Service Unavailable", "404 Not Found", "404 Not Found"),
        ("503 Service Unavailable", "302 Moved", "302 Moved"),
        ("503 Service Unavailable", "504 Server Time-out", "504 Server Time-out"),
        ("503 Service Unavailable", "603 Decline", "603 Decline"),
    ],
)
def test_the_best_answer_goes_back(scene: Scene, first: str, second: str, answer: str) -> None:
    scene.call()
    scene.bob.sends(first)
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends(second)
    scene.carol.gets("ACK")
    ends(scene, answer)


def test_a_503_and_then_silence_is_a_500(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.passes(32)
    scene.carol.inbox.clear()
    ends(scene, "500 Server Internal Error")


def test_failed_connections_to_all_of_them_are_a_500() -> None:
    scene = Scene(targets=(TARGET, target(SECOND, transport="TCP")), bob="TCP")
    scene.carol.transport = "TCP"
    scene.call()
    scene.loses(scene.bob)
    scene.carol.gets("INVITE")
    scene.loses(scene.carol)
    ends(scene, "500 Server Internal Error")


def test_the_last_target_has_its_time_although_a_datagram_did_not_reach_it(scene: Scene) -> None:
    scene.call()
    scene.loses(scene.bob)
    scene.carol.gets("INVITE")
    scene.loses(scene.carol)
    scene.check_quiet()
    scene.passes(0.5)
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    is_over(scene)


def test_only_when_no_target_is_up_any_more_a_503_goes_back() -> None:
    scene = Scene(targets=(target(down_after=1, retry_after=60.0), target(SECOND, down_after=1)))
    falls_silent(scene)
    assert scene.marked == [("pbx", False)]
    scene.passes(32)
    scene.carol.inbox.clear()
    assert scene.marked == [("pbx", False), ("pbx-2", False)]
    assert b"retry-after" not in scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    is_over(scene)


def test_all_of_them_asking_for_rest_is_a_503(scene: Scene) -> None:
    scene.call()
    for phone in (scene.bob, scene.carol):
        phone.sends("503 Service Unavailable", "Retry-After: 30")
        phone.takes("ACK") if phone is scene.bob else None
        if phone is scene.bob:
            scene.carol.gets("INVITE")
    scene.carol.gets("ACK")
    ends(scene, "503 Service Unavailable")


# Callers who give up.


def test_a_cancel_reaches_the_second_target_and_ends_the_search() -> None:
    scene = Scene(targets=(TARGET, SECOND, THIRD))
    falls_silent(scene)
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.carol.gets("CANCEL")
    scene.carol.sends("200 OK", to="CANCEL")
    scene.carol.sends("487 Request Terminated")
    scene.carol.gets("ACK")
    ends(scene, "487 Request Terminated")


def test_after_a_cancel_a_503_leads_nowhere(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    ends(scene, "487 Request Terminated")


def test_after_a_cancel_a_connection_that_fails_leads_nowhere() -> None:
    scene = Scene(targets=(TARGET, SECOND), bob="TCP")
    scene.call()
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.loses(scene.bob)
    ends(scene, "487 Request Terminated")


def test_a_cancel_before_the_first_target_has_answered_leaves_it_its_time_and_tries_no_other(scene: Scene) -> None:
    scene.call()
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert scene.times(scene.bob, "INVITE", 31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    scene.check_quiet()
    scene.passes(0.1)
    ends(scene, "487 Request Terminated")


def test_a_cancel_before_the_first_target_has_answered_reaches_it_when_it_does(scene: Scene) -> None:
    scene.call()
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert scene.times(scene.bob, "INVITE", 10) == [0.5, 1.5, 3.5, 7.5]
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    ends(scene, "487 Request Terminated")


def test_a_cancel_while_two_targets_are_silent_reaches_whoever_answers_first(scene: Scene) -> None:
    falls_silent(scene)
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.check_quiet()
    for phone in (scene.bob, scene.carol):
        phone.sends("100 Trying")
        phone.gets("CANCEL")
        phone.sends("200 OK", to="CANCEL")
        phone.sends("487 Request Terminated")
        phone.gets("ACK")
    ends(scene, "487 Request Terminated")


def test_who_lost_the_call_and_stays_silent_does_not_end_a_cancelled_call_before_its_time(scene: Scene) -> None:
    falls_silent(scene)
    scene.carol.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.passes(25)
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.carol.takes("CANCEL")
    scene.passes(5)
    scene.carol.inbox.clear()
    scene.check_quiet()
    scene.carol.sends("200 OK")
    assert scene.alice.gets("200 OK").value(b"cseq") == b"1 INVITE"


# After that.


@pytest.mark.parametrize("method", ["PRACK", "UPDATE", "BYE", "INVITE"])
def test_what_follows_goes_to_the_target_that_answered(scene: Scene, method: str) -> None:
    falls_silent(scene)
    scene.carol.sends("183 Session Progress" if method in ("PRACK", "UPDATE") else "200 OK")
    scene.alice.gets("183 Session Progress" if method in ("PRACK", "UPDATE") else "200 OK")
    if method in ("BYE", "INVITE"):
        scene.alice.sends("ACK")
        scene.carol.gets("ACK")
    scene.alice.sends(method)
    if method == "INVITE":
        scene.alice.gets("100 Trying")
    scene.carol.gets(method)
    scene.carol.sends("200 OK", to=method)
    scene.alice.gets("200 OK")
    scene.check_quiet()


def test_where_its_contact_is_a_name_the_target_that_answered_is_known_all_the_same(scene: Scene) -> None:
    falls_silent(scene)
    scene.carol.sends("200 OK", contact="<sip:carol@pbx-2.example>")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.carol.gets("ACK")
    scene.alice.sends("BYE")
    scene.carol.gets("BYE")
    scene.check_quiet()


def test_requests_of_the_target_that_answered_reach_the_caller(scene: Scene) -> None:
    falls_silent(scene)
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.carol.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.carol.gets("200 OK")


# Requests other than INVITE.


@pytest.fixture
def messages() -> Scene:
    """Give Bob and Carol, and a trunk whose MESSAGE passes."""
    return Scene(trunk=trunk(methods=frozenset({"MESSAGE"})), targets=(TARGET, SECOND))


def test_a_request_outside_of_a_call_goes_to_the_next_after_a_503(messages: Scene) -> None:
    messages.alice.sends("MESSAGE")
    messages.bob.gets("MESSAGE")
    messages.bob.sends("503 Service Unavailable", to="MESSAGE")
    messages.carol.gets("MESSAGE")
    messages.carol.sends("200 OK", to="MESSAGE")
    messages.alice.gets("200 OK")
    is_over(messages)


def test_a_request_outside_of_a_call_goes_to_the_next_when_the_connection_fails() -> None:
    by_tcp = target(SECOND, transport="TCP")
    messages = Scene(trunk=trunk(methods=frozenset({"MESSAGE"})), targets=(TARGET, by_tcp), bob="TCP")
    messages.carol.transport = "TCP"
    messages.alice.sends("MESSAGE")
    messages.bob.gets("MESSAGE")
    messages.loses(messages.bob)
    messages.carol.gets("MESSAGE")
    messages.loses(messages.carol)
    messages.alice.gets("500 Server Internal Error")
    is_over(messages)


def test_a_request_that_was_never_answered_is_tried_nowhere_else_after_its_sender_gave_up(messages: Scene) -> None:
    messages.alice.sends("MESSAGE")
    messages.passes(31.9)
    messages.bob.inbox.clear()
    messages.alice.gets("100 Trying")
    messages.passes(60)
    messages.check_over()


def test_no_request_but_an_invite_is_ever_cancelled(messages: Scene) -> None:
    """Three calls without an answer mark Bob down while a MESSAGE waits for him, which goes on to Carol at once."""
    messages.alice.sends("MESSAGE")
    messages.bob.gets("MESSAGE")
    for _ in range(3):
        messages.alice.forgets()
        messages.call()
    messages.passes(4)
    messages.bob.inbox.clear()
    messages.carol.inbox.clear()
    messages.alice.inbox.clear()
    assert messages.marked == [("pbx", False)]
    messages.bob.sends("100 Trying", to="MESSAGE")
    messages.check_quiet()


def test_a_request_that_was_answered_late_is_tried_nowhere_else() -> None:
    allowed = trunk(methods=frozenset({"MESSAGE"}))
    scene = Scene(trunk=allowed, targets=(target(down_after=1), SECOND, THIRD))
    scene.alice.sends("MESSAGE")
    scene.bob.gets("MESSAGE")
    scene.alice.forgets()
    scene.call()
    scene.passes(4)
    scene.carol.gets("INVITE")
    scene.carol.gets("MESSAGE")
    scene.bob.sends("200 OK", to="MESSAGE")
    scene.alice.inbox.clear()
    scene.carol.sends("503 Service Unavailable", to="MESSAGE")
    assert scene.alice.inbox == []
    assert scene.elsewhere == []


def test_each_answer_is_read_as_one_to_the_try_that_it_names(scene: Scene) -> None:
    falls_silent(scene)
    first, second = scene.bob.got["INVITE"].via.branch, scene.carol.got["INVITE"].via.branch
    scene.bob.sends("180 Ringing")
    scene.bob.gets("CANCEL")
    scene.carol.sends("180 Ringing")
    ringing = scene.alice.gets("180 Ringing")
    assert isinstance(ringing, Response)
    assert first != second
    assert ringing.to_tag == b"carol-tag"
