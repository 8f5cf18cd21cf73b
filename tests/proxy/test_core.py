"""What the ladders do not show: an equation here and there."""

import ipaddress

import pytest
from messages import read_request, read_response, request, response
from scene import SECRET, TARGET, TRUNK, Scene, trunk

from sip_guard.peer import Peers, Source, Target
from sip_guard.proxy.action import Screen, Send
from sip_guard.proxy.core import Proxy
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.message import MAX_FIELDS, Message, parse
from sip_guard.verdict import Forward, Reject


def test_an_invite_is_answered_with_100_and_screened(scene: Scene) -> None:
    flow = Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5060))
    message = read_request(request())
    send, screen = scene.guard.receive(message, flow, 0.0)
    assert isinstance(send, Send)
    assert read_response(send.octets).code == 100
    assert send.flow == flow
    assert isinstance(screen, Screen)
    assert screen == Screen(screen.key, message, TRUNK, flow)


def test_a_verdict_on_nothing_is_nothing(scene: Scene) -> None:
    assert scene.guard.decide((b"no", b"such", b"call"), Forward(), 0.0) == []
    assert scene.guard.decide((b"no", b"such", b"call"), Reject(403, "Forbidden"), 0.0) == []


def test_nothing_is_due_while_nothing_is_in_progress(scene: Scene) -> None:
    assert scene.guard.next_timer() is None
    assert scene.guard.tick(1e9) == []


def test_a_message_that_is_neither_request_nor_response_is_nothing(scene: Scene) -> None:
    flow = Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5060))
    assert scene.guard.receive(Message(b"", b"", []), flow, 0.0) == []


def test_a_guard_on_ipv6_writes_its_address_in_brackets() -> None:
    network = ipaddress.ip_network("2001:db8:a::/48")
    peers = Peers([trunk(sources=(Source(network),))], [Target(name="pbx", host="2001:db8:b::5")])
    own = ("2001:db8::1", 5060)
    guard = Proxy(peers, [End("UDP", own)], SECRET, lambda count: b"r" * count)
    invite = read_request(request(via="SIP/2.0/UDP [2001:db8:a::7];branch=z9hG4bK1;rport"))
    _, screen = guard.receive(invite, Flow("UDP", own, ("2001:db8:a::7", 5060)), 0.0)
    assert isinstance(screen, Screen)
    (send,) = guard.decide(screen.key, Forward(), 0.0)
    assert isinstance(send, Send)
    sent = read_request(send.octets)
    assert send.flow.remote == ("2001:db8:b::5", 5060)
    assert sent.via.host == b"[2001:db8::1]"
    assert sent.value(b"record-route").startswith(b"<sip:[2001:db8::1]:5060;lr;sg=")
    (relayed,) = guard.receive(
        parse(send.octets.replace(sent.start, b"SIP/2.0 180 Ringing")), Flow("UDP", own, send.flow.remote), 0.0
    )
    assert isinstance(relayed, Send)
    assert relayed.flow.remote == ("2001:db8:a::7", 5060)


@pytest.mark.parametrize("status", ["180 Ringing", "486 Busy Here"])
def test_an_invite_with_as_many_fields_as_may_be_is_forwarded_cancelled_and_refused(scene: Scene, status: str) -> None:
    scene.alice.sends("INVITE", *["Zed: 1"] * (MAX_FIELDS - 8))
    scene.alice.gets("100 Trying")
    screen = scene.screens.pop()
    (send,) = scene.guard.decide(screen.key, Forward(), scene.now)
    assert isinstance(send, Send)
    ours = send.octets.split(b"\r\n")[1].decode().removeprefix("Via: ")
    scene.bob.says(response(status, via=f"{ours}, {scene.alice.via('z9hG4bK-alice-1')}"))
    scene.alice.gets(status)
    if status.startswith("486"):
        scene.bob.gets("ACK")
    else:
        scene.alice.sends("CANCEL")
        scene.alice.gets("200 OK")
        scene.bob.gets("CANCEL")


def test_branches_are_never_used_twice(scene: Scene) -> None:
    branches = set()
    for number in range(50):
        scene.call(call_id=str(number), to=f"<sip:{TARGET.name}@guard.example>")
        branches.add(scene.bob.got["INVITE"].via.branch)
    assert len(branches) == 50
