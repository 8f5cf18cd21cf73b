from hypothesis import given
from hypothesis import strategies as st

from sip_guard.repository.kept import Kept


def test_what_was_used_longest_ago_makes_room() -> None:
    kept: Kept[int] = Kept(2)
    assert kept.put("a", 1) == kept.put("b", 2) == []
    assert kept.get("a") == 1
    assert kept.put("c", 3) == ["b"]
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_what_is_large_makes_several_go() -> None:
    kept: Kept[int] = Kept(10, 100)
    for name in "abcd":
        kept.put(name, 0, 25)
    assert kept.put("e", 0, 60) == ["a", "b", "c"]
    assert kept.put("f", 0, 101) == ["d", "e", "f"], "what is larger than all of it is not kept at all"


def test_what_is_offered_takes_nobodys_place() -> None:
    kept: Kept[int] = Kept(3, 100)
    kept.put("a", 1, 40)
    assert not kept.offer("a", 2, 1)
    assert not kept.offer("b", 2, 61)
    assert kept.offer("b", 2, 60)
    assert kept.put("c", 3) == []
    assert not kept.offer("d", 4)
    assert kept.put("d", 4) == ["b"]
    assert kept.get("a") == 1


@given(
    st.lists(st.tuples(st.sampled_from(["put", "offer", "drop"]), st.sampled_from("abcdef"), st.integers(0, 60))),
)
def test_whatever_is_done_the_bounds_hold(steps: list[tuple[str, str, int]]) -> None:
    kept: Kept[int] = Kept(3, 100)
    there: dict[str, int] = {}
    for step, name, octets in steps:
        if step == "put":
            there[name] = octets
            for gone in kept.put(name, octets, octets):
                del there[gone]
        elif step == "offer":
            if kept.offer(name, octets, octets):
                there[name] = octets
        else:
            kept.drop(name)
            there.pop(name, None)
        assert len(kept) == len(there) <= 3
        assert sum(there.values()) <= 100
    assert {name: kept.get(name) for name in there} == there
