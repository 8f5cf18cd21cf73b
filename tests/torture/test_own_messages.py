"""The project's own messages that are hard to read right."""

import pytest
from own_messages import ANSWERS, DROPPED, REFUSED, VALID, Torture
from scene import Scene

from sip_guard.call import Call
from sip_guard.sip.message import Request, Response, parse


def named(messages: list[Torture]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("message", messages, ids=[message.name for message in messages])


def codes(scene: Scene) -> list[int]:
    assert scene.elsewhere == []
    return [arrival.message.code for arrival in scene.alice.inbox if isinstance(arrival.message, Response)]


def test_each_message_has_a_name_of_its_own() -> None:
    names = [message.name for message in (*VALID, *REFUSED, *DROPPED, *ANSWERS)]
    assert len(set(names)) == len(names)


@named([message for message in (*VALID, *REFUSED) if message.expect == "forward"])
def test_what_is_odd_but_right_reaches_the_callee_as_it_is(scene: Scene, message: Torture) -> None:
    received = parse(message.data)
    assert message.data.startswith(received.raw)
    scene.alice.says(message.data)
    assert codes(scene) == [100]
    Call.of(scene.screens[0].request, scene.trunk, scene.screens[0].flow, 0.0)
    scene.verdict()
    (arrival,) = scene.bob.inbox
    sent = arrival.message
    ours = {b"via", b"record-route", b"max-forwards", b"max-breadth"}
    assert sent.start == received.start
    assert sent.body == received.body
    kept = [line for line, name in zip(received.lines, received.names, strict=True) if name not in ours]
    assert [line for line, name in zip(sent.lines, sent.names, strict=True) if name not in ours] == kept
    assert sent.vias[2:] == received.vias[1:]


@named([message for message in REFUSED if message.expect != "forward"])
def test_what_is_wrong_is_refused(scene: Scene, message: Torture) -> None:
    scene.alice.says(message.data)
    assert codes(scene) == [int(message.expect)]
    assert scene.screens == []
    assert scene.guard.transactions == 0


@named(DROPPED)
def test_what_cannot_be_answered_is_dropped(scene: Scene, message: Torture) -> None:
    scene.alice.says(message.data)
    scene.bob.says(message.data)
    scene.check_over()


@named(ANSWERS)
def test_answers_are_relayed_or_dropped(scene: Scene, message: Torture) -> None:
    scene.call(call_id="torture")
    invite = scene.bob.got["INVITE"]
    assert isinstance(invite, Request)
    vias = b"\r\n".join(invite.lines[place] for place in invite.places(b"via"))
    data = message.data.replace(b"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-t", vias)
    assert data != message.data
    scene.bob.says(data)
    if message.expect == "relay":
        (arrival,) = scene.alice.inbox
        assert arrival.message.start == message.data.partition(b"\r\n")[0]
    else:
        scene.check_quiet()


def test_what_is_wrong_in_from_is_a_forgery_in_no_reading(scene: Scene) -> None:
    for message in REFUSED:
        scene.alice.says(message.data)
    assert all(b"442079460000" not in screen.request.value(b"from") for screen in scene.screens)
    assert len(scene.screens) == sum(message.expect == "forward" for message in REFUSED)
