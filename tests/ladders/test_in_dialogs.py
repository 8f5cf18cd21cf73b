"""Requests other than INVITE within a call (RFC 3261 17.1.2 and 17.2.2, RFC 4320)."""

import pytest
from messages import values
from scene import TARGET, Scene

from sip_guard.sip.message import Request

FORGED = "<sip:+442079460000;verstat=TN-Validation-Passed@carrier.example>"


@pytest.mark.parametrize(("first", "second"), [("alice", "bob"), ("bob", "alice")])
@pytest.mark.parametrize("method", ["INFO", "UPDATE", "REFER", "NOTIFY", "MESSAGE", "UNHEARD-OF"])
def test_any_method_passes_within_a_dialog(scene: Scene, method: str, first: str, second: str) -> None:
    scene.talk()
    sender, receiver = getattr(scene, first), getattr(scene, second)
    sender.sends(method)
    sender.repeats(method)
    received = receiver.gets(method)
    assert isinstance(received, Request)
    assert received.uri.decode() == receiver.uri
    assert b"route" not in received
    assert b"record-route" not in received
    receiver.sends("202 Accepted", to=method)
    sender.gets("202 Accepted")
    sender.repeats(method)
    sender.gets("202 Accepted")
    scene.check_quiet()


def test_a_provisional_answer_to_another_request_than_invite_is_not_relayed(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("183 Session Progress", to="INFO")
    scene.check_quiet()
    scene.bob.sends("200 OK", to="INFO")
    scene.alice.gets("200 OK")


def test_a_request_that_waits_for_its_answer_gets_a_100_after_3_5_s_and_not_before(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("100 Trying", to="INFO")
    scene.alice.repeats("INFO")
    assert scene.times(scene.alice, "100 Trying", 3.6) == [3.5]
    scene.alice.repeats("INFO")
    scene.alice.gets("100 Trying")
    scene.bob.sends("200 OK", to="INFO")
    scene.alice.gets("200 OK")


def test_no_408_is_relayed_to_a_request_other_than_invite(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("408 Request Timeout", to="INFO")
    scene.alice.repeats("INFO")
    scene.passes(100)
    scene.check_over()


def test_a_503_to_any_request_becomes_a_500(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("503 Service Unavailable", to="INFO")
    scene.alice.gets("500 Server Internal Error")


def test_what_is_forged_in_a_call_is_removed_as_at_its_beginning(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO", "P-Attestation-Indicator: A", "X-SIP-Guard: v=1", contact=FORGED)
    received = scene.bob.gets("INFO")
    assert b"verstat" not in received.raw
    assert b"p-attestation-indicator" not in received
    assert b"x-sip-guard" not in received


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
@pytest.mark.parametrize("field", ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"])
def test_who_calls_cannot_change_within_a_call(scene: Scene, method: str, field: str) -> None:
    scene.talk()
    scene.alice.sends(method, f"{field}: <sip:+442079460000@carrier.example>")
    assert scene.bob.gets(method).index(field.lower().encode()) is None


def test_the_target_may_say_who_it_is(scene: Scene) -> None:
    scene.talk()
    scene.bob.sends("UPDATE", "P-Asserted-Identity: <sip:+12155551299@pbx.example>")
    assert b"p-asserted-identity" in scene.alice.gets("UPDATE")


def test_a_request_that_leads_back_to_the_guard_is_answered(scene: Scene) -> None:
    scene.talk()
    scene.bob.sends("BYE", uri="sip:192.0.2.1:5060")
    scene.bob.gets("404 Not Found")
    scene.alice.sends("ACK", uri="sip:192.0.2.1:5060")
    scene.passes(100)
    scene.check_over()


@pytest.mark.parametrize("uri", ["sip:alice@sbc.carrier.example", "sip:alice@224.0.1.75", "tel:+1215"])
def test_a_caller_named_otherwise_than_by_an_address_is_where_the_call_came_from(scene: Scene, uri: str) -> None:
    scene.talk()
    scene.bob.sends("BYE", uri=uri)
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")


def test_a_carrier_that_record_routes_by_name_is_where_the_call_came_from(scene: Scene) -> None:
    scene.call("Record-Route: <sip:sbc.carrier.example;lr>")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.bob.sends("BYE")
    assert values(scene.alice.gets("BYE"), "route") == ["<sip:sbc.carrier.example;lr>"]


def test_what_the_target_cannot_have_from_us_leads_nowhere(scene: Scene) -> None:
    scene.talk()
    forged = scene.bob.routes[0].partition(".VU")[0] + ".rubbish>"
    scene.bob.sends("BYE", uri="sip:alice@sbc.carrier.example", route=forged)
    scene.bob.gets("404 Not Found")


def test_within_a_call_a_trunk_reaches_the_target_and_nobody_else(scene: Scene) -> None:
    scene.talk()
    for uri in ("sip:bob@203.0.113.66", "sip:bob@pbx.example"):
        scene.alice.sends("ACK", uri=uri)
        scene.bob.gets("ACK")
    scene.alice.sends("INFO", route=f"{scene.alice.routes[0]}, <sip:198.18.0.7;lr>")
    assert values(scene.bob.gets("INFO"), "route") == ["<sip:198.18.0.7;lr>"]
    scene.alice.sends("BYE", uri=f"sip:bob@{TARGET.host}:5066")
    assert [send.flow.remote for send in scene.elsewhere] == [(TARGET.host, 5066)]


def test_a_request_of_a_call_has_hops_to_spend_too(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO", max_forwards="1")
    assert scene.bob.gets("INFO").value(b"max-forwards") == b"0"
    scene.alice.sends("INFO", max_forwards="0")
    scene.alice.gets("483 Too Many Hops")
    scene.alice.sends("ACK", max_forwards="0")
    scene.check_quiet()


def test_what_an_ack_says_that_a_proxy_must_understand_is_not_asked(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("ACK", "Proxy-Require: privacy")
    scene.bob.gets("ACK")
