from random import Random

import pytest
from msgspec.structs import replace
from scene import OTHER_TRUNK, OUT, SECOND, TARGET, TRUNK, target

from sip_guard.peer import Peers, Probe, Target
from sip_guard.proxy.action import Marked
from sip_guard.proxy.hops import MAX_TRIES, Hop, Hops
from sip_guard.proxy.place import Place
from sip_guard.sip.flow import End

BOB = End("UDP", ("203.0.113.5", 5060))
CAROL = End("UDP", ("203.0.113.6", 5060))
NAMED = Target(name="named", host="pbx.example", down_after=1, probe=Probe())


def known(
    *targets: Target,
) -> Hops:
    return Hops(Peers([TRUNK, OTHER_TRUNK], targets), Random(1).random)


def ends(hops: Hops, *targets: Target, now: float = 0.0) -> list[End]:
    return [hop.end for hop in hops.to(targets, now)]


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ({"port": None}, BOB),
        ({"port": 5070, "transport": "TCP"}, End("TCP", ("203.0.113.5", 5070))),
        ({"port": None, "transport": "TLS"}, End("TLS", ("203.0.113.5", 5061))),
        ({"host": "2001:DB8::5"}, End("UDP", ("2001:db8::5", 5060))),
    ],
)
def test_a_target_with_an_address_is_there(changed: dict[str, object], end: End) -> None:
    one = target(**changed)
    hops = known(one)
    assert ends(hops, one) == [end]
    assert hops.ends(one) == {end}
    assert hops.at(end) == Hop(end, one)


def test_a_target_with_a_name_is_nowhere_until_it_is_located() -> None:
    hops = known(NAMED)
    assert ends(hops, NAMED) == []
    hops.located(NAMED, (Place("TCP", BOB.address), Place("UDP", CAROL.address, priority=1)), 0.0)
    assert ends(hops, NAMED) == [End("TCP", BOB.address), CAROL]
    assert hops.peers.at(BOB.address) == NAMED
    hops.located(NAMED, (), 0.0)
    assert ends(hops, NAMED) == []


def test_targets_come_by_their_priority_and_places_within_a_target_by_theirs() -> None:
    late = target(NAMED, priority=5)
    hops = known(late, SECOND, TARGET)
    hops.located(late, (Place("UDP", ("203.0.113.9", 1), priority=9), Place("UDP", ("203.0.113.9", 2))), 0.0)
    assert [end.address[1] for end in ends(hops, late, SECOND, TARGET)] == [5060, 5060, 2, 1]
    assert ends(hops, late, SECOND, TARGET)[:2] == [BOB, CAROL]


def test_a_request_is_tried_at_so_many_places_and_no_more() -> None:
    hops = known(NAMED)
    hops.located(NAMED, tuple(Place("UDP", ("203.0.113.9", port)) for port in range(1, 20)), 0.0)
    assert len(ends(hops, NAMED)) == MAX_TRIES


def test_what_is_down_does_not_count_among_them() -> None:
    hops = known(NAMED)
    hops.located(NAMED, tuple(Place("UDP", ("203.0.113.9", port), priority=port) for port in range(1, 20)), 0.0)
    for port in range(1, 10):
        hops.unanswered(hops.at(End("UDP", ("203.0.113.9", port))), 0.0, "no answer")
    assert [end.address[1] for end in ends(hops, NAMED)] == list(range(10, 10 + MAX_TRIES))


def test_what_becomes_of_requests_is_told_when_it_changes_something() -> None:
    one = target(down_after=2, retry_after=10.0)
    hops = known(one)
    hop = hops.at(BOB)
    assert hops.unanswered(hop, 0.0, "no answer") == []
    assert hops.unanswered(hop, 0.0, "no answer") == [Marked("pbx", BOB, up=False, reason="no answer")]
    assert not hops.is_up(hop, 9.9)
    assert hops.is_up(hop, 10.0)
    hops.tried(hop, 10.0)
    assert not hops.is_up(hop, 10.1)
    assert hops.answered(hop, 10.2) == [Marked("pbx", BOB, up=True, reason="it answers")]
    assert hops.answered(hop, 10.3) == []
    assert hops.refused(hop, 30.0, 11.0) == [Marked("pbx", BOB, up=False, reason="503 with Retry-After: 30")]
    assert hops.refused(hop, 30.0, 11.0) == []


def test_of_an_address_that_is_no_targets_nothing_is_told_and_nothing_kept() -> None:
    hops = known(TARGET)
    hop = hops.at(End("UDP", ("192.0.2.99", 5060)))
    assert hop.target is None
    for _ in range(10):
        assert hops.unanswered(hop, 0.0, "no answer") == []
    assert hops.refused(hop, 30.0, 0.0) == []
    assert hops.answered(hop, 0.0) == []
    hops.tried(hop, 0.0)
    assert hops.is_up(hop, 0.0)
    assert hops._health._troubles == {}


def test_of_an_address_that_is_its_targets_no_more_nothing_is_told_and_nothing_kept() -> None:
    hops = known(NAMED)
    hops.located(NAMED, (Place("UDP", BOB.address),), 0.0)
    hop = hops.at(BOB)
    by_tcp = replace(hop, end=End("TCP", BOB.address))
    for each in (hop, by_tcp):
        hops.unanswered(each, 0.0, "no answer")
    assert len(hops._health._troubles) == 2
    hops.located(NAMED, (Place("UDP", CAROL.address),), 1.0)
    assert hops._health._troubles == {}
    for each in (hop, by_tcp):
        assert hops.unanswered(each, 2.0, "no answer") == []
        assert hops.refused(each, 30.0, 2.0) == []
    assert hops._health._troubles == {}


def test_an_address_that_another_target_has_too_keeps_what_is_known_of_it() -> None:
    one = target(down_after=1)
    hops = known(one, NAMED)
    hops.located(NAMED, (Place("TCP", BOB.address),), 0.0)
    hops.unanswered(hops.at(BOB), 0.0, "no answer")
    hops.located(NAMED, (), 1.0)
    assert not hops.is_up(hops.at(BOB), 1.0)


def test_a_place_that_is_probed_stays_down_and_another_transport_of_it_comes_back() -> None:
    hops = known(NAMED)
    hops.located(NAMED, (Place("UDP", BOB.address),), 0.0)
    place, by_tcp = hops.at(BOB), hops.at(End("TCP", BOB.address))
    for each in (place, by_tcp):
        hops.unanswered(each, 0.0, "no answer")
    assert not hops.is_up(place, 1e9)
    assert not hops.is_up(by_tcp, 9.9)
    assert hops.is_up(by_tcp, 10.0)


def test_who_asks_for_rest_by_one_transport_has_it_by_the_one_that_it_is_known_by() -> None:
    hops = known(TARGET)
    assert [mark.end for mark in hops.refused(hops.at(End("TCP", BOB.address)), 30.0, 0.0)] == [BOB]
    assert ends(hops, TARGET) == []
    assert ends(hops, TARGET, now=30.0) == [BOB]


def test_at_a_hop_is_a_target_of_our_side_or_the_trunk_of_a_target() -> None:
    hops = known(TARGET, OUT)
    assert hops.side(hops.at(BOB)) == TARGET
    assert hops.side(Hop(BOB, OUT)) == TRUNK
    assert hops.side(hops.at(End("UDP", ("198.51.100.9", 5060)))) == TRUNK
    assert hops.side(hops.at(End("UDP", ("192.0.2.99", 5060)))) is None


def test_a_certificate_must_name_what_the_target_says_or_what_was_asked_for() -> None:
    special = target(SECOND, server_name="pbx.internal")
    hops = known(TARGET, special, NAMED)
    hops.located(NAMED, (Place("TLS", ("203.0.113.9", 5061), name="pbx.example"),), 0.0)
    assert hops.server_name(BOB.address) == "203.0.113.5"
    assert hops.server_name(CAROL.address) == "pbx.internal"
    assert hops.server_name(("203.0.113.9", 5061)) == "pbx.example"
    assert hops.server_name(("192.0.2.99", 5061)) is None
