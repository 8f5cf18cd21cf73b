"""A caller that the callee learns nothing of, for as long as the call lasts (verdict `anonymise`)."""

import pytest
from messages import values
from scene import SECOND, Scene, target

from sip_guard.sip.message import Message, Request
from sip_guard.verdict import Forward, Tags

HIDDEN = Forward(Tags(headers=((b"X-SIP-Guard", b"v=1"),)), anonymise=True)
NUMBER = b"2155551212"
OWN = b"<sip:+12155551212@alice.example>;tag=alice-tag"
NOBODY = b'"Anonymous" <sip:anonymous@anonymous.invalid>;tag=alice-tag'
MORE = (
    "P-Asserted-Identity: <tel:+12155551212>",
    "P-Preferred-Identity: <tel:+12155551212>",
    "Remote-Party-ID: <sip:+12155551212@x>",
    "Privacy: none",
    "Identity: e30.e30.c2ln;info=<https://cert.example.org/12155551212.pem>",
    "Subject: +12155551212",
    "Reply-To: <sip:+12155551212@x>",
    "User-Agent: Desk of 12155551212",
    "Call-Info: <https://x.example/12155551212>",
    "Referred-By: <sip:+12155551212@x>",
)


@pytest.fixture
def scene() -> Scene:
    return Scene(targets=(target(trust_asserted=False),))


def hidden(message: Message) -> Message:
    """See that nothing tells who calls."""
    assert NUMBER not in message.raw
    return message


def sees(scene: Scene, what: str) -> Message:
    """Bob gets it, and learns nothing."""
    return hidden(scene.bob.gets(what))


def begin(scene: Scene, *more: str) -> Message:
    scene.call(*more, verdict=HIDDEN)
    return hidden(scene.bob.got["INVITE"])


def talk(scene: Scene) -> None:
    begin(scene)
    scene.bob.sends("200 OK")
    assert scene.alice.gets("200 OK").value(b"from") == OWN
    scene.alice.sends("ACK")
    assert sees(scene, "ACK").value(b"from") == NOBODY


def test_the_callee_sees_nobody_and_the_caller_its_own_from_in_every_answer(scene: Scene) -> None:
    invite = begin(scene, *MORE)
    assert invite.value(b"from") == NOBODY
    assert values(invite, "privacy") == ["id"]
    assert values(invite, "x-sip-guard") == ["v=1"]
    for name in (b"identity", b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id", b"user-agent"):
        assert name not in invite
    for status in ("180 Ringing", "200 OK"):
        scene.bob.sends(status)
        shown = scene.alice.gets(status)
        assert shown.value(b"from") == OWN
        assert shown.value(b"to") == b"<sip:+12155551213@guard.example>;tag=bob-tag"


def test_a_target_in_the_trust_domain_gets_who_calls_with_the_wish_to_hide_it() -> None:
    scene = Scene()
    scene.call(*MORE, verdict=HIDDEN)
    invite = scene.bob.got["INVITE"]
    assert values(invite, "p-asserted-identity") == ["<tel:+12155551212>"]
    assert values(invite, "privacy") == ["id"]
    assert invite.value(b"from") == NOBODY
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK", "P-Asserted-Identity: <tel:+12155551212>")
    hidden(scene.bob.gets("ACK"))


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:+12155551212@198.51.100.7:5060>",
        '"+12155551212" <sip:+12155551212:secret@198.51.100.7:5060;ob?Subject=12155551212>;expires=60',
        "sip:+12155551212@198.51.100.7:5060",
        '"+12155551212" <sip:198.51.100.7:5060>',
        "<tel:+12155551212>",
    ],
)
def test_no_contact_tells_who_calls(scene: Scene, contact: str) -> None:
    scene.call(verdict=HIDDEN, contact=contact)
    (shown,) = values(hidden(scene.bob.got["INVITE"]), "contact")
    assert shown.startswith("<sip:")


def test_the_caller_is_reached_under_its_own_contact(scene: Scene) -> None:
    talk(scene)
    assert scene.bob.target.startswith("sip:anonymous-")
    scene.bob.sends("INFO")
    got = scene.alice.gets("INFO")
    assert isinstance(got, Request)
    assert got.uri.decode() == scene.alice.uri


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "REFER"])
def test_a_request_of_the_caller_is_hidden_and_its_answers_are_not(scene: Scene, method: str) -> None:
    talk(scene)
    scene.alice.sends(method, "P-Asserted-Identity: <tel:+12155551212>")
    got = sees(scene, method)
    assert got.value(b"from") == NOBODY
    scene.bob.sends("200 OK", to=method)
    assert scene.alice.gets("200 OK").value(b"from") == OWN
    scene.check_quiet()


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "MESSAGE"])
def test_a_request_of_the_callee_comes_to_the_caller_as_it_knows_itself_and_its_answer_is_hidden(
    scene: Scene, method: str
) -> None:
    talk(scene)
    scene.bob.sends(method)
    assert scene.alice.gets(method).value(b"to") == OWN
    scene.alice.sends("200 OK", "P-Asserted-Identity: <tel:+12155551212>", to=method)
    assert sees(scene, "200 OK").value(b"to") == NOBODY
    scene.check_quiet()


def test_a_new_invite_of_the_caller_and_all_behind_it_stay_hidden(scene: Scene) -> None:
    talk(scene)
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    assert sees(scene, "INVITE").value(b"from") == NOBODY
    scene.bob.sends("200 OK")
    assert scene.alice.gets("200 OK").value(b"from") == OWN
    scene.alice.sends("ACK")
    sees(scene, "ACK")
    scene.bob.sends("BYE")
    assert scene.alice.gets("BYE").value(b"to") == OWN
    scene.alice.sends("200 OK", to="BYE")
    sees(scene, "200 OK")
    scene.check_quiet()


def test_a_new_invite_of_the_callee_and_all_behind_it_stay_hidden(scene: Scene) -> None:
    talk(scene)
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    assert scene.alice.gets("INVITE").value(b"to") == OWN
    scene.alice.sends("180 Ringing")
    sees(scene, "180 Ringing")
    scene.alice.sends("200 OK")
    assert sees(scene, "200 OK").value(b"to") == NOBODY
    scene.bob.sends("ACK")
    assert scene.alice.gets("ACK").value(b"to") == OWN
    scene.alice.sends("BYE")
    sees(scene, "BYE")


def test_a_new_invite_of_the_callee_that_is_refused_is_acknowledged_here(scene: Scene) -> None:
    talk(scene)
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    scene.alice.gets("INVITE")
    scene.alice.sends("488 Not Acceptable Here")
    assert scene.alice.gets("ACK").value(b"to") == OWN
    assert sees(scene, "488 Not Acceptable Here").value(b"to") == NOBODY


def test_before_the_answer_the_callee_can_ask_and_the_caller_too(scene: Scene) -> None:
    begin(scene)
    scene.bob.sends("183 Session Progress")
    scene.alice.gets("183 Session Progress")
    scene.alice.sends("PRACK")
    assert sees(scene, "PRACK").value(b"from") == NOBODY
    scene.bob.sends("200 OK", to="PRACK")
    assert scene.alice.gets("200 OK").value(b"from") == OWN
    scene.bob.sends("UPDATE")
    assert scene.alice.gets("UPDATE").value(b"to") == OWN
    scene.alice.sends("200 OK", to="UPDATE")
    sees(scene, "200 OK")


def test_a_cancelled_call_ends_without_a_name(scene: Scene) -> None:
    begin(scene)
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    assert sees(scene, "CANCEL").value(b"from") == NOBODY
    scene.bob.sends("200 OK", to="CANCEL")
    scene.bob.sends("487 Request Terminated")
    assert sees(scene, "ACK").value(b"from") == NOBODY
    assert scene.alice.gets("487 Request Terminated").value(b"from") == OWN


def test_the_next_target_learns_nothing_either() -> None:
    both = (target(trust_asserted=False), target(SECOND, trust_asserted=False))
    scene = Scene(targets=both)
    scene.call(*MORE, verdict=HIDDEN)
    hidden(scene.bob.got["INVITE"])
    scene.bob.sends("503 Service Unavailable")
    hidden(scene.bob.gets("ACK"))
    assert hidden(scene.carol.gets("INVITE")).value(b"from") == NOBODY
    scene.carol.sends("200 OK")
    assert scene.alice.gets("200 OK").value(b"from") == OWN


def test_the_proof_of_a_hidden_call_outlives_a_restart_and_is_good_for_no_other(scene: Scene) -> None:
    talk(scene)
    scene.guard = scene.proxy()
    scene.bob.sends("BYE")
    assert scene.alice.gets("BYE").value(b"to") == OWN


@pytest.mark.parametrize("changed", ["", "AAAA", "!", "A" * 400])
def test_what_the_callee_made_of_the_encrypted_name_costs_no_more_than_the_name(scene: Scene, changed: str) -> None:
    talk(scene)
    own = scene.bob.routes[0]
    proof, way, _ = own.partition(";sg=")[2].rstrip(">").split(".")
    scene.bob.routes = [f"{own.partition(';sg=')[0]};sg={proof}.{way}.{changed}>"]
    scene.bob.sends("BYE", uri=f"sip:anonymous-{changed}@198.51.100.7:5060")
    assert scene.alice.gets("BYE").value(b"to") == NOBODY


def test_the_caller_cannot_show_itself_by_leaving_out_that_it_is_hidden(scene: Scene) -> None:
    talk(scene)
    (route,) = scene.alice.routes
    assert route.count(".") >= 1
    scene.alice.routes = [route.rpartition(".")[0] + ">"]
    scene.alice.sends("INFO")
    sees(scene, "INFO")
