"""How captured calls went on, and what was decided about them: workers may be ahead of the reader, or behind."""

from hypothesis import given
from hypothesis import strategies as st

from sip_guard.desk.figures import Figures
from sip_guard.desk.simulate.courses import Courses
from sip_guard.desk.simulate.tally import Stop, Tally
from sip_guard.proxy.action import Answered, Ended, Followed

NEW = Stop(0, "reject 403", "uk-never", shadow=True)
OLD = Stop(1, "reject 403", "protected", shadow=False)
COURSES = st.lists(
    st.tuples(st.sampled_from([[], [NEW], [OLD], [NEW, OLD]]), st.sampled_from([None, 200, 486]), st.booleans()),
    max_size=8,
)


def counted(courses: list[tuple[list[Stop], int | None, bool]], behind: int) -> Tally:
    """Let calls come and go on, with decisions that come so many calls later; give what was counted."""
    tally = Tally(stopped={NEW: Figures(), OLD: Figures()})
    made = Courses(tally)
    for number in range(1, len(courses) + behind + 1):
        if number <= len(courses):
            _, code, ended = courses[number - 1]
            told: list[Answered | Ended] = [] if code is None else [Answered(Followed(number, None), code)]
            told += [Ended(Followed(number, None), 7.0)] if code == 200 and ended else []
            for each in told:
                made.went(0, each)
                made.went(1, each)
        if number > behind:
            made.decided(number - behind, courses[number - behind - 1][0])
    made.close()
    assert made._courses == {}
    return tally


@given(COURSES, st.integers(0, 8))
def test_it_is_the_same_whichever_is_known_first(
    courses: list[tuple[list[Stop], int | None, bool]], behind: int
) -> None:
    tally = counted(courses, behind)
    for stop in (NEW, OLD):
        answered = [ended for stops, code, ended in courses if stop in stops and code == 200]
        assert (tally.stopped[stop].answered, tally.stopped[stop].ended) == (len(answered), sum(answered))


def test_what_goes_on_after_its_decision_is_counted_too_and_nothing_else_is_kept() -> None:
    tally = Tally(stopped={NEW: Figures()})
    courses = Courses(tally)
    courses.decided(1, [NEW])
    courses.decided(2, [])
    for number in (1, 2):
        courses.went(0, Answered(Followed(number, None), 200))
        courses.went(0, Ended(Followed(number, None), 7.0))
    assert courses._courses == {}
    assert (tally.stopped[NEW].answered, tally.stopped[NEW].within(0.5)) == (1, 7)
