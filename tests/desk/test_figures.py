"""Figures of calls: how many were answered, and how long they lasted."""

from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from sip_guard.desk.figures import DAY, Figures

LASTED = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


def counted(*lasted: float | None) -> Figures:
    """Count answered calls; None: nobody knows how long one lasted."""
    figures = Figures()
    for each in lasted:
        figures.went(answered=True, duration=each)
    return figures


def test_of_calls_that_nobody_answered_no_time_is_told() -> None:
    figures = Figures(calls=2)
    figures.went(answered=False, duration=None)
    assert (figures.answered, figures.ended, figures.within(0.5)) == (0, 0, None)


def test_a_call_whose_end_is_not_known_is_answered_and_no_more() -> None:
    figures = counted(None, 10.0)
    assert (figures.answered, figures.ended, figures.within(0.5)) == (2, 1, 10)


def test_over_a_minute_is_more_than_a_minute() -> None:
    assert counted(59.0, 60.0, 60.2, 61.0).long == 2


@given(LASTED)
def test_half_and_nine_of_ten_are_those_of_the_sorted_list(lasted: list[float]) -> None:
    figures = counted(*lasted)
    rounded = sorted(min(round(each), DAY) for each in lasted)
    assert figures.within(0.5) == median_low(rounded)
    assert figures.within(0.9) == rounded[-(-9 * len(rounded) // 10) - 1]


@given(LASTED, LASTED)
def test_counted_apart_is_counted_together(one: list[float], other: list[float]) -> None:
    figures = counted(*one)
    figures.merge(counted(*other))
    assert figures == counted(*one, *other)


def test_what_is_kept_does_not_grow_with_the_calls() -> None:
    figures = counted(*(float(each) for each in range(3 * DAY)))
    assert len(figures.seconds) == DAY + 1
