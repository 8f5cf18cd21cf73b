"""Calls that come back to the guard: a loop ends, a spiral goes on, and neither spreads (RFC 3261 16.3, RFC 5393)."""

import pytest
from messages import values
from scene import OTHER_OUT, OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Route
from sip_guard.proxy.loops import MAX_BREADTH
from sip_guard.sip.message import Message, parse

ROUTE = Route(trunks=("carrier",))
LOOP = "482 Loop Detected"


@pytest.fixture
def scene() -> Scene:
    return Scene(
        trunk=trunk(methods=frozenset({"MESSAGE"})), targets=(target(), SECOND, OUT, OTHER_OUT), routes=(ROUTE,)
    )


@pytest.fixture
def proxy(scene: Scene) -> Phone:
    """Bring in a proxy of Alice's carrier."""
    return scene.phone("proxy", "", ("198.51.100.8", 5060))


def passes_on(phone: Phone, message: Message, *changes: tuple[str, str]) -> bytes:
    """Let a phone pass a request on to the guard as a proxy does, but for what is changed."""
    hops = int(message.value(b"max-forwards"))
    via = f"Via: {phone.via(f'z9hG4bK-{phone.name}-{hops}')}\r\nVia: "
    text = message.raw.replace(b"Via: ", via.encode(), 1)
    text = text.replace(b"Max-Forwards: %d" % hops, b"Max-Forwards: %d" % (hops - 1))
    for old, new in changes:
        assert old.encode() in text
        text = text.replace(old.encode(), new.encode(), 1)
    parse(text)
    phone.says(text)
    return text


# Loops.


@pytest.mark.parametrize(
    "change",
    [
        ("From: ", "User-Agent: x\r\nFrom: "),
        ("Record-Route: ", "Record-Route: <sip:198.51.100.8;lr>\r\nRecord-Route: "),
        ("From: ", "Route: <sip:192.0.2.1;lr>\r\nFrom: "),
        (";rport", ";rport=5060;received=192.0.2.1"),
        ("\r\nVia: SIP/2.0/UDP 192.0.2.1", ", SIP/2.0/UDP 192.0.2.1"),
        ("From: ", "Diversion: <sip:+12155551213@pbx.example>\r\nf: "),
    ],
)
def test_a_call_that_comes_back_as_it_was_is_not_screened_again(
    scene: Scene, proxy: Phone, change: tuple[str, str]
) -> None:
    scene.call()
    passes_on(proxy, scene.bob.got["INVITE"], change)
    proxy.gets(LOOP)
    assert scene.screens == []
    assert scene.bob.inbox == []


def test_a_loop_leaves_nothing_behind_and_the_caller_hears_of_it(scene: Scene, proxy: Phone) -> None:
    scene.call()
    passes_on(proxy, scene.bob.got["INVITE"])
    proxy.gets(LOOP)
    scene.bob.sends(LOOP)
    scene.bob.gets("ACK")
    scene.alice.gets(LOOP)
    scene.alice.sends("ACK")
    scene.passes(100)
    scene.check_over()


def test_a_loop_is_found_after_many_other_hops(scene: Scene, proxy: Phone) -> None:
    scene.call()
    between = "".join(f"Via: SIP/2.0/UDP 198.51.100.{host};branch=z9hG4bK{host}\r\n" for host in range(20, 60))
    passes_on(proxy, scene.bob.got["INVITE"], ("Via: SIP/2.0/UDP 192.0.2.1", f"{between}Via: SIP/2.0/UDP 192.0.2.1"))
    proxy.gets(LOOP)


def test_a_loop_is_found_by_whatever_transport_it_comes_back(scene: Scene) -> None:
    scene.call()
    passes_on(scene.phone("tcp", "", ("198.51.100.8", 5060), "TCP"), scene.bob.got["INVITE"])
    scene.phones["198.51.100.8", 5060].gets(LOOP)


def test_a_loop_is_found_although_a_verdict_was_written_into_the_call(scene: Scene, proxy: Phone) -> None:
    scene.call()
    changes = (">;tag=alice", ";verstat=TN-Validation-Passed>;tag=alice"), ("From: ", "X-SIP-Guard: v=1\r\nFrom: ")
    passes_on(proxy, scene.bob.got["INVITE"], *changes)
    proxy.gets(LOOP)


def test_a_loop_by_the_second_target_is_one_too(scene: Scene, proxy: Phone) -> None:
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    passes_on(proxy, scene.carol.gets("INVITE"))
    proxy.gets(LOOP)


def test_a_loop_is_found_after_a_restart(scene: Scene, proxy: Phone) -> None:
    scene.call()
    scene.restarts()
    passes_on(proxy, scene.bob.got["INVITE"])
    proxy.gets(LOOP)


def test_a_message_that_comes_back_is_a_loop_too(scene: Scene, proxy: Phone) -> None:
    scene.alice.sends("MESSAGE")
    passes_on(proxy, scene.bob.gets("MESSAGE"))
    proxy.gets(LOOP)


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE"])
def test_what_is_of_a_call_and_comes_back_is_a_loop_too(scene: Scene, proxy: Phone, method: str) -> None:
    scene.talk()
    scene.alice.sends(method)
    request = scene.bob.gets(method)
    ours = f"Route: {scene.alice.routes[0]}\r\nFrom: "
    passes_on(proxy, request, ("From: ", ours))
    proxy.gets(LOOP)
    assert scene.bob.inbox == []


def test_an_ack_that_comes_back_goes_nowhere(scene: Scene, proxy: Phone) -> None:
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    passes_on(proxy, scene.bob.gets("ACK"), ("From: ", f"Route: {scene.alice.routes[0]}\r\nFrom: "))
    scene.check_quiet()


# Through the PBX.


def test_what_the_pbx_sends_out_again_leaves_and_is_a_loop_when_it_comes_back_once_more(scene: Scene) -> None:
    """The PBX does not know the number and sends the call to the carrier, who sends it to us again."""
    scene.call()
    passes_on(scene.bob, scene.bob.got["INVITE"])
    scene.bob.gets("100 Trying")
    again = scene.alice.gets("INVITE")
    assert len(again.vias) == 4
    passes_on(scene.alice, again)
    scene.alice.gets(LOOP)
    scene.alice.sends(LOOP)
    scene.alice.gets("ACK")
    scene.bob.gets(LOOP)
    assert scene.screens == []


def test_a_call_that_the_pbx_forwards_to_another_number_leaves(scene: Scene) -> None:
    scene.call()
    changed = "INVITE sip:+12155551213@192.0.2.1:5060", "INVITE sip:+442079460000@192.0.2.1:5060"
    passes_on(scene.bob, scene.bob.got["INVITE"], changed)
    scene.bob.gets("100 Trying")
    scene.alice.gets("INVITE")


def test_a_forwarded_call_that_comes_back_for_its_new_number_is_screened_as_any_other(scene: Scene) -> None:
    """Bob forwards to a number that is ours too, and the carrier brings it: a spiral."""
    scene.call()
    changed = "INVITE sip:+12155551213@192.0.2.1:5060", "INVITE sip:+12155551214@192.0.2.1:5060"
    passes_on(scene.bob, scene.bob.got["INVITE"], changed)
    scene.bob.gets("100 Trying")
    passes_on(scene.alice, scene.alice.gets("INVITE"))
    scene.alice.gets("100 Trying")
    scene.verdict()
    third = scene.bob.gets("INVITE")
    passes_on(scene.bob, third)
    scene.bob.gets(LOOP)


def test_a_call_between_two_of_our_own_that_the_carrier_turns_round_is_no_loop(scene: Scene) -> None:
    scene.calls_out(uri="sip:+12155551214@192.0.2.1:5060")
    passes_on(scene.alice, scene.alice.got["INVITE"])
    scene.alice.gets("100 Trying")
    scene.verdict()
    passes_on(scene.bob, scene.bob.gets("INVITE"))
    scene.bob.gets(LOOP)


def test_the_same_call_of_another_trunk_is_no_loop(scene: Scene) -> None:
    scene.call()
    passes_on(scene.erin, scene.bob.got["INVITE"])
    scene.erin.gets("100 Trying")
    scene.verdict()
    passes_on(scene.erin, scene.bob.gets("INVITE"))
    scene.erin.gets(LOOP)


def test_a_call_whose_request_uri_we_rewrite_goes_round_once_and_no_more() -> None:
    scene = Scene(targets=(target(request_uri="rewrite"),))
    proxy = scene.phone("proxy", "", ("198.51.100.8", 5060))
    scene.call()
    passes_on(proxy, scene.bob.got["INVITE"])
    proxy.gets("100 Trying")
    scene.verdict()
    passes_on(proxy, scene.bob.gets("INVITE"))
    proxy.gets(LOOP)


def test_what_changes_at_every_turn_ends_when_its_hops_are_used_up(scene: Scene, proxy: Phone) -> None:
    scene.call(max_forwards="20")
    message: Message = scene.bob.got["INVITE"]
    for turn in range(20):
        old = message.start.split(b" ")[1].decode()
        passes_on(proxy, message, (old, f"sip:+1215555{turn:04}@192.0.2.1"))
        answer = proxy.inbox.pop(0).message
        if answer.start == b"SIP/2.0 483 Too Many Hops":
            break
        scene.verdict()
        message = scene.bob.gets("INVITE")
    assert turn == 9


def test_a_forged_mark_of_ours_keeps_no_call_from_others(scene: Scene) -> None:
    """Nobody can make a mark: who writes one only harms a call of its own."""
    scene.call(via=scene.alice.via("z9hG4bK-x"))
    mark = scene.bob.got["INVITE"].vias[0].decode()
    scene.alice.forgets()
    scene.call(f"Via: {mark}")
    scene.call("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAA")


# Max-Breadth.


@pytest.mark.parametrize(
    ("said", "sent"), [("", MAX_BREADTH), ("61", 60), ("60", 60), ("59", 59), ("1", 1), ("4294967295", 60)]
)
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_call_spreads_as_far_as_it_says_and_no_farther_than_60(scene: Scene, who: str, said: str, sent: int) -> None:
    begins = scene.call if who == "alice" else scene.calls_out
    begins(*([f"Max-Breadth: {said}"] if said else []))
    receiver = scene.bob if who == "alice" else scene.alice
    assert values(receiver.got["INVITE"], "max-breadth") == [str(sent)]


def test_each_target_gets_the_whole_breadth_for_they_are_tried_one_after_the_other(scene: Scene) -> None:
    scene.call("Max-Breadth: 3")
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert values(scene.carol.gets("INVITE"), "max-breadth") == ["3"]


def test_what_may_not_spread_at_all_goes_no_further(scene: Scene) -> None:
    scene.alice.sends("INVITE", "Max-Breadth: 0")
    scene.alice.gets("440 Max-Breadth Exceeded")
    scene.alice.sends("ACK")
    scene.bob.sends("INVITE", "Max-Breadth: 0")
    scene.bob.gets("440 Max-Breadth Exceeded")
    scene.bob.sends("ACK")
    scene.check_over()


def test_nor_within_a_call(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("ACK", "Max-Breadth: 0")
    scene.check_quiet()
    scene.alice.sends("ACK")
    assert values(scene.bob.gets("ACK"), "max-breadth") == ["60"]
    scene.alice.sends("INFO", "Max-Breadth: 0")
    scene.alice.gets("440 Max-Breadth Exceeded")
    scene.alice.sends("INFO")
    assert values(scene.bob.gets("INFO"), "max-breadth") == ["60"]
    scene.check_quiet()


def test_whoever_asks_whether_we_are_there_needs_no_breadth(scene: Scene) -> None:
    scene.alice.sends("OPTIONS", "Max-Breadth: 0")
    scene.alice.gets("200 OK")


def test_a_cancel_is_no_request_that_spreads(scene: Scene) -> None:
    scene.call("Max-Breadth: 2")
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    cancel = scene.bob.gets("CANCEL")
    assert b"max-breadth" not in cancel
    assert cancel.vias == [scene.bob.got["INVITE"].vias[0]]
