"""What a trunk may present: the types of presentation number (operators' rule UK-12)."""

import pytest
from incoming import call, calling, decide, passed, rule
from scene import trunk

from sip_guard.call import Call
from sip_guard.checks.presentation import PresentationCheck
from sip_guard.number import DialPlan
from sip_guard.peer import Trunk
from sip_guard.plans.blocks import Block, Blocks
from sip_guard.policy.decision import TagOptions

BRITISH = DialPlan("GB", ("00",))
CUSTOMER = trunk(origin="customer", dial_plan=BRITISH)
BELIEVED = trunk(origin="customer", dial_plan=BRITISH, trust_diversion=True)
OWNED = Block(allocated=True)
CHECK = PresentationCheck({CUSTOMER.name: Blocks.of({"4420794601": OWNED, "441314960123": OWNED})})
BANK = "+443457404404"
SENT_ON = "Diversion: <sip:+442079460123@customer.example>;reason=no-answer"
REFUSING = [rule("r", "reject", "presentation-not-permitted")]


def found(of: Call) -> list[str]:
    """Say where numbers stand that the trunk may not show."""
    findings = CHECK.check(of)
    assert {finding.code.value for finding in findings} <= {"presentation-not-permitted"}
    return [str(dict(finding.particulars)["field"]) for finding in findings]


@pytest.mark.parametrize("user", ["+442079460123", "02079460199", "00442079460100", "+441314960123"])
def test_a_customer_shows_numbers_of_its_own_or_on_its_list(user: str) -> None:
    assert found(calling(user, trunk=CUSTOMER)) == []
    assert found(calling(user, f"P-Asserted-Identity: <sip:{user}@x>", trunk=CUSTOMER)) == []


@pytest.mark.parametrize("user", [BANK, "+441314960124", "+44207946", "+12155551212", "0345 740 4404", "201", "*67"])
def test_any_other_number_is_not_its_own_to_show(user: str) -> None:
    assert found(calling(user.replace(" ", ""), trunk=CUSTOMER)) == ["from"]


@pytest.mark.parametrize("field", ["P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity"])
def test_nor_is_another_number_its_own_to_have_asserted(field: str) -> None:
    assert found(calling("+442079460123", f"{field}: <sip:{BANK}@x>", trunk=CUSTOMER)) == ["asserted"]


def test_nor_does_one_stand_in_a_display_name() -> None:
    named = call(trunk=CUSTOMER, fields={"From": '"0345 740 4404" <sip:+442079460123@x>;tag=1'})
    assert found(named) == ["name"]
    own = call(trunk=CUSTOMER, fields={"From": '"Example, 020 7946 0199" <sip:+442079460123@x>;tag=1'})
    assert found(own) == []


@pytest.mark.parametrize("user", ["anonymous", "alice"])
def test_who_shows_no_number_shows_none_that_is_not_its_own(user: str) -> None:
    assert found(calling(user, trunk=CUSTOMER)) == []
    assert found(calling(user, "P-Asserted-Identity: <sip:+442079460123@x>", "Privacy: id", trunk=CUSTOMER)) == []
    assert found(calling(user, f"P-Asserted-Identity: <sip:{BANK}@x>", "Privacy: id", trunk=CUSTOMER)) == ["asserted"]


def test_a_number_that_carriers_insert_is_asserted_and_not_shown() -> None:
    inserted = "P-Asserted-Identity: <sip:+448979123456@x>"
    assert found(calling("+442079460123", inserted, trunk=CUSTOMER)) == []
    assert found(calling("+448979123456", trunk=CUSTOMER)) == ["from"]
    own = trunk(inserted_numbers=("44300",), dial_plan=BRITISH)
    assert found(calling("+442079460123", "P-Asserted-Identity: <sip:+44300123456@x>", trunk=own)) == []


@pytest.mark.parametrize(
    ("diversion", "by", "expected"),
    [
        (SENT_ON, BELIEVED, []),
        ("History-Info: <sip:+442079460123@x>;index=1, <sip:+12155551213@x>;index=1.1;mp=1", BELIEVED, []),
        (f"{SENT_ON}, <sip:+441610000000@x>", BELIEVED, []),
        ("Diversion: <sip:02079460123@x>", BELIEVED, []),
        (SENT_ON, CUSTOMER, ["from"]),
        ("Diversion: <sip:+441610000000@x>", BELIEVED, ["from"]),
        ("Diversion: <sip:alice@x>", BELIEVED, ["from"]),
        ("Subject: x", BELIEVED, ["from"]),
    ],
)
def test_a_call_that_a_customer_sends_on_shows_who_called_it_if_that_is_believed(
    diversion: str, by: Trunk, expected: list[str]
) -> None:
    assert found(calling("+441610123456", diversion, trunk=by)) == expected


def test_other_trunks_show_any_number() -> None:
    assert found(calling(BANK, trunk=trunk(name="other"))) == []


def test_a_call_is_refused_unless_a_signer_attests_that_the_number_is_the_callers() -> None:
    of = calling("+12155551212", trunk=CUSTOMER)
    findings = CHECK.check(of)
    assert decide(of, findings, REFUSING, TagOptions()).action == "reject 403"
    assert decide(of, [*findings, passed("A")], REFUSING, TagOptions()).action == "tag"
    assert decide(of, [*findings, passed("B")], REFUSING, TagOptions()).action == "reject 403"
    assert decide(of, [*findings, passed("A", b"p-asserted-identity")], REFUSING, TagOptions()).action == "reject 403"


def test_no_token_attests_a_number_in_a_display_name() -> None:
    of = call(trunk=CUSTOMER, fields={"From": '"0345 740 4404" <sip:+442079460123@x>;tag=1'})
    assert decide(of, [*CHECK.check(of), passed("A")], REFUSING, TagOptions()).action == "reject 403"


def test_an_older_field_with_the_number_of_from_is_attested_with_it() -> None:
    of = calling("+12155551212", "Remote-Party-ID: <sip:+12155551212@x>", trunk=CUSTOMER)
    assert found(of) == ["from", "asserted"]
    assert decide(of, [*CHECK.check(of), passed("A")], REFUSING, TagOptions()).action == "tag"


def test_a_finding_says_what_number_it_is_about_without_naming_it() -> None:
    (finding,) = CHECK.check(calling(BANK, trunk=CUSTOMER))
    assert finding.detail == "from: a number that is not the trunk's to present"
    assert finding.particulars == (("field", "from"), ("country", "GB"), ("kind", "non-geographic"))
