"""How many calls a trunk may begin in a second, and how many it may have at a time."""

import ipaddress

import msgspec
import pytest
from scene import OTHER_OUT, OUT, SECOND, TARGET, Phone, Scene, trunk

from sip_guard.peer import Route, Source, Trunk
from sip_guard.proxy.dialogs import LIFETIME
from sip_guard.sip.message import Request
from sip_guard.verdict import Reject

EMERGENCY = "sip:112@192.0.2.1:5060"
MANY = "503 Too Many Calls"
FAST = "503 Call Rate Exceeded"


def urgent(request: Request, _: Trunk | None) -> bool:
    return request.uri.startswith(b"sip:112@")


def limited(calls_per_second: float | None = None, concurrent_calls: int | None = None) -> Scene:
    """Give a scene where Alice's trunk has limits, and Erin's has none."""
    of_alice = trunk(calls_per_second=calls_per_second, concurrent_calls=concurrent_calls)
    return Scene(trunk=of_alice, targets=(TARGET, OUT, OTHER_OUT), routes=(Route(trunks=("carrier",)),), urgent=urgent)


@pytest.fixture
def one() -> Scene:
    """Give a scene where Alice's trunk may have one call at a time."""
    return limited(concurrent_calls=1)


def begins(phone: Phone, **changed: str) -> str:
    """Let a phone begin one more call, and give the first answer."""
    phone.forgets()
    phone.sends("INVITE", body=b"", **changed)
    _, code, phrase = phone.inbox.pop(0).message.start.split(b" ", 2)
    return f"{code.decode()} {phrase.decode()}"


def taken(phone: Phone, of: int, **changed: str) -> int:
    """Let a phone begin so many calls, and give how many are taken."""
    return [begins(phone, **changed) for _ in range(of)].count("100 Trying")


def call_of(phone: Phone) -> dict[str, object]:
    """Give what a phone knows of its call, for it to come back to."""
    return {name: value for name, value in vars(phone).items() if name in ("call_id", "remote_tag", "routes", "target")}


def hangs_up(sender: Phone, receiver: Phone, **changed: str) -> None:
    sender.sends("BYE", body=b"", **changed)
    receiver.gets("BYE")
    receiver.sends("200 OK", to="BYE")
    sender.gets("200 OK")


# Calls per second.


def test_a_trunk_may_begin_as_many_calls_at_once_as_in_a_second() -> None:
    scene = limited(calls_per_second=5)
    assert taken(scene.alice, 20) == 5


def test_after_a_part_of_a_second_it_may_begin_so_many_more() -> None:
    scene = limited(calls_per_second=5)
    taken(scene.alice, 20)
    scene.passes(0.41)
    assert taken(scene.alice, 20) == 2
    scene.passes(0.1)
    assert taken(scene.alice, 20) == 0
    scene.passes(0.1)
    assert taken(scene.alice, 20) == 1


def test_what_is_not_used_is_not_saved_up() -> None:
    scene = limited(calls_per_second=5)
    assert taken(scene.alice, 1) == 1
    scene.passes(3600)
    scene.alice.inbox.clear()
    assert taken(scene.alice, 20) == 5


def test_who_keeps_to_the_rate_is_never_refused() -> None:
    scene = limited(calls_per_second=50)
    for _ in range(500):
        assert begins(scene.alice) == "100 Trying"
        scene.passes(0.0201)


def test_a_rate_may_be_less_than_one() -> None:
    scene = limited(calls_per_second=0.5)
    assert taken(scene.alice, 3) == 1
    scene.passes(1.9)
    assert taken(scene.alice, 3) == 0
    scene.passes(0.2)
    assert taken(scene.alice, 3) == 1


def test_a_call_over_the_rate_is_refused_without_retry_after_and_not_screened() -> None:
    scene = limited(calls_per_second=1)
    scene.call()
    scene.alice.forgets()
    scene.alice.sends("INVITE")
    assert b"retry-after" not in scene.alice.gets(FAST)
    scene.alice.sends("ACK")
    scene.check_quiet()


def test_an_invite_sent_again_is_not_counted_against_the_rate() -> None:
    scene = limited(calls_per_second=2)
    scene.alice.sends("INVITE")
    for _ in range(10):
        scene.alice.repeats("INVITE")
    scene.alice.inbox.clear()
    assert taken(scene.alice, 5) == 1


def test_what_is_of_a_call_is_not_counted_against_the_rate() -> None:
    scene = limited(calls_per_second=1)
    scene.talk()
    for _ in range(5):
        scene.alice.sends("INVITE")
        scene.alice.gets("100 Trying")
        scene.bob.gets("INVITE")
        scene.bob.sends("200 OK")
        scene.alice.gets("200 OK")
        scene.alice.sends("ACK")
        scene.bob.gets("ACK")
    scene.check_quiet()


def test_options_are_answered_whatever_the_rate() -> None:
    scene = limited(calls_per_second=1)
    scene.call()
    for _ in range(5):
        scene.alice.sends("OPTIONS")
        scene.alice.gets("200 OK")


def test_an_emergency_call_passes_over_the_rate() -> None:
    scene = limited(calls_per_second=1)
    assert taken(scene.alice, 5) == 1
    assert taken(scene.alice, 5, uri=EMERGENCY) == 5


def test_emergency_calls_use_up_no_more_than_the_rate_is() -> None:
    scene = limited(calls_per_second=1)
    assert taken(scene.alice, 50, uri=EMERGENCY) == 50
    scene.passes(1.01)
    assert taken(scene.alice, 5) == 1


def test_calls_of_our_side_are_not_limited() -> None:
    scene = limited(calls_per_second=1, concurrent_calls=1)
    assert taken(scene.bob, 5) == 5


def test_each_trunk_has_its_own_rate() -> None:
    scene = limited(calls_per_second=2)
    assert taken(scene.alice, 10) == 2
    assert taken(scene.erin, 10) == 10


def test_all_addresses_of_a_trunk_share_its_rate() -> None:
    scene = limited(calls_per_second=2)
    other = scene.phone("other", "+12155551299", ("198.51.100.77", 5060))
    assert taken(scene.alice, 1) + taken(other, 10) == 2


# Calls at a time.


def test_a_trunk_may_have_so_many_calls_and_no_more() -> None:
    scene = limited(concurrent_calls=3)
    assert taken(scene.alice, 10) == 3
    scene.passes(3600)
    assert len(scene.screens) == 3


def test_a_call_too_many_is_refused_without_retry_after_and_not_screened(one: Scene) -> None:
    one.talk()
    one.alice.forgets()
    one.alice.sends("INVITE")
    assert b"retry-after" not in one.alice.gets(MANY)
    one.alice.sends("ACK")
    one.check_quiet()


@pytest.mark.parametrize("so_far", ["", "screened", "ringing", "answered"])
def test_a_call_counts_from_its_beginning(one: Scene, so_far: str) -> None:
    one.alice.sends("INVITE")
    one.alice.gets("100 Trying")
    if so_far:
        one.verdict()
        one.bob.gets("INVITE")
    if so_far == "ringing":
        one.bob.sends("180 Ringing")
        one.alice.gets("180 Ringing")
    if so_far == "answered":
        one.bob.sends("200 OK")
        one.alice.gets("200 OK")
    assert begins(one.alice) == MANY


def test_an_invite_sent_again_is_not_counted_again() -> None:
    scene = limited(concurrent_calls=2)
    scene.alice.sends("INVITE")
    for _ in range(10):
        scene.alice.repeats("INVITE")
    scene.alice.inbox.clear()
    assert taken(scene.alice, 5) == 1


@pytest.mark.parametrize("status", ["302 Moved Temporarily", "404 Not Found", "486 Busy Here", "603 Decline"])
def test_a_call_that_the_callee_refuses_counts_no_more(one: Scene, status: str) -> None:
    one.call()
    one.bob.sends(status)
    one.bob.gets("ACK")
    one.alice.gets(status)
    assert taken(one.alice, 3) == 1


def test_a_call_that_the_guard_rejects_counts_no_more(one: Scene) -> None:
    one.alice.sends("INVITE")
    one.alice.gets("100 Trying")
    one.verdict(Reject(403, "Stale Date"))
    one.alice.gets("403 Stale Date")
    assert taken(one.alice, 3) == 1


def test_a_call_without_a_verdict_counts_no_more(one: Scene) -> None:
    one.alice.sends("INVITE")
    one.alice.gets("100 Trying")
    one.passes(32)
    one.alice.takes("500 Server Internal Error")
    one.alice.inbox.clear()
    assert taken(one.alice, 3) == 1


def test_a_call_that_is_cancelled_before_its_verdict_counts_no_more(one: Scene) -> None:
    one.alice.sends("INVITE")
    one.alice.gets("100 Trying")
    one.alice.sends("CANCEL")
    one.alice.gets("200 OK")
    one.alice.gets("487 Request Terminated")
    assert taken(one.alice, 3) == 1


def test_a_call_that_is_cancelled_while_it_rings_counts_no_more(one: Scene) -> None:
    one.call()
    one.bob.sends("180 Ringing")
    one.alice.gets("180 Ringing")
    one.alice.sends("CANCEL")
    one.alice.gets("200 OK")
    one.bob.gets("CANCEL")
    one.bob.sends("200 OK", to="CANCEL")
    one.bob.sends("487 Request Terminated")
    one.alice.gets("487 Request Terminated")
    assert taken(one.alice, 3) == 1


def test_a_call_that_nobody_answers_counts_no_more(one: Scene) -> None:
    one.call()
    one.passes(32)
    one.alice.inbox.clear()
    assert taken(one.alice, 3) == 1


def test_a_call_that_rings_for_ever_counts_no_more(one: Scene) -> None:
    one.call()
    one.bob.sends("180 Ringing")
    one.alice.gets("180 Ringing")
    one.passes(185 + 33)
    one.alice.inbox.clear()
    assert taken(one.alice, 3) == 1


def test_a_call_that_a_second_target_takes_counts_once() -> None:
    scene = Scene(trunk=trunk(concurrent_calls=2), targets=(TARGET, SECOND))
    scene.call()
    scene.bob.sends("503 Service Unavailable")
    scene.bob.gets("ACK")
    scene.carol.gets("INVITE")
    scene.carol.sends("200 OK")
    scene.alice.gets("200 OK")
    assert taken(scene.alice, 3) == 1


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_whoever_hangs_up_makes_room(one: Scene, who: str) -> None:
    one.talk()
    hangs_up(*(one.alice, one.bob) if who == "alice" else (one.bob, one.alice))
    assert taken(one.alice, 3) == 1


def test_a_second_bye_makes_no_more_room() -> None:
    scene = limited(concurrent_calls=2)
    scene.talk()
    hangs_up(scene.alice, scene.bob)
    scene.alice.repeats("BYE")
    scene.alice.gets("200 OK")
    hangs_up(scene.alice, scene.bob)
    assert taken(scene.alice, 5) == 2


def test_a_call_goes_on_counting_whatever_else_is_sent_in_it(one: Scene) -> None:
    one.talk()
    for method in ("INFO", "UPDATE"):
        one.alice.sends(method)
        one.bob.gets(method)
        one.bob.sends("200 OK", to=method)
        one.alice.gets("200 OK")
    one.alice.sends("INVITE")
    one.alice.gets("100 Trying")
    one.bob.gets("INVITE")
    one.bob.sends("488 Not Acceptable Here")
    one.bob.gets("ACK")
    one.alice.gets("488 Not Acceptable Here")
    one.alice.sends("ACK")
    assert begins(one.alice) == MANY


def test_a_call_outlives_its_transactions(one: Scene) -> None:
    one.talk()
    one.passes(3600)
    assert one.guard.transactions == 0
    assert begins(one.alice) == MANY


@pytest.mark.parametrize("field", ["call_id", "from_", "to"])
def test_a_bye_that_is_of_no_call_of_ours_makes_no_room(one: Scene, field: str) -> None:
    one.talk()
    other = {"call_id": "other", "from_": "<sip:x@y>;tag=other", "to": "<sip:x@y>;tag=other"}[field]
    one.alice.sends("BYE", body=b"", **{field: other})
    one.alice.gets("481 Call/Transaction Does Not Exist")
    assert begins(one.alice) == MANY


def test_a_bye_of_another_call_makes_no_room_for_this_trunk(one: Scene) -> None:
    """Erin's call to Bob, from a trunk without a limit, ends; Alice's goes on."""
    one.talk()
    one.bob.calls("+12155551299")
    one.bob.tag = "bob-erin"
    one.erin.sends("INVITE")
    one.erin.gets("100 Trying")
    one.verdict()
    one.bob.gets("INVITE")
    one.bob.sends("200 OK")
    one.erin.gets("200 OK")
    one.erin.sends("ACK")
    one.bob.gets("ACK")
    hangs_up(one.erin, one.bob)
    assert begins(one.alice) == MANY


def test_the_proof_of_one_call_ends_no_other() -> None:
    """Who holds two calls ends the one that a BYE names, and with a Route of the other ends none."""
    scene = limited(concurrent_calls=2)
    scene.talk()
    first = call_of(scene.alice)
    scene.alice.forgets()
    scene.bob.calls("+12155551212")
    scene.bob.tag = "bob-second"
    scene.talk()
    assert begins(scene.alice) == MANY
    vars(scene.alice).update(first)
    scene.alice.sends("BYE", route=", ".join(scene.bob.routes))
    scene.alice.gets("481 Call/Transaction Does Not Exist")
    assert begins(scene.alice) == MANY


def test_several_2xx_of_one_call_count_once(one: Scene) -> None:
    """Behind Bob the call was forked, and two phones took it at the same time."""
    one.call()
    one.bob.sends("200 OK")
    one.alice.gets("200 OK")
    one.bob.tag = "second-phone"
    one.bob.sends("200 OK")
    one.alice.gets("200 OK")
    one.alice.sends("ACK")
    one.bob.gets("ACK")
    call = call_of(one.alice)
    assert begins(one.alice) == MANY
    vars(one.alice).update(call)
    one.alice.remote_tag = "second-phone"
    one.alice.routes = [route.decode() for route in one.alice.got["200"].values(b"record-route")]
    hangs_up(one.alice, one.bob)
    assert begins(one.alice) == MANY


def test_a_2xx_sent_again_counts_once(one: Scene) -> None:
    one.call()
    one.bob.sends("200 OK")
    one.bob.repeats("200")
    one.alice.gets("200 OK")
    one.alice.gets("200 OK")
    one.alice.sends("ACK")
    one.bob.gets("ACK")
    hangs_up(one.alice, one.bob)
    one.bob.repeats("200")
    one.alice.inbox.clear()
    assert taken(one.alice, 3) == 1


def test_a_call_without_a_sign_of_life_is_over_at_some_time(one: Scene) -> None:
    one.talk()
    one.passes(LIFETIME - 1)
    assert begins(one.alice) == MANY
    one.passes(1)
    assert taken(one.alice, 3) == 1


def test_a_call_that_shows_that_it_lives_counts_on(one: Scene) -> None:
    one.talk()
    for _ in range(3):
        one.passes(LIFETIME / 2)
        one.alice.sends("UPDATE")
        one.bob.gets("UPDATE")
        one.bob.sends("200 OK", to="UPDATE")
        one.alice.gets("200 OK")
    assert begins(one.alice) == MANY


def test_an_emergency_call_is_one_more_and_counts(one: Scene) -> None:
    assert taken(one.alice, 1) == 1
    assert taken(one.alice, 3, uri=EMERGENCY) == 3
    assert begins(one.alice) == MANY


def test_each_trunk_has_its_own_number_of_calls() -> None:
    scene = limited(concurrent_calls=1)
    scene.trunks[1] = msgspec.structs.replace(scene.trunks[1], concurrent_calls=2)
    scene.restarts()
    assert taken(scene.alice, 5) == 1
    assert taken(scene.erin, 5) == 2


def test_what_is_refused_over_the_number_of_calls_uses_up_nothing_of_the_rate() -> None:
    scene = limited(calls_per_second=2, concurrent_calls=1)
    scene.talk()
    for _ in range(10):
        assert begins(scene.alice) == MANY
    hangs_up(scene.bob, scene.alice)
    assert taken(scene.alice, 1) == 1


def test_a_trunk_of_two_networks_has_one_number_of_calls() -> None:
    networks = ("198.51.100.0/25", "198.51.100.128/25")
    sources = tuple(Source(ipaddress.ip_network(network)) for network in networks)
    scene = Scene(trunk=trunk(sources=sources, concurrent_calls=2))
    far = scene.phone("far", "+12155551299", ("198.51.100.200", 5060))
    assert taken(scene.alice, 1) + taken(far, 5) == 2
