"""Targets that answer with a 3xx: it is the caller's, or the guard tries the contacts itself (RFC 3261 16.7 step 4)."""

import pytest
from scene import SECOND, TARGET, Scene, target

from sip_guard.proxy.forwarding import MAX_REDIRECTIONS
from sip_guard.sip.message import Request

FOLLOWING = target(redirects="follow")


@pytest.fixture
def scene() -> Scene:
    """Give Bob, whose redirections are followed, and Carol who is tried after him."""
    return Scene(targets=(FOLLOWING, SECOND))


def uri_of(message: object) -> str:
    assert isinstance(message, Request)
    return message.uri.decode()


def redirects(scene: Scene, *contacts: str) -> None:
    scene.bob.sends("302 Moved Temporarily", contact=", ".join(contacts))
    scene.bob.gets("ACK")


def test_a_redirection_is_the_callers_if_nothing_else_is_said() -> None:
    scene = Scene(targets=(TARGET, SECOND))
    scene.call()
    redirects(scene, "<sip:elsewhere@pbx.example>")
    assert scene.alice.gets("302 Moved Temporarily").value(b"contact") == b"<sip:elsewhere@pbx.example>"
    scene.check_quiet()


def test_a_redirection_is_followed_and_the_caller_hears_nothing_of_it(scene: Scene) -> None:
    scene.call()
    first = scene.bob.got["INVITE"]
    redirects(scene, "<sip:desk@pbx.example>")
    second = scene.bob.gets("INVITE")
    assert uri_of(second) == "sip:desk@pbx.example"
    assert second.via.branch != first.via.branch
    assert second.value(b"max-forwards") == first.value(b"max-forwards")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.passes(70)
    scene.check_over()


def test_contacts_are_tried_in_their_order_while_they_cannot_be_used(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:second@pbx.example>;q=0.5", "<sip:first@pbx.example>;q=0.9")
    assert uri_of(scene.bob.gets("INVITE")) == "sip:first@pbx.example"
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    assert uri_of(scene.bob.gets("INVITE")) == "sip:second@pbx.example"
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")


def test_a_contact_that_is_busy_leads_to_the_next_and_the_best_answer_to_the_caller(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:first@pbx.example>", "<sip:second@pbx.example>")
    scene.bob.gets("INVITE")
    scene.bob.sends("486 Busy Here")
    scene.bob.gets("ACK")
    assert uri_of(scene.bob.gets("INVITE")) == "sip:second@pbx.example"
    scene.bob.sends("504 Server Time-out")
    scene.bob.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.check_quiet()


def test_a_contact_that_refuses_for_all_ends_the_search(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:first@pbx.example>", "<sip:second@pbx.example>")
    scene.bob.gets("INVITE")
    scene.bob.sends("603 Decline")
    scene.bob.gets("ACK")
    scene.alice.gets("603 Decline")
    scene.check_quiet()


def test_the_contact_of_a_redirection_is_reached_at_the_target_and_nowhere_else(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:premium@198.18.0.7:5060;transport=tcp>")
    assert uri_of(scene.bob.gets("INVITE")) == "sip:premium@198.18.0.7:5060;transport=tcp"
    scene.check_quiet()


def test_what_redirects_in_a_circle_is_not_followed_for_ever(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:a@pbx.example>")
    scene.bob.gets("INVITE")
    redirects(scene, "<sip:b@pbx.example>")
    scene.bob.gets("INVITE")
    redirects(scene, "<sip:a@pbx.example>")
    scene.alice.gets("302 Moved Temporarily")
    scene.alice.sends("ACK")
    scene.check_quiet()


def test_what_redirects_on_and_on_is_followed_so_far_and_no_further(scene: Scene) -> None:
    scene.call()
    for number in range(MAX_REDIRECTIONS):
        redirects(scene, f"<sip:{number}@pbx.example>")
        scene.bob.gets("INVITE")
    redirects(scene, "<sip:last@pbx.example>")
    scene.alice.gets("302 Moved Temporarily")
    scene.alice.sends("ACK")
    scene.passes(70)
    scene.check_over()


@pytest.mark.parametrize("contact", ["<mailto:bob@pbx.example>", "*", "<http://pbx.example/>"])
def test_what_cannot_be_called_is_the_callers(scene: Scene, contact: str) -> None:
    scene.call()
    redirects(scene, contact)
    scene.alice.gets("302 Moved Temporarily")


def test_a_call_that_was_cancelled_is_not_redirected(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")
    scene.bob.sends("200 OK", to="CANCEL")
    redirects(scene, "<sip:desk@pbx.example>")
    scene.alice.gets("302 Moved Temporarily")
    scene.alice.sends("ACK")
    scene.passes(70)
    scene.check_over()


def test_a_redirection_within_a_call_is_the_callers(scene: Scene) -> None:
    scene.talk()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.bob.gets("INVITE")
    redirects(scene, "<sip:desk@pbx.example>")
    scene.alice.gets("302 Moved Temporarily")


def test_silence_after_a_redirection_leads_to_the_next_target(scene: Scene) -> None:
    scene.call()
    redirects(scene, "<sip:desk@pbx.example>")
    scene.bob.gets("INVITE")
    assert scene.times(scene.bob, "INVITE", 4.0) == [0.5, 1.5, 3.5]
    scene.carol.gets("INVITE")


def test_a_large_call_that_was_redirected_by_tcp_is_not_tried_by_udp_as_it_was() -> None:
    scene = Scene(targets=(target(redirects="follow", large_requests="tcp"), SECOND))
    scene.bob.also = ("TCP",)
    scene.alice.sends("INVITE", body=b"v=0\r\n" * 300)
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.bob.gets("INVITE")
    redirects(scene, "<sip:desk@pbx.example>")
    assert uri_of(scene.bob.gets("INVITE")) == "sip:desk@pbx.example"
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.check_quiet()


def test_a_late_redirection_of_who_lost_the_call_is_not_followed(scene: Scene) -> None:
    scene.call()
    scene.passes(4.0)
    scene.bob.inbox.clear()
    scene.carol.gets("INVITE")
    redirects(scene, "<sip:desk@pbx.example>")
    scene.check_quiet()
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
