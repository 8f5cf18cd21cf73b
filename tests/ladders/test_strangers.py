"""Places within a call that belong to no peer, such as the phone behind a carrier: only what is awaited is heard."""

import pytest
from scene import OUT, TARGET, Phone, Scene

from sip_guard.peer import Route

CONTACT = "<sip:alice@192.0.2.99:5060>"


@pytest.fixture
def scene() -> Scene:
    """Give a call of Alice, whose Contact is the address of a phone that is no peer."""
    scene = Scene(targets=(TARGET, OUT), routes=(Route(trunks=("carrier",)),))
    scene.talk(contact=CONTACT)
    scene.bob.target = CONTACT.strip("<>")
    return scene


@pytest.fixture
def phone(scene: Scene) -> Phone:
    return scene.phone("phone", "alice", ("192.0.2.99", 5060))


def test_what_a_target_sends_reaches_a_contact_that_is_no_peers_and_its_answer_comes_back(
    scene: Scene, phone: Phone
) -> None:
    scene.bob.sends("BYE")
    phone.gets("BYE")
    phone.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")
    scene.passes(70)
    scene.check_over()


def test_its_answer_is_heard_as_long_as_the_transaction_lasts(scene: Scene, phone: Phone) -> None:
    scene.bob.sends("INFO")
    phone.gets("INFO")
    assert scene.guard._table.strangers == {phone.address: 1}
    scene.passes(32)
    phone.inbox.clear()
    scene.bob.gets("100 Trying")
    assert not scene.guard._table.strangers
    phone.sends("200 OK", to="INFO")
    scene.check_quiet()


def test_before_anything_was_sent_there_nothing_is_heard(scene: Scene, phone: Phone) -> None:
    phone.got["INVITE"] = scene.bob.got["INVITE"]
    phone.sends("200 OK")
    scene.check_quiet()


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "BYE", "REGISTER", "CANCEL", "ACK"])
def test_its_requests_are_not_answered_although_its_answer_is_awaited(scene: Scene, phone: Phone, method: str) -> None:
    scene.bob.sends("INFO")
    phone.gets("INFO")
    phone.sent["INVITE"] = scene.alice.sent["INVITE"]
    phone.got["200"] = scene.alice.got["200"]
    phone.sends(method)
    phone.says(b"OPTIONS nonsense SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.99\r\n\r\n")
    scene.check_quiet()


def test_a_strangers_answer_to_what_was_sent_to_somebody_else_is_dropped(scene: Scene, phone: Phone) -> None:
    """It is awaited at one address, and knows what was sent to another."""
    scene.bob.sends("INFO")
    phone.takes("INFO")
    scene.alice.sends("INFO")
    phone.got["INFO"] = scene.bob.gets("INFO")
    phone.sends("200 OK", to="INFO")
    scene.check_quiet()
    scene.bob.sends("200 OK", to="INFO")
    scene.alice.gets("200 OK")


def test_another_port_of_the_same_host_is_another_stranger(scene: Scene, phone: Phone) -> None:
    other = scene.phone("other", "alice", ("192.0.2.99", 5070))
    scene.bob.sends("INFO")
    other.got["INFO"] = phone.gets("INFO")
    other.sends("200 OK", to="INFO")
    scene.check_quiet()


def test_several_requests_are_awaited_and_each_is_let_go_of(scene: Scene, phone: Phone) -> None:
    for _ in range(3):
        scene.bob.sends("INFO")
        phone.gets("INFO")
        phone.sends("200 OK", to="INFO")
        scene.bob.gets("200 OK")
    assert scene.guard._table.strangers == {phone.address: 3}
    scene.passes(5.1)
    assert not scene.guard._table.strangers


def test_what_forges_its_answer_has_to_be_a_peer_or_there(scene: Scene, phone: Phone) -> None:
    """An answer of a peer from another of its addresses is heard, for many have several."""
    scene.bob.sends("INFO")
    scene.alice.got["INFO"] = phone.gets("INFO")
    scene.alice.sends("200 OK", to="INFO")
    scene.bob.gets("200 OK")


def test_what_a_stranger_answers_is_cleaned_as_a_trunks_answer_is(scene: Scene, phone: Phone) -> None:
    scene.bob.sends("INFO")
    phone.gets("INFO")
    phone.sends("200 OK", "X-SIP-Guard: v=1", "P-Asserted-Identity: <sip:+1@x>", to="INFO")
    answered = scene.bob.gets("200 OK")
    assert b"x-sip-guard" not in answered
    assert b"p-asserted-identity" not in answered


def test_a_stranger_marks_no_target_down(scene: Scene, phone: Phone) -> None:
    phone.transport = "TCP"
    scene.bob.target += ";transport=tcp"
    for _ in range(5):
        scene.bob.sends("INFO")
        scene.loses(phone)
        phone.inbox.clear()
        scene.bob.gets("500 Server Internal Error")
    assert scene.marked == []
