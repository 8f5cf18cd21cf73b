"""Calls that are cancelled, repeated or lost on the way, and INVITEs that claim to be of a dialog."""

from pathlib import Path

import pytest
from interconnection import ANSWERED, Interconnection, running, tampered

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

REFUSED = "438 Invalid Identity Header"


@pytest.mark.parametrize(
    "route", [(), ("Route: <sip:{host}:{port};lr>",), ("Route: <sip:{host}:{port};lr;sg=AAAAAAAAAAAAAAAA>",)]
)
def test_a_first_invite_with_a_to_tag_is_screened(interconnection: Interconnection, route: tuple[str, ...]) -> None:
    host, port = interconnection.address
    call = interconnection.place(
        tampered(interconnection.identity(attest="C")),
        *(line.format(host=host, port=port) for line in route),
        scenario="refused",
        to_tag=";tag=forged",
    ).end()
    assert call.answers == ["100 Trying", REFUSED]
    assert call.decision["rule"] == "bad-signature"
    assert call.invites == []


def test_an_unsigned_first_invite_with_a_to_tag_is_refused_where_tokens_are_required(
    interconnection: Interconnection,
) -> None:
    call = interconnection.place(scenario="refused", trunk="signed-only", to_tag=";tag=forged").end()
    assert call.answers == ["100 Trying", "428 Use Identity Header"]
    assert call.decision["rule"] == "identity-required"
    assert call.invites == []


def test_a_call_cancelled_while_its_certificate_is_fetched_never_reaches_the_pbx(tmp_path: Path) -> None:
    with Interconnection(tmp_path) as interconnection:
        repository = interconnection.repository
        cancelled = interconnection.place(
            interconnection.identity(certificate="slow.pem"), scenario="cancelled", duration=0.3
        ).end()
        assert cancelled.answers == ["100 Trying", "487 Request Terminated"]
        assert repository.fetched == ["slow.pem"]
        repository.release()
        later = interconnection.place(interconnection.identity(certificate="slow.pem")).end()
        assert later.decision["rule"] == "attested"
        assert cancelled.decisions == []
        assert cancelled.invites == []


def test_an_invite_that_comes_again_is_decided_logged_and_sent_on_once(tmp_path: Path) -> None:
    with Interconnection(tmp_path) as interconnection:
        call = interconnection.place(interconnection.identity(certificate="slow.pem"), scenario="repeated")
        call.caller.gets(lambda _: call.answers == ["100 Trying"] * 3, "third answer")
        assert call.decisions == []
        interconnection.repository.release()
        call.end()
        assert call.answers == ["100 Trying"] * 2 + ANSWERED
        assert call.decision["rule"] == "attested"
        assert call.invite.value("CSeq") == "1 INVITE"
        assert interconnection.repository.fetched == ["slow.pem"]


def test_a_refusal_that_is_lost_is_sent_again_until_it_is_acknowledged(interconnection: Interconnection) -> None:
    identity = tampered(interconnection.identity(attest="C"))
    call = interconnection.place(identity, scenario="refusal_lost", duration=1.5).end()
    assert call.answers == ["100 Trying", REFUSED, REFUSED]
    assert call.decision["rule"] == "bad-signature"
    assert call.invites == []


def test_an_answer_that_is_lost_is_passed_on_again(interconnection: Interconnection) -> None:
    call = interconnection.place(interconnection.identity(), scenario="answer_lost").end()
    assert call.answers == [*ANSWERED, "200 OK"]
    assert call.decision["rule"] == "attested"
    assert call.invite.value("CSeq") == "1 INVITE"
