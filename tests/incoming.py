"""Calls as they come in, what may be found about them, and the policy that ships."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from messages import BOB, read_request, request
from pki import NOW
from scene import GUARD, TRUNK

from sip_guard.call import Attestation, Call, Code, Finding
from sip_guard.config.policy import preset
from sip_guard.peer import Trunk
from sip_guard.policy import decision
from sip_guard.policy.act import Act, Mode
from sip_guard.policy.decision import Decision, TagOptions
from sip_guard.policy.hours import Hours
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules
from sip_guard.policy.when import When
from sip_guard.policy.words import Words
from sip_guard.sip.flow import Flow

ALICE_NUMBER = "12155551212"
BOB_NUMBER = "12155551213"
FLOW = Flow("UDP", GUARD, ("198.51.100.7", 5060))
ORIGID = "123e4567-e89b-12d3-a456-426655440000"
DEFAULT = preset("default")


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


def rule(name: str, then: str, *findings: str, mode: str = "enforce", **conditions: str) -> Rule:
    """Make a rule; the conditions are words, with spaces between."""
    return Rule(id=name, when=when(*findings, **conditions), then=Act.parse(then), mode=Mode.parse(mode))


def when(*findings: str, hours: str = "", zone: str = "UTC", **conditions: str) -> When:
    """Make conditions; each is words, with spaces between."""
    words = {name: Words.of(text.split()) for name, text in conditions.items()}
    asked = msgspec.structs.replace(When(), **words)
    window = Hours.parse(hours.split()) if hours else None
    return msgspec.structs.replace(asked, finding=Words.of(findings), hours=window, zone=ZoneInfo(zone))


def decide(call: Call, findings: Sequence[Finding], rules: Iterable[Rule], options: TagOptions) -> Decision:
    """Decide by rules that were not asked before."""
    return decision.decide(call, findings, Rules(rules), options)
