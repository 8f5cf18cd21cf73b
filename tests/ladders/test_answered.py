"""Calls that are let through and answered."""

import pytest
from messages import SDP, values
from scene import Scene, trunk

from sip_guard.sip.headers import split_list
from sip_guard.sip.message import Request
from sip_guard.verdict import Forward, Tags


def test_a_call_is_set_up_through_the_guard_and_hung_up_by_the_caller(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    assert scene.bob.inbox == []
    scene.verdict()
    scene.bob.gets("INVITE")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.alice.gets("200 OK")
    scene.passes(300)
    scene.check_over()


def test_a_call_is_hung_up_by_the_callee(scene: Scene) -> None:
    scene.talk()
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    scene.passes(300)
    scene.check_over()


@pytest.mark.parametrize(("first", "second"), [("alice", "bob"), ("bob", "alice")])
def test_either_side_changes_the_session_with_a_re_invite(scene: Scene, first: str, second: str) -> None:
    scene.talk()
    caller, callee = getattr(scene, first), getattr(scene, second)
    caller.sends("INVITE", body=SDP)
    caller.gets("100 Trying")
    assert callee.gets("INVITE").body == SDP
    callee.sends("200 OK")
    caller.gets("200 OK")
    caller.sends("ACK")
    callee.gets("ACK")
    callee.sends("BYE")
    caller.gets("BYE")
    caller.sends("200 OK", to="BYE")
    callee.gets("200 OK")
    scene.passes(300)
    scene.check_over()


def test_what_is_sent_on_differs_only_where_a_proxy_writes(scene: Scene) -> None:
    sent = scene.alice.sends("INVITE", "X-Odd  :  kept,, as ; it is", "Subject: folded\r\n  twice", body=SDP)
    scene.alice.gets("100 Trying")
    scene.verdict(Forward(Tags(headers=((b"X-SIP-Guard", b"v=1"),))))
    received = scene.bob.gets("INVITE")
    via, record_route, *rest = received.lines
    assert via.startswith(b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK")
    assert record_route.startswith(b"Record-Route: <sip:192.0.2.1:5060;lr;sg=")
    assert rest.pop() == b"Max-Breadth: 60"
    assert rest.pop() == b"X-SIP-Guard: v=1"
    expected = sent.partition(b"\r\n\r\n")[0].replace(b"Max-Forwards: 70", b"Max-Forwards: 69").split(b"\r\n")
    assert b"\r\n".join((received.start, *rest)).split(b"\r\n") == expected
    assert received.body == SDP


def test_the_caller_sees_no_trace_of_the_guard_but_its_record_route(scene: Scene) -> None:
    scene.call("Record-Route: <sip:edge.carrier.example;lr>")
    sent = scene.bob.sends("200 OK", "Server: Bob")
    received = scene.alice.gets("200 OK")
    assert values(received, "via") == [scene.alice.via("z9hG4bK-alice-1")]
    ours, theirs = (item for value in received.values(b"record-route") for item in split_list(value))
    assert ours.startswith(b"<sip:192.0.2.1:5060;lr;sg=")
    assert theirs == b"<sip:edge.carrier.example;lr>"
    assert received.value(b"server") == b"Bob"
    assert b"192.0.2.1" in sent


def test_the_guard_fills_in_where_the_caller_is(scene: Scene) -> None:
    behind_nat = "SIP/2.0/UDP 10.0.0.7:5070;branch=z9hG4bKnat;rport"
    scene.call(via=behind_nat)
    assert values(scene.alice.got["100"], "via") == [f"{behind_nat}=5060;received=198.51.100.7"]
    assert values(scene.bob.got["INVITE"], "via")[1] == f"{behind_nat}=5060;received=198.51.100.7"
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")


def test_answers_go_to_the_port_of_the_via_where_no_rport_is_asked_for(scene: Scene) -> None:
    other_port = scene.phone("alice-5070", "alice", ("198.51.100.7", 5070))
    scene.alice.sends("INVITE", via="SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKport")
    other_port.gets("100 Trying")


def test_a_via_cannot_send_answers_to_somebody_else(scene: Scene) -> None:
    scene.alice.sends("INVITE", via="SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx;maddr=224.0.1.75;received=192.0.2.67")
    received = scene.alice.gets("100 Trying")
    assert b"received=198.51.100.7" in received.value(b"via")
    assert b"192.0.2.67" not in received.value(b"via")


def test_in_dialog_requests_shed_our_route_and_keep_the_others(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK", "Record-Route: <sip:203.0.113.5:5060;lr>")
    scene.alice.gets("200 OK")
    scene.alice.routes = [*scene.alice.routes[1:], scene.alice.routes[0]]
    scene.alice.sends("ACK")
    received = scene.bob.gets("ACK")
    assert values(received, "route") == ["<sip:203.0.113.5:5060;lr>"]
    assert isinstance(received, Request)
    assert received.uri.decode() == scene.bob.uri


def test_an_ack_of_a_2xx_leaves_no_transaction_behind(scene: Scene) -> None:
    scene.talk()
    before = scene.guard.transactions
    scene.alice.repeats("ACK")
    scene.bob.gets("ACK")
    assert scene.guard.transactions == before
    first, second = scene.alice.sent["ACK"], scene.bob.got["ACK"]
    assert second.via.branch not in first


def test_a_2xx_that_comes_again_passes_again(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.takes("200 OK")
    for _ in range(3):
        scene.passes(2)
        scene.bob.repeats("200")
        scene.alice.takes("200 OK")
    scene.check_quiet()


def test_a_2xx_is_not_resent_by_the_guard_itself(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    assert scene.times(scene.alice, "200 OK", 40) == [0]


def test_several_callees_may_answer(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.bob.tag = "bob-at-home"
    scene.bob.sends("200 OK")
    second = scene.alice.gets("200 OK")
    assert second.to_tag == b"bob-at-home"
    scene.alice.remote_tag = "bob-at-home"
    scene.alice.routes = [value.decode() for value in second.values(b"record-route")]
    scene.alice.sends("BYE")
    assert scene.bob.gets("BYE").to_tag == b"bob-at-home"


def test_provisional_answers_pass_with_their_tags_and_100_does_not(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("100 Trying")
    scene.check_quiet()
    scene.bob.sends("183 Session Progress", body=SDP)
    assert scene.alice.gets("183 Session Progress").body == SDP
    scene.alice.sends("PRACK")
    scene.bob.gets("PRACK")
    scene.bob.sends("200 OK", to="PRACK")
    scene.alice.gets("200 OK")


def test_an_invite_that_comes_again_gets_the_last_answer_and_is_screened_once(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1
    scene.verdict()
    scene.bob.gets("INVITE")
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.repeats("INVITE")
    scene.alice.gets("180 Ringing")
    scene.bob.sends("200 OK")
    scene.alice.takes("200 OK")
    scene.alice.repeats("INVITE")
    scene.check_quiet()


def test_a_verdict_counts_once(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    (screen,) = scene.screens
    scene.verdict()
    scene.bob.gets("INVITE")
    assert scene.guard.decide(screen.key, Forward(), scene.now) == []


def test_two_calls_at_once_do_not_touch_each_other(scene: Scene) -> None:
    scene.alice.sends("INVITE", call_id="one")
    scene.alice.sends("INVITE", call_id="two")
    scene.alice.gets("100 Trying")
    scene.alice.gets("100 Trying")
    one, two = scene.screens
    scene.carries_out(scene.guard.decide(two.key, Forward(), scene.now))
    assert scene.bob.gets("INVITE").value(b"call-id") == b"two"
    scene.carries_out(scene.guard.decide(one.key, Forward(), scene.now))
    assert scene.bob.gets("INVITE").value(b"call-id") == b"one"


def test_two_trunks_may_choose_the_same_branch(scene: Scene) -> None:
    carol = scene.phone("carol", "+13125550123", ("198.18.0.7", 5060))
    carol.address = scene.alice.address
    via = scene.alice.via("z9hG4bK-1-1-0")
    carol.address = ("198.18.0.7", 5060)
    scene.alice.sends("INVITE", via=via)
    scene.alice.gets("100 Trying")
    carol.sends("INVITE", via=f"{via};rport")
    carol.gets("100 Trying")
    assert [screen.trunk.name for screen in scene.screens] == ["carrier", "other"]
    carol.sends("CANCEL")
    carol.gets("200 OK")
    carol.gets("487 Request Terminated")
    assert [abandoned.key for abandoned in scene.abandoned] == [scene.screens[1].key]


def test_a_call_of_a_trusted_trunk_passes_as_it_is() -> None:
    scene = Scene(trunk=trunk(trusted=True))
    tagged = "<sip:+12155551212;verstat=TN-Validation-Passed@carrier.example>"
    scene.alice.local = tagged
    scene.call(
        "P-Attestation-Indicator: A", f"P-Asserted-Identity: {tagged}", "Remote-Party-ID: <sip:1@carrier.example>"
    )
    received = scene.bob.got["INVITE"]
    assert received.value(b"from").decode() == f"{tagged};tag=alice-tag"
    assert received.value(b"p-attestation-indicator") == b"A"
    assert values(received, "p-asserted-identity") == [tagged]
    assert b"remote-party-id" in received


def test_a_call_goes_to_its_trunks_target_whatever_its_request_uri(scene: Scene) -> None:
    scene.alice.target = "sip:+12155551213@203.0.113.99:5099"
    scene.call()
    received = scene.bob.got["INVITE"]
    assert isinstance(received, Request)
    assert received.uri == b"sip:+12155551213@203.0.113.99:5099"
