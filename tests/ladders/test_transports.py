"""Calls over TCP and TLS, and from one transport to another (RFC 3261 17 and 18, RFC 5658)."""

import pytest
from scene import Scene, Transport

from sip_guard.verdict import Reject

SIDES = [("TCP", "UDP"), ("UDP", "TCP"), ("TLS", "TCP"), ("TCP", "TCP"), ("TLS", "TLS")]


@pytest.mark.parametrize(("alice", "bob"), SIDES)
def test_a_call_passes_from_one_transport_to_another_and_back(alice: Transport, bob: Transport) -> None:
    scene = Scene(alice=alice, bob=bob)
    scene.talk()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.bob.gets("INVITE")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    scene.passes(64.0)
    scene.check_over()


@pytest.mark.parametrize(("alice", "bob"), SIDES)
def test_each_side_gets_a_record_route_for_its_own_transport(alice: Transport, bob: Transport) -> None:
    scene = Scene(alice=alice, bob=bob)
    scene.call()
    written = [value.decode() for value in scene.bob.got["INVITE"].values(b"record-route")]
    look = {"UDP": "<sip:192.0.2.1:5060;lr", "TCP": "<sip:192.0.2.1:5060;transport=tcp;lr"}
    look["TLS"] = "<sips:192.0.2.1:5060;lr"
    assert [value.rpartition(";")[0] for value in written] == [look[side] for side in dict.fromkeys((bob, alice))]


def test_nothing_is_sent_again_over_tcp() -> None:
    scene = Scene(alice="TCP", bob="TCP")
    scene.call()
    scene.passes(31.9)
    scene.check_quiet()


def test_a_call_that_is_never_answered_over_tcp_ends_too() -> None:
    scene = Scene(alice="TCP", bob="TCP")
    scene.call()
    assert scene.times(scene.alice, "408 Request Timeout", 33.0) == [32.0]


def test_a_refusal_over_tcp_is_sent_once_and_waits_for_its_ack() -> None:
    scene = Scene(alice="TCP")
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(438, "Invalid Identity Header"))
    scene.alice.gets("438 Invalid Identity Header")
    scene.passes(5.0)
    scene.check_quiet()
    scene.alice.sends("ACK")
    scene.passes(0.0)
    scene.check_over()


def test_a_broken_connection_to_the_pbx_is_told_to_the_caller_at_once() -> None:
    scene = Scene(bob="TCP")
    scene.call()
    scene.loses(scene.bob)
    scene.alice.gets("500 Server Internal Error")
    scene.alice.sends("ACK")
    scene.passes(64.0)
    scene.check_over()


def test_a_request_in_a_call_gets_an_answer_when_the_connection_breaks() -> None:
    scene = Scene(bob="TCP")
    scene.talk()
    scene.alice.sends("BYE")
    scene.bob.takes("BYE")
    scene.loses(scene.bob)
    scene.alice.gets("500 Server Internal Error")
    scene.passes(64.0)
    scene.check_over()


def test_a_connection_that_breaks_after_the_answer_changes_nothing() -> None:
    scene = Scene(bob="TCP")
    scene.talk()
    scene.loses(scene.bob)
    scene.check_quiet()


def test_a_connection_to_somebody_else_that_breaks_changes_nothing() -> None:
    scene = Scene(bob="TCP")
    scene.call()
    scene.loses(scene.alice)
    scene.check_quiet()


def test_answers_over_tcp_go_along_the_connection_of_the_request() -> None:
    scene = Scene(alice="TCP")
    scene.alice.sends("INVITE", via="SIP/2.0/TCP 198.51.100.7:9;branch=z9hG4bK-elsewhere")
    scene.alice.gets("100 Trying")
