"""What the ladders do not show: by which end of ours a request leaves, and what a hop costs."""

from random import Random

import msgspec
import pytest
from messages import read_request, request
from scene import GUARD, SECRET, TARGET, TRUNK, target

from sip_guard.peer import Peers, Probe, Target
from sip_guard.proxy.action import Action, Screen, Send, Unreached
from sip_guard.proxy.core import Proxy
from sip_guard.proxy.forwarding import count_hop, via_line
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.message import parse
from sip_guard.sip.rewrite import Draft
from sip_guard.verdict import Forward

IPV4 = End("UDP", GUARD)
OTHER_IPV4 = End("UDP", ("192.0.2.2", 5060))
IPV6 = End("UDP", ("2001:db8::1", 5060))
TCP = End("TCP", GUARD)
FAR = target(name="far", host="2001:db8::5", priority=1)
ALICE = ("198.51.100.7", 5060)


def listening(*own: End, targets: tuple[Target, ...] = (TARGET,)) -> Proxy:
    """Make a guard that listens there."""
    trunk = msgspec.structs.replace(TRUNK, targets=tuple(each.name for each in targets))
    return Proxy(Peers([trunk], targets), list(own), SECRET, Random(1).randbytes)


def called(guard: Proxy, came: End = IPV4, body: bytes = b"") -> list[Action]:
    """Let a call come to `came`, and give what is done when it is let through."""
    invite = read_request(request(body=body, via=f"SIP/2.0/{came.transport} {ALICE[0]};branch=z9hG4bK1"))
    actions = guard.receive(invite, Flow(came.transport, came.address, ALICE), 0.0)
    (screen,) = (action for action in actions if isinstance(action, Screen))
    return guard.decide(screen.key, Forward(), 0.0)


def only(actions: list[Action]) -> Send:
    (send,) = (action for action in actions if not isinstance(action, Unreached))
    assert isinstance(send, Send)
    return send


def answered(action: Send) -> str:
    return parse(action.octets).start.decode()


@pytest.mark.parametrize("came", [IPV4, OTHER_IPV4])
def test_a_call_leaves_by_the_end_that_it_came_to_if_it_can(came: End) -> None:
    send = only(called(listening(IPV4, OTHER_IPV4), came))
    assert send.flow == Flow("UDP", came.address, (TARGET.host, 5060))
    assert read_request(send.octets).via.host.decode() == came.address[0]


def test_else_it_leaves_by_the_first_end_that_reaches_where_it_goes() -> None:
    assert only(called(listening(TCP, OTHER_IPV4, IPV4), TCP)).flow.local == OTHER_IPV4.address
    assert only(called(listening(IPV4, IPV6), IPV6)).flow.local == IPV4.address


def test_what_no_end_of_ours_reaches_is_not_tried() -> None:
    send = only(called(listening(IPV4, targets=(target(FAR, priority=0), target(TARGET, priority=1)))))
    assert send.flow.remote == (TARGET.host, 5060)


def test_where_no_end_of_ours_reaches_any_target_the_call_gets_a_503() -> None:
    assert answered(only(called(listening(IPV4, targets=(FAR,))))) == "SIP/2.0 503 Service Unavailable"


def test_nobody_loses_a_call_to_a_target_that_no_end_of_ours_reaches() -> None:
    """DNS often gives addresses of both families."""
    guard = listening(IPV4, targets=(TARGET, FAR))
    called(guard)
    times = []
    while (now := guard.next_timer()) is not None and now <= 32:
        times += [(now, action) for action in guard.tick(now) if isinstance(action, Send)]
    *again, (at, last) = times
    assert [(when, action.flow.remote) for when, action in again] == [
        (when, (TARGET.host, 5060)) for when in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
    ]
    assert (at, answered(last)) == (32.0, "SIP/2.0 408 Request Timeout")


def test_without_an_end_for_tcp_a_large_request_goes_by_udp() -> None:
    large = (target(large_requests="tcp"),)
    assert only(called(listening(IPV4, targets=large), body=b"x" * 2000)).flow.transport == "UDP"
    assert only(called(listening(IPV4, TCP, targets=large), body=b"x" * 2000)).flow.transport == "TCP"


def test_what_no_end_of_ours_reaches_is_not_asked_whether_it_is_there() -> None:
    guard = listening(IPV4, targets=(target(FAR, probe=Probe()),))
    guard.start(0.0)
    while (now := guard.next_timer()) is not None:
        assert guard.tick(now) == []
    assert now is None


def test_a_question_leaves_by_the_first_end_that_reaches_the_target() -> None:
    guard = listening(TCP, IPV6, OTHER_IPV4, IPV4, targets=(target(probe=Probe()),))
    guard.start(0.0)
    now = guard.next_timer()
    assert now is not None
    assert only(guard.tick(now)).flow == Flow("UDP", OTHER_IPV4.address, (TARGET.host, 5060))


@pytest.mark.parametrize(("before", "after"), [("70", b"69"), ("1", b"0"), ("0", b"0"), ("", b"70")])
def test_a_hop_costs_one(before: str, after: bytes) -> None:
    message = request("INFO", max_forwards=before) if before else request("INFO", without=("Max-Forwards",))
    draft = Draft(read_request(message))
    count_hop(draft)
    assert read_request(draft.octets()).value(b"max-forwards") == after


def test_our_via_names_the_end_that_a_request_leaves_by() -> None:
    assert via_line(IPV4, b"z9hG4bK1") == b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"
    assert via_line(End("TLS", ("2001:db8::1", 5061)), b"x") == b"Via: SIP/2.0/TLS [2001:db8::1]:5061;branch=x;rport"
