"""From and what the network asserts: two numbers of one caller, or of two (RFC 3325; General Condition C6)."""

import pytest
from incoming import calling
from scene import TRUNK, trunk

from sip_guard.call import Call
from sip_guard.checks.consistency import ConsistencyCheck
from sip_guard.peer import Trunk


def shown(presented: str, *asserted: str, trunk: Trunk = TRUNK) -> Call:
    """Make a call with somebody in From, and what is asserted."""
    values = ", ".join(f"<{uri}>" for uri in asserted)
    return calling(presented, *([f"P-Asserted-Identity: {values}"] if asserted else []), trunk=trunk)


def found(of: Call) -> list[str]:
    return [item.code.value for item in ConsistencyCheck().check(of)]


@pytest.mark.parametrize(
    ("presented", "asserted"),
    [
        ("+442071234567", ("tel:+442071234567",)),
        ("+442071234567", ("sip:+44-20-7123-4567@x", "tel:+442071234567")),
        ("+442071234567", ()),
        ("anonymous", ("tel:+442071234567",)),
        ("+442071234567", ("sip:alice@x",)),
        ("alice", ()),
    ],
)
def test_one_caller_is_nothing_to_find(presented: str, asserted: tuple[str, ...]) -> None:
    assert found(shown(presented, *asserted)) == []


def test_a_call_centre_shows_a_clients_number() -> None:
    (finding,) = ConsistencyCheck().check(shown("+448001234567", "tel:+442071234567"))
    assert finding.code.value == "numbers-differ"
    assert dict(finding.particulars) == {
        "from_country": "GB",
        "from_kind": "freephone",
        "asserted_country": "GB",
        "asserted_kind": "geographic",
    }


@pytest.mark.parametrize(
    ("presented", "asserted", "code"),
    [
        ("+442071234567", "tel:+12154561212", "countries-differ"),
        ("+442071234567", "tel:+923001234567", "countries-differ"),
        ("+923001234567", "tel:+442071234567", "countries-differ"),
        ("+12154561212", "tel:+14162345678", "countries-differ"),
        ("+18002345678", "tel:+14162345678", "numbers-differ"),
        ("+12212345678", "tel:+14162345678", "numbers-differ"),
        ("+923001234567", "tel:+919876543210", "numbers-differ"),
    ],
)
def test_whether_the_countries_differ_is_said_where_it_is_known(presented: str, asserted: str, code: str) -> None:
    assert found(shown(presented, asserted)) == [code]


def test_two_asserted_numbers_are_no_caller() -> None:
    assert found(shown("+442071234567", "sip:+442071234567@x", "tel:+442071234568")) == ["asserted-ambiguous"]
    assert found(shown("anonymous", "sip:+442071234567@x", "tel:+442071234568")) == ["asserted-ambiguous"]


def test_what_is_not_believed_is_not_compared() -> None:
    assert found(shown("+442071234567", "tel:+12154561212", trunk=trunk(trust_asserted=False))) == []
