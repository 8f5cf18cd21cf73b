"""What passes outside of calls besides INVITE, in both directions: only what a trunk allows."""

import pytest
from messages import values
from scene import OTHER_OUT, OUT, SECOND, Scene, target, trunk

from sip_guard.peer import Route
from sip_guard.sip.message import Message, parse

MESSAGE = frozenset({"MESSAGE"})
BOTH = frozenset({"MESSAGE", "REGISTER"})
TEXT = b"Hello"
ASSERTED = "P-Asserted-Identity: <sip:+12155550000@carrier.example>"


def made(methods: frozenset[str] = BOTH, **changed: object) -> Scene:
    """Give Alice, on whose trunk these methods pass, and Erin, on whose none does; Bob, and Carol after him."""
    return Scene(
        trunk=trunk(methods=methods, **changed),
        targets=(target(), SECOND, OUT, OTHER_OUT),
        routes=(Route(prefixes=("+44",), trunks=("other",)), Route(trunks=("carrier",))),
    )


@pytest.fixture
def scene() -> Scene:
    return made()


@pytest.mark.parametrize("method", sorted(BOTH))
@pytest.mark.parametrize("out", [False, True])
def test_a_method_that_the_trunk_allows_passes_and_is_not_screened(scene: Scene, method: str, out: bool) -> None:
    sender, receiver = (scene.bob, scene.alice) if out else (scene.alice, scene.bob)
    sender.sends(method, "Content-Type: text/plain", body=TEXT)
    received = receiver.gets(method)
    assert received.body == TEXT
    assert b"record-route" not in received
    receiver.sends("200 OK", "Expires: 60", to=method)
    assert values(sender.gets("200 OK"), "expires") == ["60"]
    assert scene.screens == []
    scene.passes(40)
    scene.check_over()


@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "message"])
def test_one_that_it_does_not_allow_does_not(method: str, out: bool) -> None:
    scene = made(MESSAGE)
    sender = scene.bob if out else scene.alice
    sender.sends(method)
    answer = sender.gets("405 Method Not Allowed")
    assert values(answer, "allow") == ["INVITE, ACK, CANCEL, OPTIONS"]
    scene.check_over()


@pytest.mark.parametrize("out", [False, True])
def test_what_one_trunk_allows_another_does_not(scene: Scene, out: bool) -> None:
    if out:
        scene.bob.calls("+442079460000")
    sender = scene.bob if out else scene.erin
    sender.sends("MESSAGE")
    sender.gets("405 Method Not Allowed")
    scene.check_over()


def test_calls_are_screened_whatever_else_passes(scene: Scene) -> None:
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1
    assert scene.bob.inbox == []


# What is cleaned.


FORGED = ["P-Attestation-Indicator: A", "X-SIP-Guard: v=1", "Priority-Verstat: x", "X-FS-Display-Number: 1"]


def test_what_a_trunk_forges_is_removed_from_a_message(scene: Scene) -> None:
    from_ = "<sip:+12155551212;verstat=TN-Validation-Passed@carrier.example>;tag=alice-tag"
    uri = "sip:+12155551213;verstat=TN-Validation-Passed@192.0.2.1:5060"
    scene.alice.sends("MESSAGE", *FORGED, ASSERTED, "Remote-Party-ID: <sip:1@x>", from_=from_, uri=uri)
    received = scene.bob.gets("MESSAGE")
    assert b"verstat" not in received.raw.lower()
    removed = [line.partition(":")[0].lower().encode() for line in (*FORGED, ASSERTED, "Remote-Party-ID:")]
    assert [name for name in removed if name in received] == []


def test_nobody_screened_who_sends_a_message_so_what_is_asserted_does_not_pass() -> None:
    """In a call P-Asserted-Identity is screened. In a message it would be believed without."""
    scene = made(trust_asserted=True)
    scene.alice.sends("MESSAGE", ASSERTED)
    assert b"p-asserted-identity" not in scene.bob.gets("MESSAGE")


def test_a_trusted_trunk_may_say_all_that_it_says() -> None:
    scene = made(trusted=True)
    scene.alice.sends("MESSAGE", *FORGED, ASSERTED)
    received = scene.bob.gets("MESSAGE")
    assert len(values(received, "p-attestation-indicator") + values(received, "p-asserted-identity")) == 2


def test_the_answer_to_a_message_is_cleaned_too(scene: Scene) -> None:
    scene.bob.sends("MESSAGE")
    scene.alice.gets("MESSAGE")
    scene.alice.sends("200 OK", *FORGED, ASSERTED, to="MESSAGE")
    answer = scene.bob.gets("200 OK")
    removed = [line.partition(":")[0].lower().encode() for line in (*FORGED, ASSERTED)]
    assert [name for name in removed if name in answer] == []


def test_what_is_only_between_us_and_our_pbx_does_not_leave(scene: Scene) -> None:
    scene.bob.sends("MESSAGE", *FORGED[:3])
    received = scene.alice.gets("MESSAGE")
    removed = [line.partition(":")[0].lower().encode() for line in FORGED[:3]]
    assert [name for name in removed if name in received] == []


@pytest.mark.parametrize(("trusted", "shown"), [(True, True), (False, False)])
def test_who_sends_a_message_is_told_to_those_who_may_know(trusted: bool, shown: bool) -> None:
    scene = made(trust_asserted=trusted)
    scene.bob.sends("MESSAGE", ASSERTED, "Privacy: id")
    assert (b"p-asserted-identity" in scene.alice.gets("MESSAGE")) is shown


def test_all_else_is_as_it_came(scene: Scene) -> None:
    sent = scene.alice.sends("REGISTER", "Identity: a.b.c", "Path: <sip:x;lr>", "Expires  :  60", contact="*")
    received = scene.bob.gets("REGISTER")
    kept = [line for line in received.lines[1:] if not line.startswith((b"Max-Forwards", b"Max-Breadth"))]
    assert [line for line in kept if line + b"\r\n" not in sent] == []
    assert received.start + b"\r\n" in sent


# Where it goes, and how it ends.


def test_a_message_goes_to_the_next_target_when_the_first_cannot_take_it(scene: Scene) -> None:
    scene.alice.sends("MESSAGE")
    scene.bob.gets("MESSAGE")
    scene.bob.sends("503 Service Unavailable", to="MESSAGE")
    scene.carol.gets("MESSAGE")
    scene.carol.sends("200 OK", to="MESSAGE")
    scene.alice.gets("200 OK")


def test_a_message_that_is_sent_again_arrives_once(scene: Scene) -> None:
    scene.alice.sends("MESSAGE")
    scene.alice.repeats("MESSAGE")
    scene.bob.gets("MESSAGE")
    assert scene.bob.inbox == []
    scene.bob.sends("202 Accepted", to="MESSAGE")
    scene.alice.gets("202 Accepted")
    scene.alice.repeats("MESSAGE")
    scene.alice.gets("202 Accepted")
    scene.check_quiet()


def test_a_message_without_an_answer_gets_none(scene: Scene) -> None:
    """A 408 would come when its sender has given up (RFC 4320 4.2); until then a 100 tells that it is on its way."""
    scene.alice.sends("MESSAGE")
    scene.passes(100)
    assert [arrival.message.start for arrival in scene.alice.inbox] == [b"SIP/2.0 100 Trying"]
    scene.alice.inbox.clear()
    scene.bob.inbox.clear()
    scene.carol.inbox.clear()
    scene.check_over()


def test_a_registration_is_challenged_and_comes_again(scene: Scene) -> None:
    scene.alice.sends("REGISTER")
    scene.bob.gets("REGISTER")
    scene.bob.sends("401 Unauthorized", 'WWW-Authenticate: Digest realm="pbx"', to="REGISTER")
    assert values(scene.alice.gets("401 Unauthorized"), "www-authenticate") == ['Digest realm="pbx"']
    scene.alice.sends("REGISTER", 'Authorization: Digest realm="pbx"')
    assert values(scene.bob.gets("REGISTER"), "authorization") == ['Digest realm="pbx"']


@pytest.mark.parametrize("out", [False, True])
def test_a_message_chooses_no_way_of_its_own(scene: Scene, out: bool) -> None:
    sender = scene.bob if out else scene.alice
    sender.sends("MESSAGE", route="<sip:192.0.2.1;lr>, <sip:203.0.113.99;lr>")
    sender.gets("403 Foreign Route")
    scene.check_over()


def test_the_request_uri_of_a_message_leads_nowhere_but_to_our_side(scene: Scene) -> None:
    scene.alice.sends("MESSAGE", uri="sip:x@198.18.0.7:5060")
    scene.bob.gets("MESSAGE")
    scene.check_quiet()


@pytest.mark.parametrize("out", [False, True])
def test_a_message_of_a_call_that_is_none_is_refused(scene: Scene, out: bool) -> None:
    sender = scene.bob if out else scene.alice
    sender.remote_tag = "made-up"
    sender.sends("MESSAGE")
    sender.gets("481 Call/Transaction Does Not Exist")
    scene.check_over()


def test_within_a_call_a_message_passes_whatever_the_trunk_allows() -> None:
    scene = made(frozenset())
    scene.talk()
    scene.alice.sends("MESSAGE")
    scene.bob.gets("MESSAGE")


def test_messages_are_no_calls_and_are_not_limited_as_such() -> None:
    scene = made(calls_per_second=1.0, concurrent_calls=1)
    for _ in range(5):
        scene.alice.sends("MESSAGE")
        scene.bob.gets("MESSAGE")
    scene.call()


def test_a_record_route_in_an_answer_to_a_message_proves_nothing(scene: Scene) -> None:
    """Without a dialog there is no proof, and an answer gives none."""
    scene.alice.sends("MESSAGE", "Record-Route: <sip:192.0.2.1:5060;lr;sg=x>")
    received = scene.bob.gets("MESSAGE")
    assert values(received, "record-route") == ["<sip:192.0.2.1:5060;lr;sg=x>"]
    scene.bob.sends("200 OK", to="MESSAGE")
    answer: Message = scene.alice.gets("200 OK")
    assert values(parse(answer.raw), "record-route") == ["<sip:192.0.2.1:5060;lr;sg=x>"]
    scene.alice.target = f"sip:x@{scene.bob.address[0]}"
    scene.alice.sends("BYE")
    scene.alice.gets("481 Call/Transaction Does Not Exist")
