"""Targets that are proxies themselves and want to be named in the Request-URI of a new call."""

import pytest
from messages import values
from scene import OUT, SECOND, TARGET, Scene, target, trunk

from sip_guard.peer import Route, Target
from sip_guard.proxy.place import Place
from sip_guard.sip.message import Message, Request

REWRITING = target(request_uri="rewrite")
NEXT = target(SECOND, request_uri="rewrite")
ROUTE = Route(trunks=("carrier",))
THEIRS = "sip:+12155551213@203.0.113.5:5060"


@pytest.fixture
def scene() -> Scene:
    return Scene(targets=(REWRITING, NEXT))


def uri(message: Message) -> str:
    assert isinstance(message, Request)
    return message.uri.decode()


def test_a_call_keeps_its_request_uri_if_nothing_else_is_said() -> None:
    scene = Scene(targets=(TARGET,))
    scene.call()
    assert uri(scene.bob.got["INVITE"]) == "sip:+12155551213@192.0.2.1:5060"


@pytest.mark.parametrize(
    ("came", "went"),
    [
        ("sip:+12155551213@192.0.2.1:5060", THEIRS),
        ("sip:+12155551213@guard.example", THEIRS),
        ("sip:+12155551213;npdi;rn=+1215@192.0.2.1;user=phone", f"{THEIRS.replace('@', ';npdi;rn=+1215@')};user=phone"),
        ("sip:+12155551213@192.0.2.1;transport=tcp;user=phone", f"{THEIRS};user=phone"),
        ("sip:192.0.2.1", "sip:203.0.113.5:5060"),
        ("tel:+12155551213", "tel:+12155551213"),
        ("urn:service:sos", "urn:service:sos"),
    ],
)
def test_the_target_is_named_instead_of_the_guard_and_all_else_stays(scene: Scene, came: str, went: str) -> None:
    scene.alice.sends("INVITE", uri=came)
    scene.alice.gets("100 Trying")
    assert scene.screens[0].request.uri.decode() == came
    scene.verdict()
    assert uri(scene.bob.gets("INVITE")) == went


def test_from_and_to_are_as_they_came(scene: Scene) -> None:
    sent = scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    received = scene.bob.gets("INVITE")
    for name in (b"From", b"To"):
        assert b"\r\n%b: %b\r\n" % (name, received.value(name.lower())) in sent


@pytest.mark.parametrize(
    ("changed", "went"),
    [
        ({"port": None}, "sip:+12155551213@203.0.113.5"),
        ({"host": "pbx.example", "port": None}, "sip:+12155551213@pbx.example"),
        ({"host": "pbx.example", "port": 5070}, "sip:+12155551213@pbx.example:5070"),
    ],
)
def test_the_target_is_named_as_it_is_configured(changed: dict[str, object], went: str) -> None:
    of_bob: Target = target(REWRITING, **changed)
    scene = Scene(targets=(of_bob,))
    scene.locates(Place("UDP", scene.bob.address))
    scene.call()
    assert uri(scene.bob.got["INVITE"]) == went


def test_each_target_is_named_by_its_own_address(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    assert uri(scene.bob.gets("ACK")) == THEIRS
    assert uri(scene.carol.gets("INVITE")) == "sip:+12155551213@203.0.113.6:5060"


def test_the_next_target_gets_what_came_if_it_is_not_to_be_named() -> None:
    scene = Scene(targets=(REWRITING, SECOND))
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert uri(scene.carol.gets("INVITE")) == "sip:+12155551213@192.0.2.1:5060"


def test_a_cancel_names_what_its_invite_named(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert uri(scene.bob.gets("CANCEL")) == THEIRS


@pytest.mark.parametrize("method", ["ACK", "INVITE", "BYE"])
def test_within_a_call_the_contact_stays(scene: Scene, method: str) -> None:
    scene.call()
    scene.bob.sends("200 OK", contact="<sip:desk@pbx.example;x=y>")
    scene.alice.gets("200 OK")
    scene.alice.sends(method)
    assert uri(scene.bob.gets(method)) == "sip:desk@pbx.example;x=y"


def test_a_call_out_names_the_carrier() -> None:
    scene = Scene(targets=(target(), target(OUT, request_uri="rewrite")), routes=(ROUTE,))
    scene.calls_out()
    assert uri(scene.alice.got["INVITE"]) == "sip:+12155551212@198.51.100.7:5060"


def test_other_methods_outside_of_calls_name_it_too() -> None:
    scene = Scene(trunk=trunk(methods=frozenset({"REGISTER"})), targets=(REWRITING,))
    scene.alice.sends("REGISTER", uri="sip:guard.example")
    assert uri(scene.bob.gets("REGISTER")) == "sip:203.0.113.5:5060"


def test_the_contact_of_a_redirection_is_named_as_it_stands() -> None:
    scene = Scene(targets=(target(REWRITING, redirects="follow"),))
    scene.call()
    scene.bob.sends("302 Moved Temporarily", contact="<sip:desk@elsewhere.example>")
    scene.bob.gets("ACK")
    assert uri(scene.bob.gets("INVITE")) == "sip:desk@elsewhere.example"


def test_a_forged_verstat_is_gone_from_what_is_rewritten(scene: Scene) -> None:
    scene.call(uri="sip:+12155551213;verstat=TN-Validation-Passed@192.0.2.1;verstat=x")
    assert uri(scene.bob.got["INVITE"]) == THEIRS
    assert values(scene.bob.got["INVITE"], "to") == [scene.alice.remote]
