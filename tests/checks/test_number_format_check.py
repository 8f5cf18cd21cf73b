"""What stands as a number must be one, and what is a name is left alone (E.164 6.1)."""

import pytest
from incoming import call, calling
from scene import trunk

from sip_guard.call import Call, Code
from sip_guard.checks.number_format import NumberFormatCheck
from sip_guard.number import DialPlan

BRITISH = trunk(dial_plan=DialPlan("GB", ("00",)))


def found(of: Call) -> list[tuple[str, str]]:
    return [(item.code.value, str(dict(item.particulars).get("field", ""))) for item in NumberFormatCheck().check(of)]


@pytest.mark.parametrize("user", ["+12155551212", "12155551212", "+442071234567", "+1-215-555-1212", "%2B12155551212"])
def test_an_international_number_is_well_formed(user: str) -> None:
    assert found(calling(user)) == []


@pytest.mark.parametrize(
    ("user", "detail"),
    [
        ("+1234567890123456", "from: 16 digits, at most 15"),
        ("0000000000", "from: not an international number; if a whole trunk has it, see its `dial_plan`"),
        ("911", "from: a short number, which nobody outside can call"),
        ("1001", "from: a short number, which nobody outside can call"),
        ("*67", "from: a star code"),
        ("+1215x5551212", "from: written like a number, and none"),
        ("%D9%A1%D9%A2%D9%A3%D9%A4", "from: written like a number, and none"),
        ("++12155551212", "from: written like a number, and none"),
        ("1" * 200, "from: written like a number, and none"),
    ],
)
def test_what_stands_as_a_number_and_is_none_is_found(user: str, detail: str) -> None:
    (finding,) = NumberFormatCheck().check(calling(user))
    assert (finding.code, finding.detail) == (Code.NUMBER_MALFORMED, detail)
    assert finding.particulars == (("field", "from"),)


@pytest.mark.parametrize("user", ["alice", "anonymous", "Restricted", "bob12345678", "alice+tag", "1a2b3c"])
def test_a_name_is_no_number_and_no_fault(user: str) -> None:
    asserted = "P-Asserted-Identity: <tel:+12155551212>"
    assert found(calling(user, asserted)) == []
    assert found(calling(user)) == [("number-missing", "")]


def test_a_call_without_any_number_says_so_once() -> None:
    assert found(call(fields={"From": "<urn:service:sos>;tag=1"})) == [("number-missing", "")]
    assert found(call(fields={"From": "<sip:carrier.example>;tag=1"})) == [("number-missing", "")]


def test_national_numbers_are_well_formed_where_the_trunk_says_whose_they_are() -> None:
    assert found(calling("02071234567", trunk=BRITISH)) == []
    assert found(calling("0000000000", trunk=BRITISH)) == [("number-malformed", "from")]


def test_what_the_network_asserts_is_looked_at_by_itself() -> None:
    asserted = 'P-Asserted-Identity: "A" <sip:911@x>, <tel:+12155551212>'
    assert found(call(asserted)) == [("number-malformed", "asserted")]
    assert found(call(asserted, trunk=trunk(trust_asserted=False))) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<sip:0000000000@x>", [("number-malformed", "asserted")]),
        ("<sip:0000000000@x>;party=calling;privacy=off", [("number-malformed", "asserted")]),
        ("<sip:0000000000@x>;privacy=off;party=called", []),
        ("<sip:0000000000@x>; Party = Called", []),
    ],
)
def test_old_peers_assert_with_remote_party_id(value: str, expected: list[tuple[str, str]]) -> None:
    field = f"Remote-Party-ID: {value}"
    assert found(call(field)) == expected
    assert found(call(field, trunk=trunk(trust_asserted=False))) == []
    assert found(call(field, "P-Asserted-Identity: <tel:+12155551212>")) == []
