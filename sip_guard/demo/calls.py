"""The calls of the demonstration: honest ones, and the ways to spoof one."""

from collections.abc import Callable
from typing import NamedTuple

from sip_guard.demo.laboratory import Laboratory

ALICE = "12025550142"
BOB = "12025550199"
BANK = "442079460000"
OTHER = "12025550177"


class Expected(NamedTuple):
    """What the guard does if it is right."""

    answer: int
    rule: str


class DemoCall(NamedTuple):
    """One call: who it says it is, and what it carries to prove it."""

    title: str
    presented: str
    """Value of From without its tag."""
    called: str
    fields: Callable[[Laboratory], list[str]]
    """Further header lines."""
    expected: Expected
    strict: bool = False
    """Whether it comes by the trunk that requires tokens."""


def _from(number: str) -> str:
    return f"<sip:+{number}@carrier.example>"


def _no_fields(_: Laboratory) -> list[str]:
    return []


CALLS = (
    DemoCall(
        "Attested A by the caller's operator",
        _from(ALICE),
        BOB,
        lambda lab: [lab.identity(ALICE, BOB)],
        Expected(200, "attested"),
    ),
    DemoCall(
        "A bank's number, and nobody attests it",
        f'"Your Bank" {_from(BANK)}',
        BOB,
        _no_fields,
        Expected(428, "identity-required"),
        strict=True,
    ),
    DemoCall(
        "Tampered: attestation C made an A",
        _from(ALICE),
        BOB,
        lambda lab: [lab.tampered(ALICE, BOB)],
        Expected(438, "bad-signature"),
    ),
    DemoCall(
        "A bank's number with another caller's token",
        _from(BANK),
        BOB,
        lambda lab: [lab.identity(OTHER, BOB)],
        Expected(438, "mismatch"),
    ),
    DemoCall(
        "A token made for a call to somebody else",
        _from(ALICE),
        BOB,
        lambda lab: [lab.identity(ALICE, OTHER)],
        Expected(438, "mismatch"),
    ),
    DemoCall(
        "A token from five minutes ago",
        _from(ALICE),
        BOB,
        lambda lab: [lab.identity(ALICE, BOB, age=300)],
        Expected(403, "stale"),
    ),
    DemoCall(
        "Signed under an unknown authority",
        _from(ALICE),
        BOB,
        lambda lab: [lab.stranger(ALICE, BOB)],
        Expected(437, "untrusted"),
    ),
    DemoCall(
        "The certificate repository is down",
        _from(ALICE),
        BOB,
        lambda lab: [lab.identity(ALICE, BOB, certificate="down.pem")],
        Expected(200, "unavailable"),
    ),
    DemoCall("No Identity at all", _from(ALICE), BOB, _no_fields, Expected(200, "unsigned")),
    DemoCall(
        "Forged verstat, attestation and verdict",
        f"<sip:+{BANK};verstat=TN-Validation-Passed@carrier.example>",
        BOB,
        lambda _: ["P-Attestation-Indicator: A", "X-SIP-Guard: v=1;verdict=passed"],
        Expected(200, "unsigned"),
    ),
    DemoCall(
        "An emergency call, unsigned, where tokens are required",
        _from(ALICE),
        "112",
        _no_fields,
        Expected(200, "emergency"),
        strict=True,
    ),
)
