"""Another configuration takes the place of the one that calls in progress came under."""

import pytest
from messages import BOB
from scene import GUARD, OUT, SECOND, TARGET, Scene, target, trunk

from sip_guard.peer import Probe, Route, Target, Trunk
from sip_guard.proxy.core import Proxy
from sip_guard.sip.flow import End, Flow
from sip_guard.sip.message import Request
from sip_guard.verdict import Forward, Reject

NOBODY = "403 No Peer Any More"


def changes(
    scene: Scene, trunks: list[Trunk] | None = None, targets: list[Target] | None = None, own: list[End] | None = None
) -> None:
    """Put another configuration in force."""
    scene.guard.change(
        scene.trunks if trunks is None else trunks,
        scene.targets if targets is None else targets,
        own or [End("UDP", GUARD)],
        scene.now,
        former=[End("UDP", GUARD)],
        routes=scene.routes,
        urgent=scene.urgent,
    )


def to(*names: str) -> list[Trunk]:
    """Give Alice's trunk with these targets."""
    return [trunk(targets=names)]


def hangs_up(scene: Scene) -> None:
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")


def test_the_next_call_goes_to_the_new_target_and_a_call_that_is_screened_to_the_one_it_came_under() -> None:
    scene = Scene(targets=(TARGET,))
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    changes(scene, to("pbx-2"), [SECOND])
    scene.verdict()
    scene.bob.gets("INVITE")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.carol.gets("INVITE")


@pytest.mark.parametrize("verdict", [Forward(), Reject(403, "Forbidden")])
def test_a_call_whose_trunk_and_targets_are_gone_is_decided_nevertheless(verdict: Forward | Reject) -> None:
    scene = Scene(targets=(TARGET,))
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    changes(scene, [], [SECOND])
    scene.verdict(verdict)
    if isinstance(verdict, Reject):
        scene.alice.gets("403 Forbidden")
    else:
        scene.bob.gets("INVITE")


def test_a_call_at_a_target_that_is_gone_goes_on_and_ends() -> None:
    scene = Scene(targets=(TARGET, SECOND))
    scene.talk()
    changes(scene, to("pbx-2"), [SECOND])
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.bob.gets("INVITE")
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")
    scene.alice.sends("ACK")
    scene.bob.gets("ACK")
    hangs_up(scene)


def test_a_call_of_a_trunk_that_is_gone_goes_on_and_the_trunk_may_begin_no_other() -> None:
    scene = Scene(targets=(TARGET,))
    scene.talk()
    changes(scene, [])
    hangs_up(scene)
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets(NOBODY)


def test_a_to_tag_that_nobody_gave_begins_no_call_where_none_begins() -> None:
    scene = Scene(targets=(TARGET,))
    scene.guard.leaving.until = scene.now + 30
    scene.alice.sends("INVITE", to=f"<sip:{BOB}@guard.example>;tag=made-up")
    scene.alice.gets("503 Going Away")
    scene.guard.leaving.until = None
    changes(scene, [])
    scene.alice.forgets()
    scene.alice.sends("INVITE", to=f"<sip:{BOB}@guard.example>;tag=made-up")
    scene.alice.gets(NOBODY)


def test_who_is_gone_may_begin_no_call_along_a_connection_that_outlives_the_former_configuration() -> None:
    domains = frozenset({"carrier.example"})
    scene = Scene(trunk=trunk(sources=(), certificates=tuple(domains)), targets=(TARGET,))
    scene.guard.peers.prove(Flow("TLS", GUARD, scene.alice.address), domains)
    scene.alice.transport = "TLS"
    changes(scene, [])
    scene.passes(4 * 3600 + 1)
    changes(scene, [])
    scene.alice.sends("INVITE")
    scene.alice.gets(NOBODY)


def test_after_some_hours_who_is_gone_is_a_stranger() -> None:
    scene = Scene(targets=(TARGET,))
    changes(scene, [])
    scene.passes(4 * 3600 + 1)
    changes(scene, [])
    scene.alice.sends("INVITE")
    scene.check_quiet()


def test_a_trunk_that_got_another_name_can_cancel_what_it_began() -> None:
    scene = Scene(targets=(TARGET,))
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    changes(scene, [trunk(name="renamed", targets=("pbx",))])
    scene.alice.sends("CANCEL")
    scene.alice.gets("200 OK")
    scene.bob.gets("CANCEL")


def test_a_former_name_of_ours_is_ours_in_what_peers_send() -> None:
    scene = Scene(targets=(TARGET,))
    scene.talk()
    changes(scene, own=[End("UDP", ("192.0.2.99", 5060))])
    hangs_up(scene)


def test_a_target_that_is_down_stays_so_and_is_forgotten_with_its_address() -> None:
    quick = target(down_after=1, patience=0.5)
    scene = Scene(targets=(quick, SECOND))

    def is_up(guard: Proxy) -> bool:
        return bool(guard.hops.to([quick], scene.now))

    scene.guard.hops.unanswered(scene.guard.hops.to([quick], scene.now)[0], scene.now, "no answer")
    changes(scene)
    assert not is_up(scene.guard)
    changes(scene, to("pbx-2"), [SECOND])
    changes(scene)
    assert is_up(scene.guard)


def asked(scene: Scene, seconds: int) -> int:
    """Let time pass, in which Bob answers whenever he is asked: give how often he was."""
    count = 0
    for _ in range(seconds * 4):
        scene.passes(0.25)
        if scene.bob.inbox:
            scene.bob.gets("OPTIONS")
            scene.bob.sends("200 OK", to="OPTIONS")
            count += 1
    return count


def test_probes_are_those_of_the_configuration_in_force() -> None:
    scene = Scene(targets=(TARGET,))
    changes(scene, targets=[target(probe=Probe(every=5))])
    assert asked(scene, 12) == 3
    changes(scene, targets=[target(probe=Probe(every=5))])
    assert asked(scene, 10) == 2
    changes(scene, targets=[target(probe=Probe(every=60))])
    assert asked(scene, 10) == 1
    changes(scene)
    assert asked(scene, 100) == 0


# Taking leave.


def urgent(request: Request, _: Trunk | None) -> bool:
    return request.uri.startswith(b"sip:112@")


def test_a_guard_that_is_about_to_go_takes_emergency_calls_alone() -> None:
    scene = Scene(targets=(TARGET, OUT), routes=(Route(trunks=("carrier",)),), urgent=urgent)
    scene.talk()
    scene.guard.leaving.until = scene.now + 30
    scene.bob.forgets()
    for sender in (scene.alice, scene.bob):
        for method in ("INVITE", "OPTIONS"):
            sender.forgets()
            sender.sends(method, body=b"")
            assert sender.gets("503 Going Away").value(b"retry-after") == b"30"
    scene.alice.forgets()
    scene.alice.sends("INVITE", uri=f"sip:112@{GUARD[0]}")
    scene.alice.gets("100 Trying")


def test_a_guard_that_is_about_to_go_knows_what_is_in_progress() -> None:
    scene = Scene(targets=(TARGET,))
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    assert scene.guard.unanswered == 1
    scene.verdict(Reject(403, "Forbidden"))
    scene.alice.gets("403 Forbidden")
    assert scene.guard.unanswered == 0
    assert scene.guard.transactions == 1


def test_an_address_that_is_given_up_takes_no_new_calls_and_ends_those_it_has() -> None:
    scene = Scene(targets=(TARGET,))
    scene.talk()
    scene.guard.leaving.ends = {End("UDP", GUARD): scene.now + 30}
    assert scene.guard.uses({End("UDP", GUARD)})
    hangs_up(scene)
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    assert scene.alice.gets("503 Going Away").value(b"retry-after") == b"30"
    scene.passes(200)
    assert not scene.guard.uses({End("UDP", GUARD)})
