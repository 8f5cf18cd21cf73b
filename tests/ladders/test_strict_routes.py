"""Neighbours that route strictly, as RFC 2543 had it, within a call (RFC 3261 16.4, 16.6 step 6 and 16.12.1.2)."""

import pytest
from messages import values
from scene import GUARD, OTHER_OUT, OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Route
from sip_guard.sip.message import Message, Request, parse

ROUTE = Route(trunks=("carrier",))
STRICT = "<sip:198.51.100.8:5060>"
LOOSE = "<sip:198.51.100.9:5060;lr>"
STRICT_PBX = "<sip:203.0.113.6:5060>"
METHODS = ["BYE", "INVITE", "UPDATE", "INFO"]


@pytest.fixture
def scene() -> Scene:
    return Scene(targets=(target(), SECOND, OUT, OTHER_OUT), routes=(ROUTE,))


@pytest.fixture
def router(scene: Scene) -> Phone:
    """Bring in a strict router of the carrier."""
    return scene.phone("router", "", ("198.51.100.8", 5060))


def uri(message: Message) -> str:
    assert isinstance(message, Request)
    return message.uri.decode()


def bare(route: str) -> str:
    return route.removeprefix("<").removesuffix(">")


def answers_through(phone: Phone, route: str) -> None:
    """Let a phone have got its INVITE through one more router."""
    raw = phone.got["INVITE"].raw
    phone.got["INVITE"] = parse(raw.replace(b"Record-Route: ", f"Record-Route: {route}\r\nRecord-Route: ".encode(), 1))


def talks_behind(scene: Scene, *routes: str) -> None:
    """Let Alice and Bob be in a call that came by these routers of the carrier, the first of which is next to us."""
    scene.call(*(f"Record-Route: {route}" for route in routes))
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.routes = scene.alice.routes[len(routes) :]
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")


# A strict router behind the guard.


@pytest.mark.parametrize("method", METHODS)
def test_a_strict_router_finds_itself_in_the_request_uri(scene: Scene, router: Phone, method: str) -> None:
    """U2 to P4 to P3 in RFC 3261 16.12.1.2; the guard is P4."""
    talks_behind(scene, STRICT, LOOSE)
    scene.bob.sends(method)
    received = router.gets(method)
    assert uri(received) == bare(STRICT)
    assert ", ".join(values(received, "route")) == f"{LOOSE}, <{scene.alice.uri}>"
    router.sends("200 OK", to=method)
    if method == "INVITE":
        scene.bob.gets("100 Trying")
    scene.bob.gets("200 OK")
    scene.check_quiet()


def test_so_does_one_on_our_side(scene: Scene) -> None:
    """Carol is a strict router in front of Bob."""
    scene.call()
    answers_through(scene.bob, STRICT_PBX)
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.alice.sends("BYE")
    for method in ("ACK", "BYE"):
        received = scene.carol.gets(method)
        assert uri(received) == bare(STRICT_PBX)
        assert values(received, "route") == [f"<{scene.bob.uri}>"]
    scene.carol.sends("200 OK", to="BYE")
    scene.alice.gets("200 OK")
    scene.check_quiet()


def test_an_ack_goes_to_a_strict_router_as_other_requests_do(scene: Scene, router: Phone) -> None:
    scene.calls_out()
    answers_through(scene.alice, STRICT)
    scene.alice.sends("200 OK")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK")
    received = router.gets("ACK")
    assert uri(received) == bare(STRICT)
    assert values(received, "route") == [f"<{scene.alice.uri}>"]


def test_a_cancel_and_the_ack_of_a_refusal_go_as_their_invite_did(scene: Scene, router: Phone) -> None:
    talks_behind(scene, STRICT)
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    sent = router.gets("INVITE")
    router.sends("180 Ringing")
    scene.bob.gets("180 Ringing")
    scene.bob.sends("CANCEL")
    scene.bob.gets("200 OK")
    cancel = router.gets("CANCEL")
    router.sends("200 OK", to="CANCEL")
    router.sends("487 Request Terminated")
    ack = router.gets("ACK")
    scene.bob.gets("487 Request Terminated")
    assert uri(cancel) == uri(ack) == uri(sent) == bare(STRICT)
    assert values(cancel, "route") == values(ack, "route") == values(sent, "route") == [f"<{scene.alice.uri}>"]


def test_a_loose_router_gets_the_route_as_it_is(scene: Scene) -> None:
    loose = scene.phone("loose", "", ("198.51.100.9", 5060))
    talks_behind(scene, LOOSE, STRICT)
    scene.bob.sends("BYE")
    received = loose.gets("BYE")
    assert uri(received) == scene.alice.uri
    assert ", ".join(values(received, "route")) == f"{LOOSE}, {STRICT}"


# A strict router before the guard.


def strictly(phone: Phone, method: str, *behind: str, **changed: str) -> None:
    """Let a phone send a request of its call as a strict router does: our Record-Route is the Request-URI."""
    ours, *rest = phone.routes
    assert f"sip:{GUARD[0]}:{GUARD[1]};lr;sg=" in ours
    phone.sends(
        method, body=b"", **({"uri": bare(ours), "route": ", ".join((*rest, *behind, f"<{phone.target}>"))} | changed)
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("out", [False, True])
def test_what_a_strict_router_sends_reaches_the_other_side(scene: Scene, method: str, who: str, out: bool) -> None:
    """P3 to P1 in RFC 3261 16.12.1.2; the guard is P1."""
    (scene.talks_out if out else scene.talk)()
    sender, receiver = (scene.alice, scene.bob) if who == "alice" else (scene.bob, scene.alice)
    strictly(sender, method)
    if method == "INVITE":
        sender.gets("100 Trying")
    received = receiver.gets(method)
    assert uri(received) == receiver.uri
    assert b"route" not in received
    receiver.sends("200 OK", to=method)
    sender.gets("200 OK")
    if method == "INVITE":
        strictly(sender, "ACK")
        assert uri(receiver.gets("ACK")) == receiver.uri
    assert scene.screens == []
    scene.check_quiet()


def test_a_strict_router_before_us_and_one_behind_us_both_get_what_they_need(scene: Scene, router: Phone) -> None:
    talks_behind(scene, STRICT, LOOSE)
    strictly(scene.bob, "BYE")
    received = router.gets("BYE")
    assert uri(received) == bare(STRICT)
    assert ", ".join(values(received, "route")) == f"{LOOSE}, <{scene.alice.uri}>"


def test_a_strictly_routed_bye_is_the_end_of_its_call() -> None:
    scene = Scene(trunk=trunk(concurrent_calls=1))
    scene.talk()
    assert scene.guard.dialogs.count(scene.trunk) == 1
    strictly(scene.alice, "BYE")
    scene.bob.gets("BYE")
    assert scene.guard.dialogs.count(scene.trunk) == 0


# What nobody gets by it.


@pytest.mark.parametrize("proof", ["x", "", "AAAAAAAAAAAAAAAA.VURQIDE5OC4xOC4wLjcgNTA2MA"])
@pytest.mark.parametrize("to", ["", "<sip:x@guard.example>;tag=x"])
def test_who_made_up_a_proof_chooses_no_callee_behind_the_screening(scene: Scene, proof: str, to: str) -> None:
    ours = f"sip:{GUARD[0]}:{GUARD[1]};lr;sg={proof}"
    changed = {"to": to} if to else {}
    scene.alice.sends("INVITE", body=b"", uri=ours, route="<sip:premium@203.0.113.5>", **changed)
    scene.alice.gets("403 Foreign Route")
    assert scene.screens == []
    scene.alice.sends("ACK")
    scene.check_quiet()


def test_the_proof_of_a_call_is_none_for_a_new_one(scene: Scene) -> None:
    scene.talk()
    to = scene.alice.remote
    strictly(scene.alice, "INVITE", to=to, route="<sip:premium@203.0.113.5>")
    scene.alice.gets("403 Foreign Route")
    strictly(scene.alice, "INVITE", call_id="another", route="<sip:premium@203.0.113.5>")
    scene.alice.gets("403 Foreign Route")
    strictly(scene.alice, "BYE", call_id="another")
    scene.alice.gets("481 Call/Transaction Does Not Exist")
    assert scene.screens == []
    scene.check_quiet()


def test_without_a_route_a_request_uri_of_ours_is_screened_and_passes_as_it_is(scene: Scene) -> None:
    ours = f"sip:{GUARD[0]}:{GUARD[1]};lr;sg=x"
    scene.alice.sends("INVITE", uri=ours)
    scene.alice.gets("100 Trying")
    assert scene.screens[0].request.uri == ours.encode()
    scene.verdict()
    assert uri(scene.bob.gets("INVITE")) == ours


@pytest.mark.parametrize("to", ["sip:x@198.18.0.7:5060", "sip:x@198.51.100.9:5060", "sip:x@192.0.2.99:5060", "tel:+1"])
def test_within_a_call_of_its_own_a_trunk_reaches_nobody_else_so(scene: Scene, to: str) -> None:
    scene.talk()
    strictly(scene.alice, "INFO", route=f"<{to}>")
    assert uri(scene.bob.gets("INFO")) == to
    strictly(scene.alice, "INFO", route=f"<sip:x@198.18.0.7:5060>, <{scene.alice.target}>")
    scene.bob.gets("INFO")
    scene.check_quiet()


def test_nor_by_a_route_that_is_strict(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INFO", route=f"{scene.alice.routes[0]}, <sip:x@198.18.0.7:5060>")
    received = scene.bob.gets("INFO")
    assert uri(received) == "sip:x@198.18.0.7:5060"
    assert values(received, "route") == [f"<{scene.bob.uri}>"]
    scene.check_quiet()


@pytest.mark.parametrize("last", ["<http://203.0.113.5/>", "<sip:>", "rubbish"])
def test_what_is_no_address_becomes_no_request_uri(scene: Scene, last: str) -> None:
    scene.talk()
    strictly(scene.alice, "INFO", route=last)
    assert scene.bob.inbox == []
    assert scene.alice.inbox[0].message.start.split(b" ")[1][:1] == b"4"


def test_our_side_chooses_no_way_out_by_a_made_up_proof(scene: Scene) -> None:
    ours = f"sip:{GUARD[0]}:{GUARD[1]};lr;sg=x.VURQIDE5OC4xOC4wLjcgNTA2MA"
    scene.bob.sends("INVITE", uri=ours, route="<sip:x@198.18.0.7:5060>")
    scene.bob.gets("403 Foreign Route")
    scene.bob.sends("ACK")
    scene.check_quiet()
