from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.peer import Target
from sip_guard.proxy.place import Place, order
from sip_guard.sip.flow import numeric


def a_place(host: str, priority: int = 0, weight: int = 0, server: str = "", port: int = 5060) -> Place:
    return Place("UDP", (host, port), priority, weight, "example.com", server)


def a_target(name: str, priority: int = 0, weight: int = 1) -> Target:
    return Target(name=name, host="pbx.example.com", priority=priority, weight=weight)


def hosts(places: Iterable[Place]) -> str:
    return " ".join(place.address[0] for place in places)


def chances(*numbers: float) -> Callable[[], float]:
    return iter(numbers).__next__


def test_the_smallest_priority_is_tried_first() -> None:
    places = [a_place("c", 20), a_place("a", 0), a_place("b", 10)]
    assert hosts(order(places, chances())) == "a b c"


def test_places_without_weight_keep_their_order() -> None:
    places = [a_place("b"), a_place("a"), a_place("c")]
    assert hosts(order(places, chances())) == "b a c"


@pytest.mark.parametrize(
    ("numbers", "drawn"),
    [
        # Running sums 1, 3, 6 of a, b, c: 1 to 6 is drawn, and the first that reaches it is chosen.
        ((0.0, 0.0, 0.0), "a b c"),
        ((0.16, 0.0, 0.0), "a b c"),
        ((0.17, 0.0, 0.0), "b a c"),
        ((0.49, 0.0, 0.0), "b a c"),
        ((0.5, 0.0, 0.0), "c a b"),
        ((0.999, 0.999, 0.999), "c b a"),
    ],
)
def test_the_weights_share_the_numbers_as_rfc_2782_says(numbers: tuple[float, ...], drawn: str) -> None:
    places = [a_place("a", weight=1), a_place("b", weight=2), a_place("c", weight=3)]
    assert hosts(order(places, chances(*numbers))) == drawn


def test_equal_weights_are_equal_shares() -> None:
    places = [a_place("a", weight=1), a_place("b", weight=1)]
    first = Counter(order(places, chances(n / 10, 0.0))[0].address[0] for n in range(10))
    assert first == {"a": 5, "b": 5}


def test_each_number_from_0_to_the_sum_is_as_likely_as_any_other() -> None:
    places = [a_place("b", weight=2), a_place("a", weight=0), a_place("c", weight=7)]
    first = Counter(order(places, chances(n / 10, 0.0, 0.0))[0].address[0] for n in range(10))
    assert first == {"a": 1, "b": 2, "c": 7}


def test_one_without_weight_comes_last_where_others_have_weight() -> None:
    places = [a_place("a", weight=0), a_place("b", weight=1), a_place("c", weight=1)]
    assert hosts(order(places, chances(0.5, 0.9))) == "b c a"


def test_the_addresses_of_one_server_stay_together_and_have_its_weight_once() -> None:
    places = [a_place(host, weight=1, server="one") for host in "abcd"] + [a_place("z", weight=1, server="two")]
    assert hosts(order(places, chances(0.9, 0.0))) == "z a b c d"
    assert hosts(order(places, chances(0.4, 0.0))) == "a b c d z"


def test_one_server_on_two_ports_is_two_choices() -> None:
    places = [a_place("a", weight=1, server="one"), a_place("a", weight=1, server="one", port=5062)]
    assert [place.address[1] for place in order(places, chances(0.9, 0.0))] == [5062, 5060]


def test_targets_are_ordered_as_places_are_and_each_is_a_choice_by_itself() -> None:
    targets = [a_target("z", 1, 9), a_target("a"), a_target("b"), a_target("c", weight=2)]
    assert [target.name for target in order(targets, chances(0.3, 0.0, 0.0, 0.0))] == ["b", "a", "c", "z"]


def test_a_target_without_weight_comes_last_where_others_have_weight() -> None:
    targets = [a_target("spare", weight=0), a_target("a"), a_target("b")]
    assert [target.name for target in order(targets, chances(0.5, 0.9))] == ["a", "b", "spare"]
    assert [target.name for target in order(targets, chances(0.0, 0.0, 0.0))] == ["spare", "a", "b"]


def test_targets_share_the_calls_by_weight() -> None:
    targets = [a_target("a", weight=1), a_target("b", weight=3)]
    first = Counter(order(targets, chances(n / 8, 0.0))[0].name for n in range(8))
    assert first == {"a": 2, "b": 6}


@given(
    st.lists(
        st.builds(a_place, st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 65_535), st.sampled_from("xy"))
    ),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1),
)
def test_every_place_comes_exactly_once_and_priorities_ascend(places: list[Place], numbers: list[float]) -> None:
    endless = iter(numbers * (len(places) + 1))
    ordered = order(places, endless.__next__)
    assert Counter(ordered) == Counter(places)
    assert [place.priority for place in ordered] == sorted(place.priority for place in places)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_is_given_in_its_usual_spelling(text: str, address: str) -> None:
    assert numeric(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "239.255.255.250",
        "::",
        "ff02::1",
        "::ffff:224.0.0.1",
        "::ffff:0.0.0.0",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_nobodys(text: str) -> None:
    assert numeric(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "example.com", "127.1", "0x7f.0.0.1", "010.0.0.1", "2130706433", "1.2.3.4.", "fe80::1%eth0", "[", "[]", "]["],
)
def test_what_is_no_usual_address_is_none(text: str) -> None:
    assert numeric(text) is None
