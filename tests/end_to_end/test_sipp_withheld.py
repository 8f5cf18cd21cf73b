"""A caller that a rule withholds: SIPp calls and answers, and the whole call is looked at from both sides."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from interconnection import ANSWERED, Interconnection, running

from sip_guard.demo.calls import ALICE

pytestmark = pytest.mark.end_to_end

interconnection = pytest.fixture(scope="module")(running)

LASTED = 1.0
"""Seconds from the ACK to the BYE."""
NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=caller-1'


def test_the_pbx_never_sees_the_number_and_the_caller_always_sees_itself(interconnection: Interconnection) -> None:
    call = interconnection.place(
        f"P-Preferred-Identity: <tel:+{ALICE}>",
        f"User-Agent: Desk of +{ALICE}",
        trunk="hidden",
        contact=f"<sip:+{ALICE}@127.0.0.9:5060>",
        duration=LASTED,
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
    would = shadowed(interconnection, answered=1)
    assert would == {"rule": "would-be-refused", "action": "reject 603", "calls": 1, "refused": 0, "answered": 1}
    (line,) = asked(interconnection, "calls", "--call-id", call.call_id)
    assert (line["answer"], LASTED <= line["duration"] < 10 * LASTED) == (200, True)


def asked(interconnection: Interconnection, *arguments: str) -> list[dict[str, Any]]:
    """Ask the record by a command."""
    command = [sys.executable, "-m", "sip_guard", *arguments, "--config", str(interconnection.config), "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
    made: list[dict[str, Any]] = json.loads(said) if said.startswith("[") else [*map(json.loads, said.splitlines())]
    return made


def shadowed(interconnection: Interconnection, *, answered: int) -> dict[str, Any]:
    """Give what `sip-guard shadow` says once it knows how so many calls have ended: it is written a moment later."""
    end = time.monotonic() + 5
    while True:
        (told,) = asked(interconnection, "shadow")
        if told["ended"] == answered or time.monotonic() > end:
            return {name: told[name] for name in ("rule", "action", "calls", "refused", "answered")}
        time.sleep(0.2)
