import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import read_request, read_response, request, response

from sip_guard.proxy.redirection import MAX_CONTACTS, contacts
from sip_guard.sip.headers import split_list

INVITE = read_request(request("INVITE", "sip:b@192.0.2.1"))


def led(*lines: str, status: str = "302 Moved Temporarily", uri: str = "sip:b@192.0.2.1") -> list[str]:
    text = response(status, *[f"Contact: {line}" for line in lines])
    moved = read_response(text.replace(b"Contact: <sip:+12155551212@198.51.100.7:5060>\r\n", b""))
    return [found.decode() for found in contacts(moved, read_request(request("INVITE", uri)))]


@pytest.mark.parametrize(
    ("lines", "uris"),
    [
        ([], []),
        (["<sip:c@d>"], ["sip:c@d"]),
        (["sip:c@d;q=0.5"], ["sip:c@d"]),
        (["<sip:c@d>;q=0.1, <sip:e@f>;q=0.7", "<tel:+1>;q=0.3"], ["sip:e@f", "tel:+1", "sip:c@d"]),
        (["<sip:c@d>;q=0.9", "<sip:e@f>", "<sip:g@h>;q=1.000"], ["sip:e@f", "sip:g@h", "sip:c@d"]),
        (["<sip:c@d>;q=.5, <sip:e@f>;q=0.25, <sip:g@h>;q=0"], ["sip:c@d", "sip:e@f", "sip:g@h"]),
        (["<sip:c@d>;q=1.5, <sip:e@f>;q=nan, <sip:g@h>;q=0.001"], ["sip:g@h", "sip:c@d", "sip:e@f"]),
        (['"Q, R" <sip:c@d;method=BYE?Subject=x>;expires=5'], ["sip:c@d"]),
        (["<sips:c@d>, <mailto:c@d>, <http://d/>, *, nonsense, <sip:c@ d>, <urn:service:sos>"], ["sips:c@d"]),
        (["<sip:c@d>;q=0.1, <sip:e@f>;q=0.2, <sip:c@d?x=y>;q=0.3"], ["sip:c@d", "sip:e@f"]),
        (["<sip:c@d>;q=0.3, <sip:e@f>;q=0.2, <sip:c@d>;q=0.1"], ["sip:c@d", "sip:e@f"]),
        (["<sip:b@192.0.2.1>, <sip:c@d>"], ["sip:c@d"]),
        (["<sip:c@d>;q=0.1;q=0.2, <sip:e@f>"], ["sip:e@f"]),
    ],
)
def test_contacts_are_tried_in_the_order_of_preference(lines: list[str], uris: list[str]) -> None:
    assert led(*lines) == uris


@pytest.mark.parametrize(
    ("status", "followed"),
    [
        ("300 Multiple Choices", True),
        ("301 Moved Permanently", True),
        ("302 Moved Temporarily", True),
        ("305 Use Proxy", False),
        ("380 Alternative Service", False),
        ("404 Not Found", False),
        ("200 OK", False),
    ],
)
def test_only_another_address_of_the_callee_is_followed(status: str, *, followed: bool) -> None:
    assert led("<sip:c@d>", status=status) == (["sip:c@d"] if followed else [])


def test_a_secure_call_stays_secure() -> None:
    assert led("<sip:c@d>, <SIPS:e@f>, <tel:+1>", uri="sips:b@192.0.2.1") == ["SIPS:e@f"]


def test_what_was_tried_is_not_tried_again() -> None:
    moved = read_response(response("302 Moved", "Contact: <sip:c@d>, <sip:e@f>"))
    tried = [b"sip:c@d", b"sip:+12155551212@198.51.100.7:5060"]
    assert contacts(moved, INVITE, tried) == [b"sip:e@f"]


def test_there_is_an_end_to_the_contacts_and_the_best_are_kept() -> None:
    many = ", ".join(f"<sip:{number}@d>;q=0.{number:03}" for number in range(100))
    assert led(many) == [f"sip:{number}@d" for number in range(99, 99 - MAX_CONTACTS, -1)]


CONTACT = st.lists(
    st.sampled_from(
        ["<", ">", "sip:", "sips:", "tel:", "a", "+1", "@", "h", ";q=", "0.5", "?", "é", '"', ",", " ", ":1"]
    ),
    max_size=14,
).map("".join)


@given(st.lists(CONTACT, max_size=3))
def test_every_contact_that_is_given_can_stand_in_a_request(lines: list[str]) -> None:
    moved = read_response(response("302 Moved", *[f"Contact: {line}" for line in lines]))
    found = contacts(moved, INVITE)
    assert len(found) <= MAX_CONTACTS
    assert sum(len(split_list(value)) for value in moved.values(b"contact")) >= len(found)
    for uri in found:
        assert read_request(request(uri="@").replace(b" @ ", b" " + uri + b" ")).uri == uri
