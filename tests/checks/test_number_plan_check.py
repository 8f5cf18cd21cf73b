"""What the plan of a country and its regulator's list say about From and what the network asserts."""

import pytest
from incoming import calling
from scene import TRUNK, trunk

from sip_guard.call import Call
from sip_guard.checks.number_plan import NumberPlanCheck
from sip_guard.peer import Trunk
from sip_guard.plans.blocks import Block, Blocks

LISTS = Blocks.of({"442071": Block(allocated=True, holder="Example"), "4479": Block(allocated=True)}, ["442", "447"])
INSERTING = trunk(inserted_numbers=("4930111",))


def shown(number: str, *more: str, trunk: Trunk = TRUNK) -> Call:
    """Make a call whose From has a number."""
    return calling(f"+{number}", *more, trunk=trunk)


def found(of: Call, lists: Blocks | None = None) -> list[str]:
    return [item.code.value for item in NumberPlanCheck(lists).check(of)]


@pytest.mark.parametrize("number", ["442071234567", "12154561212", "33612345678", "493012345678", "441481256789"])
def test_a_number_that_may_call_is_nothing_to_find(number: str) -> None:
    assert found(shown(number)) == []


@pytest.mark.parametrize(
    ("number", "code", "country", "kind", "detail"),
    [
        ("4420712345", "number-invalid", "GB", "geographic", "from: 8 digits after +44, not 10"),
        ("12150551212", "number-invalid", "US", "geographic", "from: an exchange begins with 2 to 9"),
        (
            "449012345678",
            "number-never-originates",
            "GB",
            "premium",
            "from: a premium rate number, which may not be presented",
        ),
        ("12155550123", "number-never-originates", "US", "geographic", "from: 555-01XX is kept for fiction"),
        ("447012345678", "number-doubtful", "GB", "personal", "from: a personal number, which only forwards calls"),
        (
            "448979123456",
            "number-inserted",
            "GB",
            "inserted",
            "from: a number that carriers insert where there is none",
        ),
    ],
)
def test_what_a_plan_has_against_a_number(number: str, code: str, country: str, kind: str, detail: str) -> None:
    (finding,) = NumberPlanCheck(None).check(shown(number))
    assert (finding.code.value, finding.detail) == (code, detail)
    assert finding.particulars == (("field", "from"), ("country", country), ("kind", kind))
    assert number not in detail


def test_a_block_that_nobody_got_is_unallocated() -> None:
    assert found(shown("442081234567"), LISTS) == ["number-unallocated"]
    assert found(shown("442071234567"), LISTS) == []
    assert found(shown("441312345678"), LISTS) == []


def test_of_what_is_wrong_only_the_first_is_said() -> None:
    assert found(shown("4420812345"), LISTS) == ["number-invalid"]
    assert found(shown("442079460123"), LISTS) == ["number-never-originates"]
    assert found(shown("447012345678"), LISTS) == ["number-unallocated"]


def test_lists_of_countries_without_a_plan_count_too() -> None:
    german = Blocks.of({"4930": Block(allocated=True)}, ["49"])
    (finding,) = NumberPlanCheck(german).check(shown("494012345678"))
    assert (finding.code.value, finding.particulars[1:]) == (
        "number-unallocated",
        (("country", ""), ("kind", "unknown")),
    )
    assert found(shown("493012345678"), german) == []


def test_the_field_that_is_wrong_is_named() -> None:
    asserted = "P-Asserted-Identity: <tel:+449012345678>"
    both = shown("449012345678", asserted)
    assert [dict(item.particulars)["field"] for item in NumberPlanCheck(None).check(both)] == ["from", "asserted"]
    (finding,) = NumberPlanCheck(None).check(shown("442071234567", asserted))
    assert dict(finding.particulars)["field"] == "asserted"
    assert found(shown("442071234567", asserted, trunk=trunk(trust_asserted=False))) == []


def test_inserted_numbers_belong_in_what_the_network_asserts() -> None:
    assert found(shown("12154561212", "P-Asserted-Identity: <tel:+448979123456>"), LISTS) == []
    assert found(shown("493011112345", trunk=INSERTING)) == ["number-inserted"]
    assert found(shown("12154561212", "P-Asserted-Identity: <tel:+493011112345>", trunk=INSERTING)) == []
    assert found(shown("493011112345")) == []


@pytest.mark.parametrize("user", ["alice", "911", "*67", "anonymous"])
def test_what_is_no_international_number_is_not_judged(user: str) -> None:
    assert found(calling(user), LISTS) == []
