"""Calls as they come in, what may be found about them, and the policy that ships."""

from typing import Any

from messages import BOB, read_request, request
from pki import NOW
from scene import GUARD, TRUNK

from sip_guard.call import Attestation, Call, Code, Finding
from sip_guard.config.load import _preset
from sip_guard.peer import Trunk
from sip_guard.policy.rule import Act, Rule
from sip_guard.sip.flow import Flow

ALICE_NUMBER = "12155551212"
BOB_NUMBER = "12155551213"
FLOW = Flow("UDP", GUARD, ("198.51.100.7", 5060))
ORIGID = "123e4567-e89b-12d3-a456-426655440000"
DEFAULT = tuple(_preset("default", []))


def call(
    *more: str, uri: str = f"sip:{BOB}@192.0.2.1", trunk: Trunk = TRUNK, arrival: float = NOW, **changed: Any
) -> Call:
    """Make Alice's call to Bob, but for what is said of it: `more` are whole lines, `changed` values of fields."""
    return Call.of(read_request(request("INVITE", uri, *more, **changed)), trunk, FLOW, arrival)


def calling(user: str, *more: str, trunk: Trunk = TRUNK) -> Call:
    """Make a call whose From has this user part; `more` are whole lines."""
    return call(*more, trunk=trunk, fields={"From": f"<sip:{user}@carrier.example>;tag=1"})


def passed(level: str = "A", *fields: bytes, origid: str = ORIGID, token: int = 1) -> Finding:
    """Make the finding of a token that passed, for From if nothing else is said."""
    return Finding(
        Code.PASSED,
        f"attestation {level}",
        token=token,
        attestation=Attestation(level, origid, "1234", frozenset(fields or (b"from",))),
    )


def rule(name: str, then: str, *findings: str, mode: str = "enforce", attestation: str = "", **conditions: str) -> Rule:
    """Make a rule; the conditions `identity` and `trunks` are words."""
    assert mode in ("enforce", "shadow")
    return Rule(
        id=name,
        then=Act.parse(then),
        mode="shadow" if mode == "shadow" else "enforce",
        findings=frozenset(findings),
        attestation=frozenset(attestation),
        identity=frozenset(conditions.get("identity", "").split()),
        trunks=frozenset(conditions.get("trunks", "").split()),
    )
