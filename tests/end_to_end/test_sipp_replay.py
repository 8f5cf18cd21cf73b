"""A token belongs to one call: whoever shows it again is told to the PBX, and a call that is tried again is not."""

import pytest
from interconnection import ANSWERED, Interconnection, running

from sip_guard.demo.guard import Event

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)


def replays(decision: Event) -> list[str]:
    """Say what was another in the replays that were found."""
    return [found["differs"] for found in decision["findings"] if found["code"] == "token-replayed"]


def test_a_token_with_another_call_is_tagged_and_never_as_passed(interconnection: Interconnection) -> None:
    identity = interconnection.identity()
    first = interconnection.place(identity).end()
    assert first.decision["rule"] == "attested"
    again = interconnection.place(identity).end()
    assert again.answers == ANSWERED
    assert (again.decision["rule"], again.decision["reason"]) == ("replayed", "token-replayed")
    assert replays(again.decision) == ["Call-ID"]
    invite = again.invite
    assert invite.value("X-SIP-Guard") == "v=1;verdict=unable;reason=token-replayed;rule=replayed;mode=enforce;attest=-"
    assert b"verstat" not in invite.octets
    assert invite.values("P-Attestation-Indicator") == []


def test_a_token_by_another_trunk_is_a_replay(interconnection: Interconnection) -> None:
    identity = interconnection.identity()
    interconnection.place(identity).end()
    again = interconnection.place(identity, trunk="no-outage").end()
    assert replays(again.decision) == ["Call-ID,trunk"]
    assert b"verstat" not in again.invite.octets


def test_a_call_that_is_tried_again_is_no_replay(interconnection: Interconnection) -> None:
    identity = interconnection.identity(certificate="down.pem")
    call = interconnection.place(identity, scenario="retried", trunk="no-outage").end()
    interconnection.guard.wait(lambda _: len(call.decisions) == 2)
    assert [decision["reason"] for decision in call.decisions] == ["repository-unavailable"] * 2
    assert [replays(decision) for decision in call.decisions] == [[], []]
    stolen = interconnection.place(identity).end()
    assert replays(stolen.decision) == ["Call-ID,trunk"]
