"""What can be looked at without a record."""

from contextlib import closing

from decisions import fields

from sip_guard.journal.latest import MOST, Latest
from sip_guard.journal.store import Found, Wanted


def found(latest: Latest) -> list[Found]:
    with closing(latest.to_read()) as store:
        return [*store.search(Wanted())]


def test_the_latest_decisions_are_found_as_in_a_record() -> None:
    latest = Latest(None)
    for call in range(MOST + 2):
        latest.decided(call, float(call), fields(str(call)))
    made = found(latest)
    assert (len(made), made[0].fields["call_id"], made[-1].fields["call_id"]) == (MOST, str(MOST + 1), "2")


def test_how_calls_went_on_is_there_as_well() -> None:
    latest = Latest(None)
    latest.decided(7, 1.0, fields("a"))
    latest.decided(8, 2.0, fields("b"))
    latest.answered(7, 200, 3.0)
    latest.ended(7, 61.5)
    latest.answered(8, 486, 4.0)
    assert [each[2:] for each in found(latest)] == [(486, None, None), (200, 3.0, 61.5)]


def test_nothing_is_found_in_an_empty_one() -> None:
    assert found(Latest(None)) == []
