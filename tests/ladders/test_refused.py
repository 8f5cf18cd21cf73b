"""Calls and requests that the guard or the callee refuses."""

import pytest
from messages import values
from scene import TARGET, Scene

from sip_guard.proxy.action import Send
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import MalformedMessage, parse
from sip_guard.verdict import Reject


def test_a_rejected_call_is_answered_again_until_it_is_acknowledged(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(438, "Invalid Identity Header"))
    scene.alice.gets("438 Invalid Identity Header")
    scene.passes(0.5)
    rejected = scene.alice.gets("438 Invalid Identity Header")
    assert rejected.to_tag
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()


def test_a_rejection_is_resent_at_growing_intervals_and_then_forgotten(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(403, "Stale Date"))
    sent_again = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert scene.times(scene.alice, "403 Stale Date", 100) == sent_again
    scene.check_over()


def test_an_invite_sent_again_after_its_rejection_gets_it_again_at_once(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(428, "Use Identity Header"))
    scene.alice.takes("428 Use Identity Header")
    scene.alice.repeats("INVITE")
    scene.alice.gets("428 Use Identity Header")
    scene.alice.sends("ACK")
    scene.alice.repeats("INVITE")
    scene.alice.repeats("ACK")
    scene.check_quiet()


def test_after_timer_i_the_same_branch_is_a_new_call(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(438, "Invalid Identity Header"))
    scene.alice.gets("438 Invalid Identity Header")
    scene.alice.sends("ACK")
    scene.passes(4.9)
    scene.alice.repeats("INVITE")
    assert scene.screens == []
    scene.passes(0.2)
    scene.alice.repeats("INVITE")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1


def test_a_rejected_caller_may_try_again_under_the_same_call_id(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict(Reject(428, "Use Identity Header"))
    scene.alice.gets("428 Use Identity Header")
    scene.alice.sends("ACK")
    scene.call("Identity: e30.e30.e30;info=<https://cert.example.org/a.pem>")


@pytest.mark.parametrize("status", ["302 Moved", "404 Not Found", "486 Busy Here", "500 Failure", "603 Decline"])
def test_the_callees_refusal_is_relayed_and_acknowledged_on_each_side(scene: Scene, status: str) -> None:
    scene.call()
    scene.bob.sends(status, "Reason: Q.850;cause=17")
    ack = scene.bob.gets("ACK")
    refused = scene.alice.gets(status)
    assert refused.value(b"reason") == b"Q.850;cause=17"
    scene.bob.repeats(status.partition(" ")[0])
    scene.bob.gets("ACK")
    scene.alice.sends("ACK")
    scene.passes(60)
    scene.check_over()
    invite = scene.bob.got["INVITE"]
    assert ack.start == invite.start.replace(b"INVITE", b"ACK")
    assert ack.via == invite.via
    assert len(ack.vias) == 1
    assert ack.value(b"cseq") == b"1 ACK"
    assert ack.to_tag == b"bob-tag"
    assert ack.value(b"from") == invite.value(b"from")


def test_a_challenge_reaches_the_caller_with_its_headers(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("407 Proxy Authentication Required", 'Proxy-Authenticate: Digest realm="pbx", nonce="1"')
    assert b"proxy-authenticate" in scene.alice.gets("407 Proxy Authentication Required")


def test_a_503_of_the_target_becomes_a_500(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.alice.gets("500 Server Internal Error")


def test_a_stranger_gets_nothing(scene: Scene) -> None:
    mallory = scene.phone("mallory", "mallory", ("192.0.2.66", 5060))
    for method in ("INVITE", "OPTIONS", "BYE", "CANCEL", "REGISTER"):
        mallory.sends(method)
    mallory.says(b"INVITE what SIP/2.0\r\n\r\n")
    mallory.says(b"OPTIONS sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66\r\n\r\n")
    scene.check_over()


def test_a_strangers_answer_is_dropped(scene: Scene) -> None:
    mallory = scene.phone("mallory", "mallory", ("192.0.2.66", 5060))
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    mallory.got["INVITE"] = scene.bob.got["INVITE"]
    mallory.sends("200 OK")
    scene.check_quiet()


@pytest.mark.parametrize("method", ["REGISTER", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "UNHEARD-OF"])
def test_other_requests_outside_of_a_dialog_are_not_allowed(scene: Scene, method: str) -> None:
    scene.alice.sends(method)
    assert scene.alice.gets("405 Method Not Allowed").value(b"allow") == b"INVITE, ACK, CANCEL, OPTIONS"
    scene.check_over()


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK", "NOTIFY", "REFER"])
def test_a_request_of_a_dialog_that_is_none_is_refused(scene: Scene, method: str) -> None:
    scene.alice.remote_tag = "never-heard-of"
    scene.alice.sends(method)
    scene.alice.gets("481 Call/Transaction Does Not Exist")
    scene.bob.sends(method, to=f"<sip:{TARGET.name}@guard.example>;tag=never-heard-of")
    scene.bob.gets("481 Call/Transaction Does Not Exist")
    scene.check_over()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_options_are_answered_by_the_guard(scene: Scene, who: str) -> None:
    phone = getattr(scene, who)
    phone.sends("OPTIONS")
    answered = phone.gets("200 OK")
    assert answered.value(b"allow") == b"INVITE, ACK, CANCEL, OPTIONS"
    assert answered.to_tag
    scene.check_over()


def test_the_target_cannot_call_out(scene: Scene) -> None:
    scene.bob.sends("INVITE")
    scene.bob.gets("403 No Route Out")
    scene.check_over()


@pytest.mark.parametrize(
    "route",
    [
        "<sip:203.0.113.66;lr>",
        "<sip:192.0.2.1:5060;lr>, <sip:203.0.113.66;lr>",
        "<sip:proxy.example;lr>",
        "<sip:192.0.2.1:5061;lr>",
        "sip:203.0.113.66",
        "nonsense",
        "<tel:+12155551213>",
    ],
)
def test_a_route_to_another_place_is_refused(scene: Scene, route: str) -> None:
    scene.alice.sends("INVITE", route=route)
    scene.alice.gets("403 Foreign Route")
    scene.check_over()


def test_a_route_that_names_the_guard_alone_is_taken_off(scene: Scene) -> None:
    scene.call(route="<sip:192.0.2.1:5060;lr>, <sip:192.0.2.1;lr>")
    assert b"route" not in scene.bob.got["INVITE"]


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_request_that_went_too_far_is_stopped(scene: Scene, method: str) -> None:
    scene.alice.sends(method, max_forwards="0")
    scene.alice.gets("483 Too Many Hops")
    scene.check_over()


def test_a_request_without_max_forwards_gets_one(scene: Scene) -> None:
    text = scene.alice.sends("OPTIONS").replace(b"OPTIONS", b"INVITE").replace(b"Max-Forwards: 70\r\n", b"")
    scene.alice.gets("200 OK")
    scene.alice.says(text)
    scene.alice.gets("100 Trying")
    scene.verdict()
    assert scene.bob.gets("INVITE").value(b"max-forwards") == b"70"


def test_what_a_proxy_must_understand_and_does_not_is_named(scene: Scene) -> None:
    scene.alice.sends("INVITE", "Require: 100rel", "Proxy-Require: privacy, foo", "Proxy-Require: bar")
    refused = scene.alice.gets("420 Bad Extension")
    assert values(refused, "unsupported") == ["privacy, foo, bar"]


@pytest.mark.parametrize("uri", ["mailto:bob@example.com", "http://example.com/", "soap.beep://192.0.2.103:3002"])
def test_a_request_uri_of_another_scheme_is_not_supported(scene: Scene, uri: str) -> None:
    scene.alice.sends("INVITE", uri=uri)
    scene.alice.gets("416 Unsupported URI Scheme")


@pytest.mark.parametrize("uri", ["tel:+12155551213", "sips:bob@example.com", "urn:service:sos"])
def test_other_ways_to_name_the_callee_are(scene: Scene, uri: str) -> None:
    scene.call(uri=uri)
    assert scene.bob.got["INVITE"].start == f"INVITE {uri} SIP/2.0".encode()


def test_more_calls_than_can_be_kept_are_refused_and_those_in_progress_go_on() -> None:
    scene = Scene(max_transactions=3)
    scene.talk()
    for branch in ("z9hG4bKb", "z9hG4bKc"):
        scene.alice.sends("INVITE", branch=branch, call_id=branch, to="<sip:bob@guard.example>")
        scene.alice.gets("100 Trying")
    scene.alice.sends("INVITE", call_id="one-too-many", to="<sip:bob@guard.example>")
    refused = scene.alice.gets("503 Too Many Transactions")
    assert b"retry-after" not in refused
    scene.alice.sends("ACK")
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.alice.gets("200 OK")


def test_a_large_call_counts_as_several() -> None:
    scene = Scene(max_transactions=5)
    for number, length in enumerate((20_000, 20_000)):
        branch = f"z9hG4bK{number}"
        scene.alice.sends("INVITE", body=b"a" * length, branch=branch, call_id=branch)
        scene.alice.gets("100 Trying")
    scene.alice.sends("INVITE", branch="z9hG4bKx", call_id="small")
    scene.alice.gets("503 Too Many Transactions")
    scene.verdict(Reject(403, "Forbidden"))
    scene.alice.gets("403 Forbidden")
    scene.passes(40)
    scene.alice.inbox.clear()
    scene.alice.sends("INVITE", branch="z9hG4bKy", call_id="later")
    scene.alice.gets("100 Trying")


def test_even_requests_of_a_dialog_are_bounded() -> None:
    scene = Scene(max_transactions=3)
    scene.talk()
    for _ in range(5):
        scene.alice.sends("INFO")
        scene.bob.gets("INFO")
    scene.alice.sends("INFO")
    scene.alice.gets("503 Too Many Transactions")
    assert scene.guard.transactions == 6


def test_a_stray_answer_is_dropped(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.takes("180 Ringing")
    for change in ("z9hG4bKnever", "z9hG4bK"):
        text = scene.bob.sent["180"].replace(scene.bob.got["INVITE"].via.branch, change.encode())
        scene.bob.says(text)
    scene.bob.says(scene.bob.sent["180"].replace(b"1 INVITE", b"1 BYE"))
    scene.check_quiet()


def test_an_answer_with_no_via_but_ours_is_dropped(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.takes("200 OK")
    alices = b"Via: " + scene.alice.via("z9hG4bK-alice-1").encode() + b"\r\n"
    assert alices in scene.bob.sent["200"]
    scene.bob.says(scene.bob.sent["200"].replace(alices, b""))
    scene.check_quiet()


def test_an_ack_for_nothing_goes_nowhere(scene: Scene) -> None:
    scene.alice.got["200"] = parse(b"SIP/2.0 200 OK\r\n" + scene.alice.sends("OPTIONS").partition(b"\r\n")[2])
    scene.alice.takes("200 OK")
    scene.alice.sends("ACK")
    scene.alice.remote_tag = "x"
    scene.alice.sends("ACK")
    scene.check_over()


def test_a_malformed_request_is_told_what_is_wrong_with_it(scene: Scene) -> None:
    scene.alice.sends("INVITE", contact="<sip:alice@198.51.100.7")
    scene.alice.gets("400 Bad Request (Contact)")
    scene.alice.sends("INVITE", max_forwards="256")
    scene.alice.gets("400 Bad Request (Max-Forwards)")
    scene.check_over()


def test_a_malformed_ack_or_answer_gets_nothing(scene: Scene) -> None:
    scene.call()
    scene.alice.says(
        scene.alice.sent["INVITE"].replace(b"INVITE", b"ACK").replace(b"Max-Forwards: 70", b"Max-Forwards: x")
    )
    scene.bob.says(scene.bob.sends("180 Ringing").replace(b"From: ", b"From: <"))
    scene.alice.gets("180 Ringing")
    scene.check_quiet()


def test_a_request_whose_via_cannot_be_read_is_answered_where_it_came_from(scene: Scene) -> None:
    scene.alice.sends("INVITE", via="SIP/2.0/UDP 192.0.2.66;;branch=z9hG4bKx")
    assert values(scene.alice.gets("400 Bad Request (Via)"), "via") == ["SIP/2.0/UDP 192.0.2.66;;branch=z9hG4bKx"]


def test_a_request_without_via_cannot_be_answered(scene: Scene) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(b"OPTIONS sip:guard SIP/2.0\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n")
    flow = Flow("UDP", ("192.0.2.1", 5060), scene.alice.address)
    assert scene.guard.refuse(caught.value, flow) == []


def test_the_same_malformed_request_gets_the_same_answer(scene: Scene) -> None:
    flow = Flow("UDP", ("192.0.2.1", 5060), scene.alice.address)
    octets = set()
    for _ in range(2):
        with pytest.raises(MalformedMessage) as caught:
            parse(scene.alice.sent.get("INVITE") or scene.alice.sends("INVITE", max_forwards="x"))
        (send,) = scene.guard.refuse(caught.value, flow)
        assert isinstance(send, Send)
        octets.add(send.octets)
    assert len(octets) == 1
