"""What proves that a request belongs to a call: the guard's own signed Record-Route parameter, and nothing else."""

import pytest
from messages import values
from scene import GUARD, SECRET, Scene

from sip_guard.proxy.route import Seal

OURS = f"<sip:{GUARD[0]}:{GUARD[1]};lr"


def proof_in(routes: list[str]) -> str:
    (ours,) = (route for route in routes if route.startswith(OURS))
    return ours


def is_screened(scene: Scene, **changed: str) -> bool:
    """Alice sends an INVITE: is it taken for a first one?"""
    before = len(scene.screens)
    scene.alice.sends("INVITE", body=b"", **changed)
    scene.alice.gets("100 Trying")
    return len(scene.screens) == before + 1


def test_a_to_tag_proves_nothing(scene: Scene) -> None:
    assert is_screened(scene, to="<sip:+12155551213@guard.example>;tag=x")


def test_a_to_tag_and_the_guards_own_route_prove_nothing(scene: Scene) -> None:
    assert is_screened(scene, to="<sip:bob@guard.example>;tag=x", route=f"{OURS}>")
    assert is_screened(scene, to="<sip:bob@guard.example>;tag=x", route=f"{OURS};sg=>")
    assert is_screened(scene, to="<sip:bob@guard.example>;tag=x", route=f"{OURS};sg=AAAAAAAAAAAAAAAA>")
    assert scene.bob.inbox == []


def test_the_proof_of_one_call_is_none_for_another(scene: Scene) -> None:
    scene.talk()
    to = f"{scene.alice.remote};tag={scene.alice.remote_tag}"
    assert is_screened(scene, to=to, call_id="another")


def test_a_proof_without_a_to_tag_is_none(scene: Scene) -> None:
    scene.talk()
    assert is_screened(scene, to=scene.alice.remote)


def test_the_callers_proof_is_none_with_another_to_tag(scene: Scene) -> None:
    scene.talk()
    assert is_screened(scene, to=f"{scene.alice.remote};tag=another")
    assert is_screened(scene, to=f"{scene.alice.remote};tag={scene.alice.tag}")


def test_the_callers_proof_is_none_with_another_from_tag(scene: Scene) -> None:
    scene.talk()
    scene.alice.tag = "another"
    assert is_screened(scene)


def test_a_provisional_answer_without_a_tag_gives_no_proof_worth_having(scene: Scene) -> None:
    scene.call()
    scene.bob.says(scene.bob.sends("100 Trying").replace(b"100 Trying", b"183 Session Progress"))
    early = scene.alice.gets("183 Session Progress")
    assert early.to_tag == b""
    assert is_screened(scene, to="<sip:bob@guard.example>;tag=x", route=proof_in(values(early, "record-route")))


def test_a_re_invite_of_the_callee_gives_the_caller_no_more_than_it_has(scene: Scene) -> None:
    scene.talk()
    scene.bob.sends("INVITE")
    scene.bob.gets("100 Trying")
    (theirs,) = values(scene.alice.gets("INVITE"), "record-route")
    assert theirs == scene.alice.routes[0]


def test_no_choice_of_tags_makes_a_callers_proof_a_callees(scene: Scene) -> None:
    scene.alice.tag = "alice\\"
    scene.talk()
    to = f"<sip:bob@guard.example>;tag={scene.alice.tag}\0{scene.alice.remote_tag}"
    scene.alice.tag = "another"
    scene.alice.sends("INVITE", to=to)
    assert scene.bob.inbox == []
    seal = Seal(SECRET)
    assert len({seal.mac(b"a", b"bc"), seal.mac(b"ab", b"c"), seal.mac(b"a\0bc"), seal.mac(b"abc", b"")}) == 4


def test_the_callee_has_its_proof_from_the_invite_alone(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("183 Session Progress")
    scene.alice.gets("183 Session Progress")
    scene.bob.sends("UPDATE")
    scene.alice.gets("UPDATE")
    scene.alice.sends("200 OK", to="UPDATE")
    scene.bob.gets("200 OK")


def test_each_callee_that_answers_gives_its_own_proof(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    one = values(scene.alice.gets("180 Ringing"), "record-route")
    scene.bob.tag = "bob-at-home"
    scene.bob.sends("180 Ringing")
    other = values(scene.alice.gets("180 Ringing"), "record-route")
    assert one != other
    assert is_screened(scene, to="<sip:bob@guard.example>;tag=bob-at-home", route=one[0])
    scene.alice.sends("UPDATE", to="<sip:bob@guard.example>;tag=bob-at-home", route=other[0])
    scene.bob.gets("UPDATE")


def test_a_call_outlives_a_restart_of_the_guard(scene: Scene) -> None:
    scene.talk()
    scene.restarts()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("200 OK", to="INFO")
    scene.alice.gets("200 OK")
    scene.bob.sends("BYE")
    scene.alice.gets("BYE")
    scene.alice.sends("200 OK", to="BYE")
    scene.bob.gets("200 OK")


def test_a_guard_with_another_secret_knows_nothing_of_a_call(scene: Scene) -> None:
    scene.talk()
    scene.guard = scene.proxy(b"another secret of 32 octets.....")
    scene.alice.sends("BYE")
    scene.alice.gets("481 Call/Transaction Does Not Exist")
    assert is_screened(scene)


@pytest.mark.parametrize("method", ["ACK", "BYE"])
def test_no_request_passes_with_a_forged_proof(scene: Scene, method: str) -> None:
    scene.talk()
    scene.alice.sends(method, route=f"{OURS};sg=AAAAAAAAAAAAAAAA>, <sip:203.0.113.5;lr>")
    assert scene.bob.inbox == []
