"""Packets that get lost, peers that fall silent: every timer of RFC 3261 17 and RFC 6026 once."""

import pytest
from scene import Scene

DOUBLING = [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
"""Timer A: an INVITE is sent again at intervals that double."""
LEVELLING = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""Timers E and G: at intervals that double up to T2."""


def test_timers_a_and_b_an_invite_is_sent_again_and_given_up_on_after_32_s(scene: Scene) -> None:
    scene.call()
    assert scene.times(scene.bob, "INVITE", 31.9) == DOUBLING
    scene.passes(0.1)
    scene.alice.gets("408 Request Timeout")
    scene.alice.sends("ACK")
    scene.passes(10)
    scene.check_over()


def test_timer_a_ends_with_the_first_answer(scene: Scene) -> None:
    scene.call()
    assert scene.times(scene.bob, "INVITE", 2) == [0.5, 1.5]
    scene.bob.sends("100 Trying")
    assert scene.times(scene.bob, "INVITE", 40) == []


def test_the_invite_is_sent_again_octet_by_octet(scene: Scene) -> None:
    scene.call()
    first = scene.bob.got["INVITE"].raw
    scene.passes(0.5)
    assert scene.bob.gets("INVITE").raw == first


def test_timer_c_a_callee_that_rings_for_ever_is_cancelled(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.passes(184.9)
    scene.check_quiet()
    scene.passes(0.2)
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    scene.bob.gets("ACK")
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_timer_c_starts_anew_with_each_provisional_answer(scene: Scene) -> None:
    scene.call()
    for _ in range(3):
        scene.bob.sends("180 Ringing")
        scene.alice.gets("180 Ringing")
        scene.passes(150)
    scene.check_quiet()
    scene.passes(36)
    scene.bob.gets("CANCEL")


def test_timer_c_a_callee_that_does_not_even_answer_the_cancel_is_given_up_on(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.passes(185.1)
    scene.bob.gets("CANCEL")
    assert scene.times(scene.bob, "CANCEL", 31.8) == pytest.approx([t - 0.1 for t in LEVELLING])
    scene.passes(0.2)
    scene.alice.gets("487 Request Terminated")
    scene.passes(60)
    scene.bob.inbox.clear()
    scene.alice.inbox.clear()
    scene.check_over()


def test_timer_d_a_refusal_that_comes_again_is_acknowledged_again_for_32_s(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("486 Busy Here")
    first = scene.bob.gets("ACK").raw
    scene.alice.gets("486 Busy Here")
    scene.alice.sends("ACK")
    scene.passes(31.9)
    scene.bob.repeats("486")
    assert scene.bob.gets("ACK").raw == first
    scene.passes(0.2)
    scene.bob.repeats("486")
    scene.check_over()


def test_timers_e_and_f_a_bye_is_sent_again_and_given_up_on_without_a_408(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    assert scene.times(scene.bob, "BYE", 100) == LEVELLING
    assert scene.times(scene.alice, "100 Trying", 0) == [-96.5]
    scene.check_over()


def test_timer_e_levels_at_once_when_the_callee_says_that_it_tries(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("100 Trying", to="BYE")
    assert scene.times(scene.bob, "BYE", 13) == [0.5, 4.5, 8.5, 12.5]


def test_timer_j_a_bye_that_comes_again_gets_its_answer_again_for_32_s(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.alice.takes("200 OK")
    scene.passes(31.9)
    scene.alice.repeats("BYE")
    scene.alice.gets("200 OK")
    scene.check_quiet()
    scene.passes(0.2)
    assert scene.guard.transactions == 0


def test_timer_k_an_answer_that_comes_again_is_swallowed(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.alice.gets("200 OK")
    scene.bob.repeats("200")
    scene.check_quiet()
    invites = 1
    assert len(scene.guard._table.clients) == 1 + invites
    scene.passes(5.1)
    assert len(scene.guard._table.clients) == invites


def test_timers_l_and_m_answers_of_a_callee_pass_for_32_s_and_invites_are_absorbed(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.passes(31.9)
    scene.alice.repeats("INVITE")
    scene.bob.repeats("200")
    scene.alice.gets("200 OK")
    scene.check_quiet()
    scene.passes(0.2)
    scene.bob.repeats("200")
    scene.check_over()


def test_a_lost_ack_of_a_2xx_is_asked_for_again_by_the_callee(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.takes("ACK")
    scene.passes(0.5)
    scene.bob.repeats("200")
    scene.alice.gets("200 OK")
    scene.alice.repeats("ACK")
    scene.bob.gets("ACK")
    scene.check_quiet()


def test_an_answer_that_comes_after_the_guard_gave_up_is_dropped(scene: Scene) -> None:
    scene.call()
    scene.passes(32)
    scene.alice.gets("408 Request Timeout")
    scene.alice.sends("ACK")
    scene.bob.inbox.clear()
    scene.bob.sends("200 OK")
    scene.passes(100)
    scene.check_over()


def test_a_verdict_that_never_comes_is_a_mistake_of_ours(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.passes(32)
    scene.alice.gets("500 Server Internal Error")
    assert len(scene.abandoned) == 1
    scene.verdict()
    scene.alice.sends("ACK")
    scene.passes(10)
    scene.check_over()


def test_a_late_final_answer_to_an_invite_cannot_follow_another(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.bob.sends("200 OK")
    scene.bob.sends("180 Ringing")
    scene.bob.sends("603 Decline")
    scene.bob.gets("ACK")
    scene.check_quiet()


def test_a_refusal_cannot_follow_an_answer(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.bob.sends("486 Busy Here")
    scene.bob.sends("180 Ringing")
    scene.check_quiet()


def test_nothing_is_kept_for_long_of_a_call_that_is_over(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.alice.sends("ACK")
    scene.passes(33)
    scene.check_over()
    assert not scene.guard._table.timers._live
