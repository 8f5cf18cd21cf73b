"""The search for the highest rate that is carried."""

import pytest
from highest import CLOSE, RUNS, highest


@pytest.mark.parametrize("begin", [100, 240, 300, 1000])
def test_it_is_found_from_wherever_the_search_begins(begin: float) -> None:
    assert 250 / CLOSE < highest(lambda rate: rate <= 250, begin) <= 250


def test_where_nothing_fails_it_ends_all_the_same() -> None:
    rates: list[float] = []

    def carries(rate: float) -> bool:
        rates.append(rate)
        return True

    assert highest(carries, 100) == rates[-1]
    assert len(rates) == RUNS


def test_where_nothing_is_carried_there_is_none() -> None:
    assert highest(lambda _: False, 100) == 0
