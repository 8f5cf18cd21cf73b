"""Who diverted a request: Diversion as in RFC 5806, History-Info as in RFC 7044 and RFC 4244."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, request

from sip_guard.sip.diversion import MAX_DIVERTING, diverting
from sip_guard.sip.headers import name_addr


def users(*lines: str) -> list[str]:
    """Give the user parts of those who diverted."""
    found = diverting(read_request(request("INVITE", "sip:carol@h", *lines)))
    return [name_addr(value).uri.decode().partition(":")[2].partition("@")[0] for value in found]


def test_diversion_names_who_diverted_last_first() -> None:
    assert users() == []
    assert users("Diversion: <sip:bob@h>;reason=user-busy;counter=1;privacy=off") == ["bob"]
    assert users("Diversion: <sip:carol@h>;reason=no-answer, <sip:bob@h>", "diversion: <tel:+44>") == [
        "carol",
        "bob",
        "+44",
    ]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        # RFC 7044 B.1: 1.2 is for another user, and its `mp` names where the request was before.
        ("<sip:bob@h>;index=1, <sip:bob@10.0.0.1>;index=1.1;rc=1, <sip:carol@h>;index=1.2;mp=1", ["bob"]),
        ("<sip:bob@h>;index=1, <sip:carol@h>;index=1.1;mp=1, <sip:dan@h>;index=1.1.1;mp=1.1", ["carol", "bob"]),
        # A failed contact of the same user is no diversion, although it has a Reason.
        (
            "<sip:bob@h>;index=1, <sip:bob@10.0.0.1?Reason=SIP%3Bcause%3D486>;index=1.1;rc=1, "
            "<sip:bob@10.0.0.2>;index=1.2;rc=1",
            [],
        ),
        ("<sip:bob@h>;index=1, <sip:bob@10.0.0.1>;index=1.1;np=1", []),
        # RFC 4458 8, 3GPP TS 24.604: the new target says why it is one.
        ("<sip:bob@h>;index=1, <sip:carol@h;cause=302>;index=1.1", ["bob"]),
        # RFC 4244 4.1, as older switches write it: who led on has the Reason.
        (
            "<sip:bob@h?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%20Temporarily%22>;index=1, <sip:carol@h>;index=1.1",
            ["bob"],
        ),
        ("<sip:bob@h?Reason=SIP%3Bcause%3D302>;index=1", []),
        ("<sip:bob@h>;index=1, <sip:carol@h>;index=1.1", []),
        # What is not well formed names nobody.
        ("<sip:bob@h>, <sip:carol@h>;index=1.1;mp=1", []),
        ("<sip:bob@h>, <sip:carol@h;cause=302>;index=1", []),
        ("<sip:bob@h;index=1, ,,;mp=1", []),
    ],
)
def test_history_info_names_those_from_whom_it_was_sent_on_to_somebody_else(history: str, expected: list[str]) -> None:
    assert users(f"History-Info: {history}") == expected
    assert users(*(f"History-Info: {item}" for item in history.split(", "))) == expected


def test_both_fields_may_stand_together() -> None:
    history = "History-Info: <sip:bob@h>;index=1, <sip:carol@h>;index=1.1;mp=1"
    assert users(history, "Diversion: <sip:dan@h>") == ["dan", "bob"]


def test_of_many_the_last_ones_are_looked_at() -> None:
    many = users("Diversion: " + ", ".join(f"<sip:{i}@h>" for i in range(500)))
    assert many == [str(i) for i in range(MAX_DIVERTING)]
    history = [f"<sip:{i}@h>;index=1.{i};mp=1.{i - 1}" for i in range(100)]
    assert users("History-Info: " + ", ".join(history)) == [str(i) for i in range(98, 98 - MAX_DIVERTING, -1)]


@given(
    st.lists(st.sampled_from(["<sip:b@h", ">", ";index=1", ".1", ";mp=1", ",", '"', "?Reason=x", ";cause=302", "\\"]))
)
def test_whatever_stands_there_it_is_read(parts: list[str]) -> None:
    assert len(users("History-Info: " + "".join(parts), "Diversion: " + "".join(parts))) <= 2 * MAX_DIVERTING
