"""A caller that a rule withholds: SIPp calls and answers, and the whole call is looked at from both sides."""

import pytest
from interconnection import ANSWERED, Interconnection, running

from sip_guard.demo.calls import ALICE

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=caller-1'


def test_the_pbx_never_sees_the_number_and_the_caller_always_sees_itself(interconnection: Interconnection) -> None:
    call = interconnection.place(
        f"P-Preferred-Identity: <tel:+{ALICE}>",
        f"User-Agent: Desk of +{ALICE}",
        trunk="hidden",
        contact=f"<sip:+{ALICE}@127.0.0.9:5060>",
    ).end()
    assert call.answers == ANSWERED
    assert (call.decision["action"], call.decision["rule"]) == ("anonymise", "withheld")
    assert call.invite.value("Privacy") == "id"
    seen = [message for message in call.at_the_pbx if not message.sent]
    assert [message.start.partition(" ")[0] for message in seen] == ["INVITE", "ACK", "BYE"]
    assert {message.value("From") for message in seen} == {NOBODY}
    assert all(ALICE.encode()[1:] not in message.octets for message in seen)
    told = [message.value("From") for message in call.caller.messages() if not message.sent]
    assert len(told) == len(ANSWERED) + 1
    assert set(told) == {f"<sip:+{ALICE}@carrier.example>;tag=caller-1"}
