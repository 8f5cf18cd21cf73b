import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from sip_guard.repository.answer import MOST_SECONDS, NO_VALIDATORS, Validators, lifetime, validators

DATE = "Tue, 14 Nov 2023 22:00:00 GMT"
IN_AN_HOUR = "Tue, 14 Nov 2023 23:00:00 GMT"


def fields(*lines: str) -> Headers:
    headers = Headers()
    for line in lines:
        name, _, value = line.partition(": ")
        headers.addRawHeader(name, value)
    return headers


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], None),
        (["Cache-Control: public"], None),
        (["Cache-Control: max-age=3600"], 3600.0),
        (["Cache-Control: public, MAX-AGE=3600, immutable"], 3600.0),
        (["Cache-Control: public", "Cache-Control: max-age=3600"], 3600.0),
        (['Cache-Control: max-age="3600"'], 3600.0),
        (["Cache-Control: max-age=3600", "Age: 600"], 3000.0),
        (["Cache-Control: max-age=3600", "Age: 7200"], 0.0),
        (["Cache-Control: max-age=3600", "Age: long"], 3600.0),
        (["Cache-Control: max-age=3600", f"Expires: {DATE}", f"Date: {DATE}"], 3600.0),
        ([f"Expires: {IN_AN_HOUR}", f"Date: {DATE}"], 3600.0),
        ([f"Expires: {IN_AN_HOUR}", f"Date: {DATE}", "Age: 60"], 3540.0),
        ([f"Expires: {DATE}", f"Date: {IN_AN_HOUR}"], 0.0),
        ([f"Expires: {IN_AN_HOUR}"], None),
        (["Expires: 0", f"Date: {DATE}"], 0.0),
        (["Cache-Control: no-store"], 0.0),
        (["Cache-Control: no-cache, max-age=3600"], 0.0),
        (['Cache-Control: x="a, max-age=9", max-age=60'], 60.0),
        (["Cache-Control: s-maxage=9, xmax-age=8, max-age=60"], 60.0),
    ],
)
def test_an_answer_says_how_long_it_may_be_kept(lines: list[str], seconds: float | None) -> None:
    assert lifetime(fields(*lines)) == seconds


@pytest.mark.parametrize(
    ("control", "seconds"),
    [("max-age=", 0.0), ("max-age=-1", 0.0), ("max-age=1.5", 0.0), ("max-age=60, max-age=3600", 60.0)],
)
def test_what_is_ambiguous_is_kept_for_the_shorter_time(control: str, seconds: float) -> None:
    assert lifetime(fields(f"Cache-Control: {control}")) == seconds


def test_no_lifetime_is_without_end() -> None:
    assert lifetime(fields("Cache-Control: max-age=" + "9" * 4000)) == MOST_SECONDS


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Cache-Control", "Expires", "Date", "Age"]),
            st.one_of(
                st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0")),
                st.from_regex(r"(no-store|max-age)?[=\", ]*[0-9]{0,30}[, ]*(max-age=\"?[0-9a]*)?", fullmatch=True),
                st.from_regex(r"Tue, [0-9]{1,9} Nov [0-9]{1,9} [0-9]{1,9}:00:[0-9]{1,9} \+?[0-9]{0,9}", fullmatch=True),
            ),
        )
    )
)
def test_whatever_a_server_writes_the_lifetime_is_none_or_within_bounds(lines: list[tuple[str, str]]) -> None:
    headers = Headers()
    for name, value in lines:
        headers.addRawHeader(name, value.encode("latin-1"))
    seconds = lifetime(headers)
    assert seconds is None or 0 <= seconds <= MOST_SECONDS


def test_the_validators_are_those_of_the_answer() -> None:
    headers = fields('ETag: "abc"', f"Last-Modified: {DATE}")
    assert validators(headers) == Validators('"abc"', DATE)
    assert validators(fields('ETag: W/"abc"')) == Validators('W/"abc"')
    assert validators(fields()) == NO_VALIDATORS


@pytest.mark.parametrize("etag", ["abc", '"a"b"', '"a b"', '"\x7f"', '"' + "x" * 300 + '"', ""])
def test_what_is_no_entity_tag_is_not_kept(etag: str) -> None:
    assert validators(fields(f"ETag: {etag}")) == NO_VALIDATORS


@pytest.mark.parametrize("date", ["\x7f", "x" * 65, "caf\xe9", '"a"'])
def test_what_cannot_be_a_date_is_not_kept(date: str) -> None:
    assert validators(fields(f"Last-Modified: {date}")) == NO_VALIDATORS
