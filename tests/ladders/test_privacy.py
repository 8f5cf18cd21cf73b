"""Who learns who calls: P-Asserted-Identity at the border of our trust domain (RFC 3323, RFC 3325)."""

import ipaddress

import msgspec
import pytest
from messages import values
from scene import OTHER_OUT, OTHER_TRUNK, OUT, SECOND, Phone, Scene, target, trunk

from sip_guard.peer import Route, Source
from sip_guard.sip.message import Message

ASSERTED = "P-Asserted-Identity: <sip:+12155550000@carrier.example>"
PREFERRED = "P-Preferred-Identity: <sip:+12155550000@carrier.example>"
REMOTE = "Remote-Party-ID: <sip:+12155550000@carrier.example>;privacy=full"
ROUTE = Route(trunks=("carrier",))
HIDING = ["id", "user", "header", "id;critical", "session;ID", "none;id"]
SILENT = ["session", "history", "critical"]


def made(*, trunk_trusted: bool, target_trusted: bool = True) -> Scene:
    """Give Alice on a trunk and Bob on our side, in our trust domain or not; Carol on our side is in it."""
    return Scene(
        trunk=trunk(trust_asserted=trunk_trusted),
        targets=(target(trust_asserted=target_trusted), SECOND, OUT, OTHER_OUT),
        routes=(ROUTE,),
    )


def shows(message: Message) -> bool:
    """Tell whether a message names who sends it."""
    named = values(message, "p-asserted-identity")
    assert named in ([], [ASSERTED.partition(": ")[2]])
    return bool(named)


def asks(privacy: str) -> list[str]:
    return [f"Privacy: {privacy}"] if privacy else []


# Calls in.


@pytest.mark.parametrize("privacy", ["", "none", *HIDING, *SILENT])
def test_within_the_trust_domain_the_callee_learns_who_calls_whatever_is_asked_for(privacy: str) -> None:
    """It is the last element there that acts upon Privacy, which stays."""
    scene = made(trunk_trusted=True)
    scene.call(ASSERTED, *asks(privacy))
    assert shows(scene.bob.got["INVITE"])
    assert values(scene.bob.got["INVITE"], "privacy") == ([privacy] if privacy else [])


@pytest.mark.parametrize("privacy", ["", "none", "id"])
def test_what_a_trunk_out_of_the_trust_domain_asserts_is_removed(privacy: str) -> None:
    scene = made(trunk_trusted=False)
    scene.call(ASSERTED, *asks(privacy))
    assert not shows(scene.bob.got["INVITE"])
    assert values(scene.bob.got["INVITE"], "privacy") == ([privacy] if privacy else [])


@pytest.mark.parametrize("privacy", HIDING)
def test_a_target_that_shows_what_it_gets_does_not_learn_who_wants_to_be_hidden(privacy: str) -> None:
    scene = made(trunk_trusted=True, target_trusted=False)
    scene.call(ASSERTED, *asks(privacy))
    assert not shows(scene.bob.got["INVITE"])
    assert values(scene.bob.got["INVITE"], "privacy") == [privacy]


@pytest.mark.parametrize("privacy", ["", "none", *SILENT])
def test_it_learns_who_does_not(privacy: str) -> None:
    scene = made(trunk_trusted=True, target_trusted=False)
    scene.call(ASSERTED, *asks(privacy))
    assert shows(scene.bob.got["INVITE"])


def test_each_target_learns_what_it_may() -> None:
    """Bob may not learn it, and Carol who is tried after him may."""
    scene = made(trunk_trusted=True, target_trusted=False)
    scene.call(ASSERTED, "Privacy: id")
    assert not shows(scene.bob.got["INVITE"])
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert shows(scene.carol.gets("INVITE"))


def test_a_screened_call_is_named_to_bob_by_nothing_but_what_was_screened() -> None:
    scene = made(trunk_trusted=True)
    scene.call(ASSERTED, PREFERRED, REMOTE)
    assert shows(scene.bob.got["INVITE"])
    assert values(scene.bob.got["INVITE"], "p-preferred-identity") == []
    assert values(scene.bob.got["INVITE"], "remote-party-id") == []


def test_from_is_never_changed() -> None:
    """Whoever changes From breaks the token that attests it: the guard is no privacy service."""
    scene = made(trunk_trusted=False, target_trusted=False)
    sent = scene.alice.sends("INVITE", ASSERTED, "Privacy: header;user;id")
    scene.alice.gets("100 Trying")
    scene.verdict()
    assert b"From: " + scene.bob.gets("INVITE").value(b"from") in sent


# Calls out.


@pytest.mark.parametrize("privacy", ["", "none", *HIDING, *SILENT])
def test_a_trunk_in_the_trust_domain_learns_who_calls_out(privacy: str) -> None:
    scene = made(trunk_trusted=True)
    scene.calls_out(ASSERTED, *asks(privacy))
    assert shows(scene.alice.got["INVITE"])
    assert values(scene.alice.got["INVITE"], "privacy") == ([privacy] if privacy else [])


@pytest.mark.parametrize("privacy", ["", "none;session", *HIDING, *SILENT])
def test_a_trunk_out_of_it_does_not(privacy: str) -> None:
    scene = made(trunk_trusted=False)
    scene.calls_out(ASSERTED, *asks(privacy))
    assert not shows(scene.alice.got["INVITE"])
    assert values(scene.alice.got["INVITE"], "privacy") == ([privacy] if privacy else [])


@pytest.mark.parametrize("privacy", ["none", "None", " none ;"])
def test_but_it_does_where_the_caller_wants_to_be_shown(privacy: str) -> None:
    scene = made(trunk_trusted=False)
    scene.calls_out(ASSERTED, *asks(privacy))
    assert shows(scene.alice.got["INVITE"])


@pytest.mark.parametrize("privacy", HIDING)
def test_older_fields_that_name_the_caller_go_with_it(privacy: str) -> None:
    scene = made(trunk_trusted=False)
    scene.calls_out(ASSERTED, PREFERRED, REMOTE, *asks(privacy))
    received = scene.alice.got["INVITE"]
    assert [values(received, name) for name in ("p-preferred-identity", "remote-party-id")] == [[], []]


def test_each_trunk_learns_what_it_may() -> None:
    """Alice's trunk is out of the trust domain; Erin's, which is tried after it, is in it."""
    scene = made(trunk_trusted=False)
    scene.routes = (Route(trunks=("carrier", "other")),)
    scene.restarts()
    scene.calls_out(ASSERTED, "Privacy: id")
    assert not shows(scene.alice.got["INVITE"])
    scene.alice.sends("503 Service Unavailable")
    scene.alice.gets("ACK")
    assert shows(scene.erin.gets("INVITE"))


# Answers.


@pytest.mark.parametrize("status", ["183 Session Progress", "200 OK", "486 Busy Here"])
@pytest.mark.parametrize(
    ("trusted", "privacy", "shown"),
    [(True, "", True), (True, "id", True), (False, "", False), (False, "id", False), (False, "none", True)],
)
def test_the_caller_learns_who_answers_as_the_callee_learns_who_calls(
    status: str, trusted: bool, privacy: str, shown: bool
) -> None:
    scene = made(trunk_trusted=trusted)
    scene.call()
    scene.bob.sends(status, ASSERTED, *asks(privacy))
    assert shows(scene.alice.gets(status)) is shown


@pytest.mark.parametrize("status", ["180 Ringing", "200 OK", "404 Not Found"])
def test_what_a_trunk_asserts_in_an_answer_was_screened_by_nobody_and_is_removed(status: str) -> None:
    scene = made(trunk_trusted=True)
    scene.calls_out()
    scene.alice.sends(status, ASSERTED)
    assert not shows(scene.bob.gets(status))


def test_what_a_trusted_trunk_asserts_in_an_answer_passes() -> None:
    scene = Scene(trunk=trunk(trusted=True), targets=(target(), OUT), routes=(ROUTE,))
    scene.calls_out()
    scene.alice.sends("200 OK", ASSERTED)
    assert shows(scene.bob.gets("200 OK"))


@pytest.mark.parametrize(("privacy", "shown"), [("id", False), ("", True)])
def test_an_answer_to_a_target_that_shows_what_it_gets_hides_who_wants_to_be_hidden(privacy: str, shown: bool) -> None:
    scene = Scene(trunk=trunk(trusted=True), targets=(target(trust_asserted=False), OUT), routes=(ROUTE,))
    scene.calls_out()
    scene.alice.sends("200 OK", ASSERTED, *asks(privacy))
    assert shows(scene.bob.gets("200 OK")) is shown


# Within a call.


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "BYE"])
@pytest.mark.parametrize("trusted", [True, False])
def test_within_a_call_a_trunk_learns_as_much_as_at_its_beginning(method: str, trusted: bool) -> None:
    scene = made(trunk_trusted=trusted)
    scene.talk()
    scene.bob.sends(method, ASSERTED, "Privacy: id")
    assert shows(scene.alice.gets(method)) is trusted


@pytest.mark.parametrize("trusted", [True, False])
def test_an_ack_says_no_more_than_any_other_request(trusted: bool) -> None:
    scene = made(trunk_trusted=trusted)
    scene.calls_out()
    scene.alice.sends("200 OK")
    scene.bob.gets("200 OK")
    scene.bob.sends("ACK", ASSERTED, REMOTE, "Privacy: id")
    ack = scene.alice.gets("ACK")
    assert shows(ack) is trusted
    assert bool(values(ack, "remote-party-id")) is trusted


def test_an_ack_of_a_trunk_names_nobody() -> None:
    scene = made(trunk_trusted=True)
    scene.call()
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK", ASSERTED)
    assert not shows(scene.bob.gets("ACK"))


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_an_answer_within_a_call_is_no_exception(method: str) -> None:
    scene = made(trunk_trusted=False)
    scene.talk()
    scene.alice.sends(method)
    if method == "INVITE":
        scene.alice.gets("100 Trying")
    scene.bob.gets(method)
    scene.bob.sends("200 OK", ASSERTED, "Privacy: id", to=method)
    assert not shows(scene.alice.gets("200 OK"))


def test_a_stranger_that_a_call_has_led_to_is_out_of_the_trust_domain() -> None:
    """Within a call of Alice's trunk, which may learn it, her Contact names an address that is no peer's."""
    scene = made(trunk_trusted=True)
    stranger = scene.phone("stranger", "+12155551212", ("192.0.2.99", 5060))
    scene.talk(contact=f"<{stranger.uri}>")
    scene.bob.sends("INFO", ASSERTED)
    assert not shows(stranger.gets("INFO"))
    stranger.sends("200 OK", ASSERTED, to="INFO")
    assert not shows(scene.bob.gets("200 OK"))


def test_what_is_said_of_a_target_holds_for_its_further_addresses() -> None:
    network = Source(ipaddress.ip_network("203.0.113.64/28"))
    scene = Scene(trunk=trunk(trusted=True), targets=(target(trust_asserted=False, sources=(network,)),))
    media = scene.phone("media", "+12155551213", ("203.0.113.66", 5060))
    scene.call()
    scene.bob.sends("200 OK", contact=f"<{media.uri}>")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    media.gets("ACK")
    scene.alice.sends("INFO", ASSERTED)
    assert shows(media.gets("INFO"))
    scene.alice.sends("INFO", ASSERTED, "Privacy: id")
    assert not shows(media.gets("INFO"))


def tells(phone: Phone, scene: Scene) -> bool:
    """Tell whether a phone learns who calls it when Bob asks for nothing."""
    scene.bob.forgets()
    scene.bob.sends("INVITE", ASSERTED)
    scene.bob.gets("100 Trying")
    return shows(phone.gets("INVITE"))


def test_what_is_said_of_one_trunk_says_nothing_of_another() -> None:
    scene = made(trunk_trusted=True)
    scene.trunks[1] = msgspec.structs.replace(OTHER_TRUNK, trust_asserted=False)
    assert tells(scene.alice, scene)
    scene.routes = (Route(trunks=("other",)),)
    scene.restarts()
    assert not tells(scene.erin, scene)
