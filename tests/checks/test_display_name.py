"""A brand's name beside a number that is not the brand's (operators' rule UK-15)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import call
from scene import trunk

from sip_guard.call import Call
from sip_guard.checks.display_name import BESIDE, Brand, DisplayNameCheck, Match
from sip_guard.lookalike import words
from sip_guard.peer import Trunk

BARCLAYS, HALIFAX = "442000000", "442000010"
UNTRUSTED = trunk(trust_asserted=False)


def shows(name: str, number: str = "442079991234", *more: str, trunk: Trunk = UNTRUSTED) -> Call:
    """Make a call with a name in From, which is written in UTF-8."""
    name = name.encode().decode("latin-1")
    return call(*more, trunk=trunk, fields={"From": f'"{name}" <sip:+{number}@carrier.example>;tag=1'})


def check(match: Match = "whole") -> DisplayNameCheck:
    return DisplayNameCheck(
        [
            Brand.of(["Barclays", "Barclaycard"], (BARCLAYS, "448001"), match),
            Brand.of(["Halifax"], (HALIFAX,), match),
            Brand.of(["First Direct", "1st Direct"], (), match),
        ]
    )


def found(of: Call, match: Match = "whole") -> list[Any]:
    return [dict(item.particulars)["brand"] for item in check(match).check(of)]


@pytest.mark.parametrize(
    "name",
    [
        "Barclays",
        "\u0412\u0430\u0433\u0441l\u0430\u0443s",
        "B A R C L A Y S",
        "B.A.R.C.L.A.Y.S. U.K.",
        "Barc1ays Bank",
        "BarclaysBank",
        "Barclays Bank UK PLC",
        "Barclays Fraud Team",
        "The Barclays Security Department",
        "Call from Barclays",
        "BARCLAYCARD",
        "Barclay Card",
    ],
)
def test_a_name_of_the_brand_is_found_however_it_is_spelled(name: str) -> None:
    assert found(shows(name)) == ["Barclays"]


@pytest.mark.parametrize(
    "name",
    [
        "Barclay Smith",
        "Halifax Plumbing",
        "Barclays Cafe",
        "Direct First",
        "First Direction",
        "Fraud Team",
        "Bank",
        "Alice",
        "Thomas Barclay",
        "+442000000000",
    ],
)
def test_a_plumber_in_halifax_is_no_bank(name: str) -> None:
    assert found(shows(name)) == []


@pytest.mark.parametrize("name", ["First Direct", "1st direct", "F1RST DIRECT Bank", "Firstdirect"])
def test_names_of_several_words(name: str) -> None:
    assert found(shows(name)) == ["First Direct"]


def test_the_brand_itself_may_show_its_name() -> None:
    assert found(shows("Barclays", BARCLAYS + "123")) == []
    assert found(shows("Barclays Bank", "448001234567")) == []
    assert found(shows("Barclays", HALIFAX + "123")) == ["Barclays"]


def test_without_numbers_nobody_outside_may_have_the_name() -> None:
    assert found(shows("First Direct", BARCLAYS + "123")) == ["First Direct"]


def test_a_withheld_number_is_none_of_the_brand() -> None:
    hidden = call(fields={"From": '"Barclays" <sip:anonymous@anonymous.invalid>;tag=1'})
    assert found(hidden) == ["Barclays"]


@pytest.mark.parametrize(
    "name", ["Your Barclays adviser", "BARCLAYS London 2", "Halifax Plumbing", "B A R C L A Y S now"]
)
def test_as_a_word_it_is_found_among_any_others(name: str) -> None:
    assert found(shows(name), "word") == (["Halifax"] if "Halifax" in name else ["Barclays"])


@pytest.mark.parametrize("name", ["Barclay Smith", "Barclayson", "Halifaxes", "First and Direct"])
def test_a_part_of_a_word_is_none(name: str) -> None:
    assert found(shows(name), "word") == []


def test_each_field_has_its_own_name_and_number() -> None:
    line = f'P-Asserted-Identity: "Halifax" <sip:+{BARCLAYS}123@carrier.example>'
    of = shows("Barclays", BARCLAYS + "555", line, trunk=trunk())
    (finding,) = check().check(of)
    assert finding.particulars == (("field", "asserted"), ("brand", "Halifax"))
    assert finding.detail == "asserted: the name looks like Halifax, and the number is none of theirs"
    assert found(shows("Alice", BARCLAYS, line)) == []


def test_a_call_without_a_name_says_nothing() -> None:
    assert found(call()) == []


@given(st.text(), st.sampled_from(["whole", "word"]))
def test_any_name_gives_at_most_one_finding_and_no_exception(name: str, match: Match) -> None:
    brand = Brand.of(["Barclays"], (), match)
    assert brand.named(words(name)) in (True, False)


@given(st.lists(st.sampled_from(sorted(BESIDE)), max_size=8), st.lists(st.sampled_from(sorted(BESIDE)), max_size=8))
def test_words_that_stand_beside_any_bank_make_no_other_name(before: list[str], after: list[str]) -> None:
    brand = Brand.of(["Barclays"], ())
    assert brand.named((*before, *words("Barclays"), *after))
    assert not brand.named((*before, *words("Plumbing"), *words("Barclays"), *after))
