"""What the target is told in header fields of the guard's own, and what does not go on."""

import pytest
from messages import values
from scene import SECOND, TARGET, Scene, trunk

from sip_guard.verdict import Forward, Tags

PRIORITY = ("Resource-Priority: ets.0", "Resource-Priority : wps.1,", "RESOURCE-PRIORITY: q735.0\r\n  , x.y")
NO_PRIORITY = Forward(Tags(removed=frozenset({b"resource-priority"})))
TOLD = Forward(Tags(headers=((b"X-SIP-Guard", b"v=1"), (b"Attestation-Info", b"A"), (b"Origination-Id", b"id"))))
FAMILIES = ("P-Attestation-Indicator", "P-Origination-ID", "Attestation-Info", "Origination-Id")


def test_a_field_that_the_verdict_takes_away_does_not_go_on_however_often_it_stands_there(scene: Scene) -> None:
    scene.call(*PRIORITY, "Priority: urgent", verdict=NO_PRIORITY)
    received = scene.bob.got["INVITE"]
    assert b"resource-priority" not in received.raw.lower()
    assert values(received, "priority") == ["urgent"]


def test_it_does_not_go_to_the_next_target_either() -> None:
    scene = Scene(targets=(TARGET, SECOND))
    scene.call(*PRIORITY, verdict=NO_PRIORITY)
    scene.bob.sends("503 Service Unavailable")
    assert b"resource-priority" not in scene.carol.gets("INVITE").raw.lower()


def test_any_other_call_keeps_its_priority(scene: Scene) -> None:
    scene.call(PRIORITY[0])
    assert values(scene.bob.got["INVITE"], "resource-priority") == ["ets.0"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("spelt", ["{}: C", "{} : C", "{}:\r\n C"])
def test_neither_family_of_attestation_fields_passes_from_a_trunk(scene: Scene, name: str, spelt: str) -> None:
    lines = (spelt.format(name), spelt.format(name.upper()))
    scene.call(*lines)
    assert values(scene.bob.got["INVITE"], name.lower()) == []
    scene.bob.sends("200 OK", *lines)
    assert values(scene.alice.gets("200 OK"), name.lower()) == []


def test_what_the_guard_says_stands_there_once_even_if_a_trusted_trunk_says_it_too() -> None:
    scene = Scene(trunk=trunk(trusted=True))
    lines = [f"{name}: C" for name in FAMILIES]
    scene.call(*lines, "X-SIP-Guard: v=1;verdict=passed", verdict=TOLD)
    received = scene.bob.got["INVITE"]
    assert [values(received, name.lower()) for name in ("X-SIP-Guard", *FAMILIES)] == [
        ["v=1"],
        ["C"],
        ["C"],
        ["A"],
        ["id"],
    ]
