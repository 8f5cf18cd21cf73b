"""Which target a call goes to: by priority and weight, and by what became of the calls before."""

from collections import Counter

import pytest
from scene import SECOND, TARGET, Phone, Scene, target

THIRD = target(name="pbx-3", host="203.0.113.7", priority=2)


@pytest.fixture
def scene() -> Scene:
    """Give Bob, who is marked down after three calls without an answer, and Carol who is tried after him."""
    return Scene(targets=(TARGET, SECOND))


def calls(scene: Scene) -> None:
    """Alice calls once more, and is let through."""
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()


def refuses(scene: Scene, phone: Phone) -> None:
    """Alice's last call reached this phone, which is busy."""
    phone.gets("INVITE")
    phone.sends("486 Busy Here")
    phone.gets("ACK")
    scene.alice.gets("486 Busy Here")
    scene.alice.sends("ACK")
    scene.check_quiet()


def goes_down(scene: Scene) -> None:
    """Three calls one after the other have no answer of Bob, and one of Carol."""
    for _ in range(3):
        calls(scene)
        scene.passes(4)
        scene.bob.inbox.clear()
        refuses(scene, scene.carol)
    assert scene.marked == [("pbx", False)]


def test_after_three_calls_without_an_answer_a_target_is_down_and_new_calls_go_to_the_next(scene: Scene) -> None:
    goes_down(scene)
    for _ in range(5):
        calls(scene)
        refuses(scene, scene.carol)


def test_any_answer_between_lets_a_target_stay_up(scene: Scene) -> None:
    for _ in range(4):
        for _ in range(2):
            calls(scene)
            scene.passes(4)
            scene.bob.inbox.clear()
            refuses(scene, scene.carol)
        calls(scene)
        refuses(scene, scene.bob)
    assert scene.marked == []


def test_a_late_answer_is_one_too(scene: Scene) -> None:
    goes_down(scene)
    scene.passes(10)
    calls(scene)
    scene.bob.gets("INVITE")
    assert scene.times(scene.bob, "INVITE", 4) == [0.5, 1.5, 3.5]
    scene.carol.gets("INVITE")
    scene.bob.sends("100 Trying")
    assert scene.marked == [("pbx", False), ("pbx", True)]


def test_calls_that_wait_for_a_target_go_on_at_once_when_it_is_marked_down(scene: Scene) -> None:
    begin = scene.now
    for _ in range(6):
        calls(scene)
        scene.passes(0.75)
    scene.bob.inbox.clear()
    scene.passes(1.0)
    first: dict[bytes, float] = {}
    for arrival in scene.carol.inbox:
        first.setdefault(arrival.message.value(b"call-id"), arrival.at - begin)
    assert list(first.values()) == [4.0, 4.75, 5.5, 5.5, 5.5, 5.5]
    assert scene.marked == [("pbx", False)]
    scene.bob.inbox.clear()
    assert scene.times(scene.bob, "INVITE", 20) == []


def test_a_call_that_rings_is_left_where_it_is_when_its_target_is_marked_down(scene: Scene) -> None:
    scene.call()
    scene.bob.sends("180 Ringing")
    scene.alice.gets("180 Ringing")
    ringing = scene.bob.got["INVITE"]
    goes_down(scene)
    scene.bob.got["INVITE"] = ringing
    scene.bob.sends("200 OK")
    scene.alice.gets("200 OK")


def test_after_a_while_one_call_may_try_a_target_that_is_down(scene: Scene) -> None:
    goes_down(scene)
    scene.passes(10)
    calls(scene)
    calls(scene)
    scene.carol.gets("INVITE")
    assert scene.times(scene.bob, "INVITE", 3.9) == [0, 0.5, 1.5, 3.5]
    scene.carol.inbox.clear()
    scene.passes(0.1)
    scene.carol.gets("INVITE")
    calls(scene)
    scene.carol.gets("INVITE")
    assert scene.bob.inbox == []


def test_one_answer_to_the_call_that_tries_brings_a_target_back(scene: Scene) -> None:
    goes_down(scene)
    scene.passes(10)
    for _ in range(3):
        calls(scene)
        refuses(scene, scene.bob)
    assert scene.marked == [("pbx", False), ("pbx", True)]


def test_with_no_target_up_a_call_is_refused_at_once() -> None:
    scene = Scene(targets=(target(down_after=1),))
    scene.call()
    scene.passes(32)
    scene.bob.inbox.clear()
    assert scene.marked == [("pbx", False)]
    scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    calls(scene)
    assert b"retry-after" not in scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    scene.passes(10)
    calls(scene)
    refuses(scene, scene.bob)
    scene.passes(70)
    scene.check_over()


def test_requests_of_a_call_go_to_a_target_that_is_marked_down_nevertheless(scene: Scene) -> None:
    scene.talk()
    dialog = scene.alice.call_id, scene.alice.remote, scene.alice.remote_tag, scene.alice.target, scene.alice.routes
    goes_down(scene)
    alice = scene.alice
    alice.call_id, alice.remote, alice.remote_tag, alice.target, alice.routes = dialog
    alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    alice.gets("200 OK")
    assert scene.marked == [("pbx", False), ("pbx", True)]


def test_requests_of_a_call_without_an_answer_count_too(scene: Scene) -> None:
    scene.talk()
    for _ in range(3):
        scene.alice.sends("INFO")
        scene.passes(32)
    scene.bob.inbox.clear()
    scene.alice.inbox.clear()
    assert scene.marked == [("pbx", False)]
    calls(scene)
    refuses(scene, scene.carol)


def test_a_connection_that_fails_counts_as_no_answer() -> None:
    scene = Scene(targets=(TARGET, SECOND), bob="TCP")
    for _ in range(3):
        calls(scene)
        scene.bob.gets("INVITE")
        scene.loses(scene.bob)
        refuses(scene, scene.carol)
    assert scene.marked == [("pbx", False)]
    calls(scene)
    refuses(scene, scene.carol)


def test_a_request_that_was_heard_of_and_never_answered_does_not_count() -> None:
    scene = Scene(targets=(target(down_after=1),))
    scene.talk()
    scene.alice.sends("INFO")
    scene.bob.gets("INFO")
    scene.bob.sends("100 Trying", to="INFO")
    scene.passes(33)
    assert scene.marked == []


# 503 with Retry-After.


def test_a_503_is_an_answer(scene: Scene) -> None:
    for _ in range(5):
        calls(scene)
        scene.bob.gets("INVITE")
        scene.bob.sends("503 Service Unavailable")
        scene.bob.gets("ACK")
        refuses(scene, scene.carol)
    assert scene.marked == []


def test_who_asks_for_rest_has_it(scene: Scene) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable", "Retry-After: 30 (reboot);duration=60")
    scene.bob.gets("ACK")
    refuses(scene, scene.carol)
    assert scene.marked == [("pbx", False)]
    scene.passes(29.9)
    calls(scene)
    refuses(scene, scene.carol)
    scene.passes(0.2)
    calls(scene)
    refuses(scene, scene.bob)
    assert scene.marked == [("pbx", False), ("pbx", True)]


@pytest.mark.parametrize("field", ["", "Retry-After: 0", "Retry-After: soon", "Retry-After: -5"])
def test_who_does_not_ask_for_it_has_none(scene: Scene, field: str) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable", *([field] if field else []))
    scene.bob.gets("ACK")
    refuses(scene, scene.carol)
    assert scene.marked == []
    calls(scene)
    refuses(scene, scene.bob)


def test_a_503_that_comes_again_does_not_make_the_rest_longer(scene: Scene) -> None:
    calls(scene)
    scene.bob.gets("INVITE")
    scene.bob.sends("503 Service Unavailable", "Retry-After: 30")
    scene.bob.gets("ACK")
    refuses(scene, scene.carol)
    for _ in range(3):
        scene.passes(9)
        scene.bob.repeats("503")
        scene.bob.gets("ACK")
    scene.passes(3.1)
    calls(scene)
    refuses(scene, scene.bob)


def test_a_refusal_of_the_caller_is_no_rest_for_the_target(scene: Scene) -> None:
    """Alice answers a request of Bob's with a 503 that asks for rest: no target is marked."""
    scene.talk()
    scene.bob.sends("INFO")
    scene.alice.gets("INFO")
    scene.alice.sends("503 Service Unavailable", "Retry-After: 30", to="INFO")
    scene.bob.gets("500 Server Internal Error")
    assert scene.marked == []


# Priorities and weights.


def shares(scene: Scene, count: int) -> Counter[str]:
    """Let so many calls be made, each refused by whoever gets it, and count who that was."""
    went: Counter[str] = Counter()
    for _ in range(count):
        calls(scene)
        (phone,) = (phone for phone in scene.phones.values() if phone.inbox)
        refuses(scene, phone)
        went[phone.name] += 1
        scene.passes(6)
    return went


def test_the_smaller_priority_has_all_calls(scene: Scene) -> None:
    assert shares(scene, 50) == {"bob": 50}


def test_targets_of_one_priority_share_the_calls_by_their_weights() -> None:
    scene = Scene(targets=(target(weight=3), target(SECOND, priority=0, weight=1)))
    went = shares(scene, 400)
    assert went["bob"] + went["carol"] == 400
    # Four standard deviations around 300.
    assert 265 <= went["bob"] <= 335


def test_without_any_weight_the_first_has_all_calls() -> None:
    scene = Scene(targets=(target(weight=0), target(SECOND, priority=0, weight=0)))
    assert shares(scene, 50) == {"bob": 50}


def test_what_is_down_leaves_its_share_to_the_others_of_its_priority() -> None:
    scene = Scene(targets=(target(down_after=1, retry_after=3600.0), target(SECOND, priority=0), THIRD))
    scene.phone("dave", "dave", (THIRD.host, 5060))
    while not scene.marked:
        calls(scene)
        if scene.bob.inbox:
            scene.passes(4)
            scene.bob.inbox.clear()
        refuses(scene, scene.carol)
    assert shares(scene, 50) == {"carol": 50}


def test_a_call_is_tried_at_no_more_than_eight_targets() -> None:
    many = tuple(target(name=f"pbx-{n}", host=f"203.0.113.{n}", priority=n) for n in range(10, 30))
    scene = Scene(targets=(TARGET, *many))
    for each in many:
        scene.phone(each.name, "x", (each.host, 5060))
    calls(scene)
    tried = 0
    for phone in scene.phones.values():
        if phone.inbox and phone is not scene.alice:
            tried += 1
            phone.gets("INVITE")
            phone.sends("503 Service Unavailable")
            phone.gets("ACK")
    assert tried == 8
    scene.alice.gets("500 Server Internal Error")


def test_an_emergency_call_is_tried_at_targets_that_are_down() -> None:
    scene = Scene(targets=(target(down_after=1), target(SECOND, down_after=1)))
    scene.guard._urgent = lambda request, _: request.uri.startswith(b"sip:112@")
    scene.call()
    scene.bob.sends("503 Service Unavailable", "Retry-After: 60")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("503 Service Unavailable", "Retry-After: 60")
    scene.carol.gets("ACK")
    scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    scene.alice.gets("100 Trying")
    scene.verdict()
    scene.alice.gets("503 Service Unavailable")
    scene.alice.sends("ACK")
    scene.alice.forgets()
    scene.call(uri="sip:112@192.0.2.1")
    scene.passes(4.0)
    scene.bob.inbox.clear()
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
