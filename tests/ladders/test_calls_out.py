"""Calls of our side, which leave by a trunk: the guard stands on the only path, in both directions."""

import ipaddress

import pytest
from messages import values
from scene import GUARD, OTHER_OUT, OTHER_TRUNK, OUT, SECOND, TARGET, TRUNK, Scene, target, trunk

from sip_guard.peer import Route, Source
from sip_guard.proxy.route import way
from sip_guard.sip.flow import Address, Flow
from sip_guard.sip.message import Request

ROUTE = Route(trunks=("carrier",))
BOTH = Route(trunks=("carrier", "other"))


def made(*routes: Route, **changed: object) -> Scene:
    """Give Bob and Carol on our side, Alice and Erin on two trunks."""
    of_bob = target(sources=(Source(ipaddress.ip_network("203.0.113.64/28")),))
    return Scene(trunk=trunk(**changed), targets=(of_bob, SECOND, OUT, OTHER_OUT), routes=routes)


@pytest.fixture
def scene() -> Scene:
    return made(ROUTE)


def is_over(scene: Scene) -> None:
    scene.passes(300)
    scene.check_over()


def test_a_call_of_our_side_leaves_by_its_trunk_and_is_not_screened(scene: Scene) -> None:
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    assert scene.screens == []
    scene.alice.gets("INVITE")
    scene.alice.sends("180 Ringing")
    scene.bob.gets("180 Ringing")
    scene.alice.sends("200 OK")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    scene.alice.gets("ACK")
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    is_over(scene)


def test_what_leaves_differs_only_where_a_proxy_writes(scene: Scene) -> None:
    sent = scene.bob.sends("INVITE", "X-Odd  :  kept,, as ; it is")
    scene.bob.gets("100 Trying")
    received = scene.alice.gets("INVITE")
    via, record_route, *rest = received.lines
    assert via.startswith(b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK")
    assert record_route.startswith(b"Record-Route: <sip:192.0.2.1:5060;lr;sg=")
    left = [line for line in rest if not line.startswith(b"Max-Breadth")]
    expected = sent.partition(b"\r\n\r\n")[0].replace(b"Max-Forwards: 70", b"Max-Forwards: 69").split(b"\r\n")
    assert [received.start, *left] == expected


@pytest.mark.parametrize(("first", "second"), [("alice", "bob"), ("bob", "alice")])
@pytest.mark.parametrize("method", ["INFO", "UPDATE", "BYE", "INVITE", "REFER"])
@pytest.mark.parametrize("named", [False, True])
def test_either_side_finds_the_other(scene: Scene, first: str, second: str, method: str, named: bool) -> None:
    """Contacts that are names lead back to where the call came from, or went to."""
    scene.calls_out(contact="<sip:bob@pbx.example>" if named else f"<{scene.bob.uri}>")
    scene.alice.sends("200 OK", contact="<sip:alice@carrier.example>" if named else f"<{scene.alice.uri}>")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    scene.alice.gets("ACK")
    sender, receiver = getattr(scene, first), getattr(scene, second)
    sender.sends(method)
    if method == "INVITE":
        sender.gets("100 Trying")
    receiver.gets(method)
    receiver.sends("200 OK", to=method)
    sender.gets("200 OK")
    if method == "INVITE":
        sender.sends("ACK")
        receiver.gets("ACK")
    scene.check_quiet()
    assert scene.screens == []


def test_early_requests_of_the_callee_pass(scene: Scene) -> None:
    scene.calls_out()
    scene.alice.sends("183 Session Progress")
    scene.bob.gets("183 Session Progress")
    scene.bob.sends("PRACK")
    scene.alice.gets("PRACK")
    scene.alice.sends("200 OK", to="PRACK")
    scene.bob.gets("200 OK")
    scene.alice.sends("UPDATE")
    scene.bob.gets("UPDATE")


def test_a_call_out_is_cancelled(scene: Scene) -> None:
    scene.calls_out()
    scene.alice.sends("180 Ringing")
    scene.bob.gets("180 Ringing")
    scene.bob.sends("CANCEL")
    scene.bob.gets("200 OK")
    scene.alice.gets("CANCEL")
    scene.alice.sends("200 OK", to="CANCEL")
    scene.alice.sends("487 Request Terminated")
    scene.alice.gets("ACK")
    scene.bob.gets("487 Request Terminated")
    scene.bob.sends("ACK")
    is_over(scene)


def test_a_call_out_outlives_a_restart_of_the_guard(scene: Scene) -> None:
    scene.talks_out()
    scene.restarts()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.bob.gets("INVITE")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")


# What the callee on a trunk may do.


@pytest.mark.parametrize("number", ["+442079460000", "anonymous"])
def test_the_callee_cannot_show_another_number_in_an_invite(scene: Scene, number: str) -> None:
    scene.talks_out()
    scene.alice.sends("INVITE", from_=f"<sip:{number}@guard.example>;tag={scene.alice.tag}")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1
    assert scene.bob.inbox == []


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_nor_in_another_field(scene: Scene, method: str, name: str) -> None:
    scene.talks_out()
    scene.alice.sends(method, f"{name}: <sip:+442079460000@carrier.example>")
    assert scene.bob.gets(method).index(name.lower().encode()) is None


def test_the_proof_of_a_callee_is_none_for_another_call(scene: Scene) -> None:
    scene.talks_out()
    scene.alice.sends("INVITE", call_id="another")
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1
    scene.alice.sends("BYE", call_id="another")
    scene.alice.gets("481 Call/Transaction Does Not Exist")


def test_the_proof_of_a_callee_without_a_to_tag_is_none(scene: Scene) -> None:
    scene.talks_out()
    scene.alice.sends("INVITE", to=scene.alice.remote)
    scene.alice.gets("100 Trying")
    assert len(scene.screens) == 1


def test_what_a_callee_forges_in_an_answer_is_removed(scene: Scene) -> None:
    scene.calls_out()
    scene.alice.sends("200 OK", "X-SIP-Guard: v=1", "P-Attestation-Indicator: A")
    answered = scene.bob.gets("200 OK")
    assert b"x-sip-guard" not in answered
    assert b"p-attestation-indicator" not in answered


@pytest.mark.parametrize(
    "uri", ["sip:x@203.0.113.66", "sip:x@198.18.0.7:5060", "sip:x@198.51.100.9", "sip:x@192.0.2.9"]
)
def test_within_a_call_a_trunk_reaches_nobody_but_our_side(scene: Scene, uri: str) -> None:
    """An address of Bob's is reached, for it is named; else the request goes where the call came from."""
    scene.talks_out()
    scene.alice.sends("BYE", uri=uri)
    if uri.endswith("203.0.113.66"):
        assert [send.flow.remote for send in scene.elsewhere] == [("203.0.113.66", 5060)]
        scene.elsewhere.clear()
    else:
        scene.bob.gets("BYE")
    scene.check_quiet()


@pytest.mark.parametrize("remote", [("192.0.2.9", 5060), ("198.18.0.7", 5060)])
def test_nor_by_forging_where_the_call_came_from(scene: Scene, remote: Address) -> None:
    """That part of our Record-Route is not sealed: it is believed of our side alone."""
    scene.talks_out()
    proof, _, called = scene.alice.routes[0].partition(";sg=")[2].rstrip(">").split(".")
    forged = b".".join((proof.encode(), way(Flow("UDP", GUARD, remote)), called.encode())).decode()
    scene.alice.sends("BYE", uri="sip:x@pbx.example", route=f"<sip:{GUARD[0]}:{GUARD[1]};lr;sg={forged}>")
    scene.bob.gets("BYE")
    scene.check_quiet()


def test_another_trunk_has_no_part_in_a_call(scene: Scene) -> None:
    scene.talks_out()
    erin, alice = scene.erin, scene.alice
    erin.call_id, erin.local, erin.tag = alice.call_id, alice.local, alice.tag
    erin.remote, erin.remote_tag, erin.target = alice.remote, alice.remote_tag, alice.target
    erin.sends("BYE")
    erin.gets("481 Call/Transaction Does Not Exist")
    erin.sent["INVITE"] = scene.bob.sent["INVITE"]
    erin.sends("CANCEL")
    erin.gets("481 Call/Transaction Does Not Exist")


# Which way out.


def test_without_a_route_no_call_leaves() -> None:
    scene = made()
    scene.bob.sends("INVITE")
    scene.bob.gets("403 No Route Out")
    scene.bob.sends("ACK")
    scene.check_over()


@pytest.mark.parametrize(
    ("number", "who"), [("+12155551212", "alice"), ("+442079460000", "erin"), ("02079460000", "erin"), ("112", "")]
)
def test_the_called_number_chooses_the_trunk(number: str, who: str) -> None:
    scene = made(Route(prefixes=("+44", "0"), trunks=("other",)), Route(prefixes=("+1",), trunks=("carrier",)))
    scene.bob.calls(number)
    scene.bob.sends("INVITE")
    if who:
        scene.bob.gets("100 Trying")
        getattr(scene, who).gets("INVITE")
    else:
        scene.bob.gets("403 No Route Out")
    scene.check_quiet()


@pytest.mark.parametrize(("value", "who"), [("other", "erin"), ("OTHER ", "erin"), ("carrier", "alice"), ("", "alice")])
def test_a_header_field_chooses_the_trunk_and_goes_no_further(value: str, who: str) -> None:
    scene = made(Route(header="x-trunk", value="other", trunks=("other",)), ROUTE)
    scene.bob.sends("INVITE", f"X-Trunk: {value}")
    scene.bob.gets("100 Trying")
    assert b"x-trunk" not in getattr(scene, who).gets("INVITE")
    scene.check_quiet()


def test_a_trunk_cannot_choose_a_route(scene: Scene) -> None:
    scene.alice.sends("INVITE", uri="sip:+12155551212@guard.example")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.bob.gets("INVITE")


def test_the_second_trunk_of_a_route_is_tried_when_the_first_does_not_answer() -> None:
    scene = made(BOTH)
    scene.calls_out()
    assert scene.times(scene.alice, "INVITE", 4.0) == [0.5, 1.5, 3.5]
    assert scene.bob.inbox == []
    scene.erin.gets("INVITE")
    scene.erin.sends("200 OK", contact="<sip:erin@other.example>")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    scene.erin.gets("ACK")
    scene.bob.sends("BYE")
    scene.erin.gets("BYE")
    scene.erin.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    is_over(scene)


def test_the_second_trunk_of_a_route_is_tried_when_the_first_has_no_room() -> None:
    scene = made(BOTH)
    scene.calls_out()
    scene.alice.sends("503 Service Unavailable")
    scene.alice.gets("ACK")
    scene.erin.gets("INVITE")
    scene.erin.sends("200 OK")
    scene.bob.gets("200 OK")


def test_a_trunk_comes_before_the_next_whatever_the_priorities_of_their_targets() -> None:
    first, second = target(OUT, priority=9), target(OTHER_OUT, priority=0)
    scene = Scene(targets=(TARGET, first, second), routes=(BOTH,))
    scene.calls_out()


def test_a_trunk_that_refuses_the_call_ends_it() -> None:
    scene = made(BOTH)
    scene.calls_out()
    scene.alice.sends("404 Not Found")
    scene.alice.gets("ACK")
    scene.bob.gets("404 Not Found")
    scene.bob.sends("ACK")
    is_over(scene)


def test_with_no_trunk_up_a_call_out_gets_a_503() -> None:
    scene = made(ROUTE)
    scene.calls_out()
    scene.alice.sends("503 Service Unavailable", "Retry-After: 60")
    scene.alice.gets("ACK")
    scene.bob.gets("503 Service Unavailable")
    scene.bob.sends("ACK")
    scene.bob.forgets()
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    scene.bob.gets("503 Service Unavailable")
    scene.bob.sends("ACK")
    is_over(scene)


def test_a_route_of_a_trunk_without_targets_leads_nowhere() -> None:
    scene = Scene(routes=(ROUTE,))
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    scene.bob.gets("503 Service Unavailable")


# Who may call out, and with what.


def test_any_address_of_the_pbx_may_call_out(scene: Scene) -> None:
    media = scene.phone("media", "+12155551213", ("203.0.113.66", 5060))
    media.sends("INVITE", contact="<sip:media@pbx.example>")
    media.gets("100 Trying")
    scene.alice.gets("INVITE")
    scene.alice.sends("200 OK")
    media.gets("200 OK")
    media.sends("ACK")
    scene.alice.gets("ACK")
    scene.alice.sends("BYE")
    media.gets("BYE")
    scene.check_quiet()


@pytest.mark.parametrize("method", ["MESSAGE", "REGISTER", "SUBSCRIBE"])
def test_other_methods_leave_only_by_a_trunk_that_allows_them(method: str) -> None:
    scene = made(ROUTE, methods=frozenset({"MESSAGE", "REGISTER"}))
    scene.bob.sends(method)
    if method == "SUBSCRIBE":
        scene.bob.gets("405 Method Not Allowed")
    else:
        scene.alice.gets(method)
        scene.alice.sends("200 OK", to=method)
        scene.bob.gets("200 OK")
    is_over(scene)


def test_without_a_route_other_methods_are_not_allowed() -> None:
    scene = made(methods=frozenset({"MESSAGE"}))
    scene.bob.sends("MESSAGE")
    scene.bob.gets("405 Method Not Allowed")


def test_another_method_is_tried_at_no_trunk_that_does_not_allow_it() -> None:
    scene = made(BOTH, methods=frozenset({"MESSAGE"}))
    scene.bob.sends("MESSAGE")
    scene.alice.gets("MESSAGE")
    scene.alice.sends("503 Service Unavailable", to="MESSAGE")
    assert scene.erin.inbox == []
    scene.bob.gets("500 Server Internal Error")


def test_options_of_the_pbx_are_answered_by_the_guard(scene: Scene) -> None:
    scene.bob.sends("OPTIONS")
    scene.bob.gets("200 OK")
    scene.check_over()


@pytest.mark.parametrize("route", ["<sip:203.0.113.6;lr>", "<sip:192.0.2.1;lr>, <sip:198.51.100.9;lr>"])
def test_our_side_chooses_no_way_of_its_own(scene: Scene, route: str) -> None:
    scene.bob.sends("INVITE", route=route)
    scene.bob.gets("403 Foreign Route")
    scene.check_over()


def test_our_side_may_name_the_guard_as_its_outbound_proxy(scene: Scene) -> None:
    scene.calls_out(route="<sip:192.0.2.1:5060;lr>")
    assert b"route" not in scene.alice.got["INVITE"]


def test_what_went_too_far_does_not_leave(scene: Scene) -> None:
    scene.bob.sends("INVITE", max_forwards="0")
    scene.bob.gets("483 Too Many Hops")


def test_from_who_is_on_a_trunk_our_own_target_is_told_by_its_address(scene: Scene) -> None:
    """The address of a trunk's target is the trunk's: what comes from there is screened."""
    scene.call()
    assert scene.guard.peers.at(scene.alice.address) == scene.trunk
    assert scene.guard.peers.at(scene.erin.address) == scene.trunks[1]


def test_a_trunk_is_told_by_the_address_of_its_target_alone() -> None:
    scene = Scene(trunk=trunk(sources=()), targets=(TARGET, OUT), routes=(ROUTE,))
    scene.call()
    invite = scene.bob.got["INVITE"]
    assert isinstance(invite, Request)
    assert len(values(invite, "record-route")) == 1
    assert {TRUNK.name, OTHER_TRUNK.name} == set(scene.guard.peers.trunks)
