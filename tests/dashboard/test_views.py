"""What is to be seen stands in the URL."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from sip_guard.dashboard.view import LONGEST, STEPS, WINDOWS, View

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(str.strip)


@given(st.builds(View, window=st.sampled_from([*WINDOWS]), trunk=TEXTS, rule=TEXTS, action=TEXTS, number=TEXTS))
def test_it_is_read_as_it_was_written(view: View) -> None:
    assert View.of(dict(parse_qsl(view.query.removeprefix("?")))) == view


def test_the_usual_view_needs_no_query() -> None:
    assert (View().query, View().but(trunk="a").query) == ("", "?trunk=a")


def test_what_makes_no_sense_is_bounded() -> None:
    view = View.of({"window": "9999999d", "number": "1" * 10_000, "other": "x"})
    assert (view.window, len(view.number)) == ("1h", LONGEST)


@given(st.sampled_from([*WINDOWS]), st.floats(1e9, 2e9))
def test_a_window_is_of_whole_steps_and_ends_now(window: str, now: float) -> None:
    view = View(window=window)
    begin = view.begin(now)
    assert begin <= now < begin + STEPS * view.step
    assert now - begin > (STEPS - 1) * view.step - 1e-3
