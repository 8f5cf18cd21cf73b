"""Requests over 1300 octets to a target by UDP: by TCP first, if the target says so (RFC 3261 18.1.1)."""

import pytest
from messages import values
from scene import SECOND, Scene, target

from sip_guard.peer import Probe

BY_TCP = target(large_requests="tcp")
BODY = b"v=0\r\n" * 300


def made(*, probe: Probe | None = None, first: str = "tcp") -> Scene:
    scene = Scene(targets=(target(large_requests=first, probe=probe), SECOND))
    scene.bob.also = ("TCP",)
    return scene


@pytest.fixture
def scene() -> Scene:
    """Give Bob, who takes large requests by TCP, and Carol who is tried after him."""
    return made()


def calls(scene: Scene, body: bytes = BODY) -> None:
    """Alice's call, which is large if nothing else is said, is let through."""
    scene.alice.forgets()
    scene.alice.sends("INVITE", body=body)
    scene.alice.gets("100 Trying")
    scene.verdict()


def came_by(scene: Scene, method: str = "INVITE") -> str:
    """Tell by which transport Bob gets a request."""
    return scene.bob.gets(method).via.transport.decode()


def refuses(scene: Scene) -> None:
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.alice.sends("ACK")
    scene.check_quiet()


def test_a_large_call_goes_by_tcp(scene: Scene) -> None:
    calls(scene)
    assert came_by(scene) == "TCP"
    scene.passes(3)
    scene.check_quiet()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    assert came_by(scene, "ACK") == "UDP"
    scene.alice.sends("INFO", body=BODY)
    assert came_by(scene, "INFO") == "TCP"
    scene.bob.sends("200 OK", to="INFO")
    scene.alice.gets("200 OK")
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    scene.passes(64)
    scene.check_over()


def test_its_via_names_tcp_and_its_record_route_what_it_would_be_without(scene: Scene) -> None:
    calls(scene)
    invite = scene.bob.gets("INVITE")
    assert [via.partition(";")[0] for via in values(invite, "via")] == [
        "SIP/2.0/TCP 192.0.2.1:5060",
        "SIP/2.0/UDP 198.51.100.7:5060",
    ]
    assert [value.partition(";sg=")[0] for value in values(invite, "record-route")] == ["<sip:192.0.2.1:5060;lr"]


def test_a_call_of_1300_octets_goes_by_udp_and_one_of_1301_by_tcp() -> None:
    measured = made()
    calls(measured, b"x" * 100)
    size = 1300 - len(measured.bob.gets("INVITE").raw) + 100
    for more, length, transport in ((0, 1300, "UDP"), (1, 1301, "TCP")):
        scene = made()
        calls(scene, b"x" * (size + more))
        assert came_by(scene) == transport
        assert len(scene.bob.got["INVITE"].raw) == length


def test_without_a_word_of_the_target_a_large_call_goes_by_udp() -> None:
    scene = made(first="udp")
    calls(scene)
    assert came_by(scene) == "UDP"
    assert len(scene.bob.got["INVITE"].raw) > 1300


def test_to_a_target_by_tcp_everything_goes_by_tcp() -> None:
    scene = Scene(targets=(BY_TCP, SECOND), bob="TCP")
    calls(scene)
    assert came_by(scene) == "TCP"
    scene.loses(scene.bob)
    scene.carol.gets("INVITE")
    assert scene.bob.inbox == []


def test_where_tcp_is_refused_it_goes_by_udp_at_once(scene: Scene) -> None:
    calls(scene)
    first = scene.bob.gets("INVITE")
    scene.loses(scene.bob, "TCP")
    second = scene.bob.gets("INVITE")
    assert second.via.transport == b"UDP"
    assert second.via.branch != first.via.branch
    assert second.body == BODY
    assert values(second, "record-route") == values(first, "record-route")
    assert values(second, "max-forwards") == ["69"]
    scene.check_quiet()
    refuses(scene)
    assert scene.marked == []


def test_where_tcp_does_not_answer_it_goes_by_udp_after_the_targets_patience(scene: Scene) -> None:
    calls(scene)
    assert came_by(scene) == "TCP"
    assert scene.times(scene.bob, "INVITE", 4.0) == [4.0]
    assert scene.carol.inbox == []


def test_where_both_fail_the_next_target_is_tried(scene: Scene) -> None:
    calls(scene)
    scene.loses(scene.bob, "TCP")
    scene.loses(scene.bob, "UDP")
    scene.carol.gets("INVITE")


def test_after_three_refusals_large_calls_go_by_udp_and_later_one_tries_tcp_again(scene: Scene) -> None:
    tcp_comes_back(scene)


def test_tcp_comes_back_although_only_udp_is_probed() -> None:
    scene = made(probe=Probe(every=5.0))
    scene.bob.replies = {"OPTIONS": "200 OK"}
    scene.guard.start(scene.now)
    tcp_comes_back(scene)


def tcp_comes_back(scene: Scene) -> None:
    for _ in range(3):
        calls(scene)
        assert came_by(scene) == "TCP"
        scene.loses(scene.bob, "TCP")
        assert came_by(scene) == "UDP"
        refuses(scene)
    calls(scene)
    assert came_by(scene) == "UDP"
    refuses(scene)
    scene.passes(10.1)
    calls(scene)
    assert came_by(scene) == "TCP"
    refuses(scene)
    calls(scene)
    assert came_by(scene) == "TCP"


def test_a_503_by_tcp_leads_to_the_next_target_and_not_to_the_same_by_udp(scene: Scene) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.check_quiet()


def test_who_asks_for_rest_by_tcp_has_it_by_udp_too(scene: Scene) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable", "Retry-After: 30")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    calls(scene, b"")
    scene.carol.gets("INVITE")
    scene.check_quiet()
    assert scene.marked == [("pbx", False)]


def test_a_large_call_is_cancelled_and_acknowledged_by_tcp(scene: Scene) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert came_by(scene, "CANCEL") == "TCP"
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    assert came_by(scene, "ACK") == "TCP"
    scene.alice.gets("487 Request Terminated")
    scene.alice.sends("ACK")
    scene.passes(64)
    scene.check_over()
