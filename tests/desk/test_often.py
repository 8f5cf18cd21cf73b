"""Numbers that come often are found in bounded memory, whenever they come, and in however many parts."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.desk.simulate import often
from sip_guard.desk.simulate.often import MOST, Often

WORDS = st.lists(st.sampled_from("abcdefghij"), max_size=60)


def counted(words: list[str]) -> Often:
    made = Often()
    for word in words:
        made.add(word)
    return made


def test_few_words_are_counted_exactly() -> None:
    made = counted(["a", "b", "a"])
    assert made.most_common(5) == [("a", 2), ("b", 1)]
    assert made.most_common(1) == [("a", 2)]
    assert made.missed == 0


@given(st.lists(WORDS, max_size=6))
def test_a_count_is_less_than_the_true_one_by_no_more_than_is_said(parts: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(often, "MOST", 2)
        made = Often()
        for part in parts:
            made.merge(counted(part))
            assert len(made.counts) <= 4
    words = [word for part in parts for word in part]
    for word, true in Counter(words).items():
        assert true - made.missed <= made.counts.get(word, 0) <= true
    assert made.missed * 2 <= len(words)


def test_one_that_comes_often_is_found_among_many_that_come_once() -> None:
    made = Often()
    for begin in range(0, 20 * MOST, 100):
        made.merge(counted([*(f"{i}" for i in range(begin, begin + 100)), "often"]))
        assert len(made.counts) <= 2 * MOST
    [(word, count)] = made.most_common(1)
    assert word == "often"
    assert count <= 200 <= count + made.missed
