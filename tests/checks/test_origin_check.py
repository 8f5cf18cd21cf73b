"""Numbers of home on calls from abroad (operators' rules UK-7 to UK-9 and UK-13, FR-4, US-5)."""

import pytest
from incoming import calling
from scene import trunk

from sip_guard.call import Call
from sip_guard.checks.origin import OriginCheck
from sip_guard.peer import Trunk
from sip_guard.plans.blocks import Block, Blocks

GATEWAY = trunk(origin="international_gateway")
ROAMING = trunk(origin="roaming_verified")
PERMITTED = Blocks.of({"44207946": Block(allocated=True, holder="Example Ltd"), "441312345678": Block(allocated=True)})


def shown(number: str, *more: str, trunk: Trunk = GATEWAY) -> Call:
    """Make a call of the gateway whose From has a number."""
    return calling(f"+{number}", *more, trunk=trunk)


def found(of: Call, *home: str, permitted: Blocks | None = None) -> list[tuple[str, str]]:
    check = OriginCheck(frozenset(home or ("GB",)), permitted)
    return [(item.code.value, str(dict(item.particulars)["field"])) for item in check.check(of)]


@pytest.mark.parametrize("number", ["442071234567", "443001234567", "448001234567", "447012345678", "447640123456"])
def test_a_number_of_home_does_not_come_from_abroad(number: str) -> None:
    assert found(shown(number)) == [("foreign-origin", "from")]


@pytest.mark.parametrize("origin", ["domestic", "customer", "unknown"])
def test_by_other_trunks_it_does(origin: str) -> None:
    assert found(shown("442071234567", trunk=trunk(origin=origin))) == []


@pytest.mark.parametrize("number", ["12154561212", "33612345678", "493012345678"])
def test_foreign_numbers_come_from_abroad(number: str) -> None:
    assert found(shown(number)) == []


def test_a_mobile_may_roam() -> None:
    assert found(shown("447400123456")) == [("foreign-mobile", "from")]


def test_where_roaming_is_verified_it_does() -> None:
    assert found(shown("447400123456", trunk=ROAMING)) == []
    assert found(shown("442071234567", trunk=ROAMING)) == [("foreign-origin", "from")]


@pytest.mark.parametrize("number", ["441481256789", "441534456789", "441624756789", "447781123456", "447624123456"])
def test_the_crown_dependencies_are_abroad(number: str) -> None:
    assert found(shown(number)) == [("foreign-permitted", "from")]
    assert found(shown(number), "FR") == []


def test_customers_with_lines_abroad_are_listed() -> None:
    (finding,) = OriginCheck(frozenset({"GB"}), PERMITTED).check(shown("442079461234"))
    assert (finding.code.value, finding.detail) == ("foreign-permitted", "from: listed as permitted for Example Ltd")
    assert found(shown("441312345678"), permitted=PERMITTED) == [("foreign-permitted", "from")]
    assert found(shown("441312345679"), permitted=PERMITTED) == [("foreign-origin", "from")]


def test_both_fields_are_looked_at_for_the_exceptions_differ() -> None:
    of = shown("442071234567", "P-Asserted-Identity: <tel:+447400123456>")
    assert found(of) == [("foreign-origin", "from"), ("foreign-mobile", "asserted")]
    assert found(shown("12154561212", "P-Asserted-Identity: <tel:+442071234567>")) == [("foreign-origin", "asserted")]


def test_an_inserted_number_says_nothing_of_where_the_call_began() -> None:
    assert found(shown("12154561212", "P-Asserted-Identity: <tel:+448979123456>")) == []
    inserting = trunk(origin="international_gateway", inserted_numbers=("44207111",))
    assert found(shown("12154561212", "P-Asserted-Identity: <tel:+442071111234>", trunk=inserting)) == []


@pytest.mark.parametrize(
    ("number", "home", "code"),
    [
        ("33123456789", "FR", "foreign-origin"),
        ("33612345678", "FR", "foreign-mobile"),
        ("12154561212", "US", "foreign-origin"),
        ("14162345678", "US", ""),
        ("14162345678", "CA", "foreign-origin"),
        ("18002345678", "US", "foreign-origin"),
        ("18002345678", "CA", "foreign-origin"),
        ("17872345678", "US", ""),
        ("12212345678", "US", ""),
    ],
)
def test_home_is_what_the_operator_says(number: str, home: str, code: str) -> None:
    assert [name for name, _ in found(shown(number), home)] == ([code] if code else [])


def test_what_is_found_names_country_and_kind_and_no_number() -> None:
    (finding,) = OriginCheck(frozenset({"GB"}), None).check(shown("442071234567"))
    assert finding.particulars == (("field", "from"), ("country", "GB"), ("kind", "geographic"))
    assert finding.detail == "from: a number of home (geographic) on a call from abroad"


def test_a_call_without_numbers_is_none_of_home() -> None:
    assert found(calling("alice", trunk=GATEWAY)) == []


DIVERSION = "Diversion: <sip:+447400123456@carrier.example>;reason=unreachable"


@pytest.mark.parametrize("number", ["442071234567", "447400123457"])
def test_who_was_diverted_abroad_may_have_called_from_home_by_the_word_of_a_trunk_that_is_believed(number: str) -> None:
    believed = trunk(origin="international_gateway", trust_diversion=True)
    assert found(calling(f"+{number}", DIVERSION, trunk=believed)) == [("foreign-permitted", "from")]
    assert found(calling(f"+{number}", trunk=believed)) != [("foreign-permitted", "from")]
    assert found(calling(f"+{number}", DIVERSION, trunk=GATEWAY)) != [("foreign-permitted", "from")]
