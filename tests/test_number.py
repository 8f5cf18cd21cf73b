import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.number import (
    MAX_USER,
    PLAIN,
    DialPlan,
    canonical,
    international,
    internationals,
    is_country,
    leading,
    written_in,
)

US = DialPlan("US", ("011",))
GB = DialPlan("GB", ("00",))
IT = DialPlan("IT", ("00",))
FR = DialPlan("FR", ("00",))


@pytest.mark.parametrize(
    "user",
    [
        "+12155551212",
        "12155551212",
        "+1 (215) 555-1212",
        "+1-215-555-1212",
        "+1.215.555.1212",
        "%2B12155551212",
        "%2b1%2D215%205551212",
        "+12155551212;npdi;rn=+13035550000",
        "+12155551212;tgrp=x;trunk-context=example.com",
        "+12155551212%3Bnpdi",
        "+12155551212;verstat=TN-Validation-Passed",
        "+12155551212;phone-context=+44",
    ],
)
@pytest.mark.parametrize("plan", [PLAIN, US])
def test_one_number_in_many_spellings(user: str, plan: DialPlan) -> None:
    assert canonical(user, plan) == "12155551212"


@pytest.mark.parametrize(
    ("user", "plan", "number"),
    [
        ("2155551212", US, "12155551212"),
        ("(215) 555-1212", US, "12155551212"),
        ("011493012345", US, "493012345"),
        ("0049301234567", GB, "49301234567"),
        ("02079460000", GB, "442079460000"),
        ("+44 (0)20 7946 0000", GB, "442079460000"),
        ("+4402079460000", GB, "442079460000"),
        ("+442079460000", GB, "442079460000"),
        ("0612345678", FR, "33612345678"),
        ("+390612345678", IT, "390612345678"),
        ("0612345678", IT, "390612345678"),
        ("442079460000", PLAIN, "442079460000"),
        ("+1-215-555-1212", GB, "12155551212"),
    ],
)
def test_national_numbers_are_those_of_the_trunks_country(user: str, plan: DialPlan, number: str) -> None:
    assert canonical(user, plan) == number


@pytest.mark.parametrize("user", ["911", "112", "999", "101", "116117", "*67", "#31#", "*#06#", "*67#12155551212"])
@pytest.mark.parametrize("plan", [PLAIN, US, GB])
def test_service_numbers_and_star_codes_stay_as_they_are(user: str, plan: DialPlan) -> None:
    assert canonical(user, plan) == user


@pytest.mark.parametrize(
    "user",
    [
        "",
        "alice",
        "anonymous",
        "Restricted",
        "+",
        "++12155551212",
        "1+2155551212",
        "+1215555x1212",
        "12155551212a",
        "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}" * 5,
        "+" + "\N{ARABIC-INDIC DIGIT FOUR}" * 12,
        "%D9%A4%D9%A4",
        "%EF%BC%91",
        "%",
        "%2",
        ";npdi",
        "+1\n2155551212",
        "\N{SUPERSCRIPT TWO}112",
        "-",
        "()",
        "911;",
        "x;+12155551212",
    ],
)
def test_what_is_no_number_is_none(user: str) -> None:
    expected = "911" if user == "911;" else None
    assert canonical(user) == expected


def test_a_user_part_of_any_length_is_not_looked_at() -> None:
    assert canonical("+" + "1" * MAX_USER) is None
    assert canonical("+12155551212;" + "x" * (MAX_USER - 13)) == "12155551212"


@pytest.mark.parametrize("user", ["+1234567", "+123456789012345", "+1", "+99999999999999999999", "00", "0" * 100])
def test_odd_numbers_are_digits_or_none_and_never_an_error(user: str) -> None:
    for plan in (PLAIN, US, GB):
        number = canonical(user, plan)
        assert number is None or (number.isascii() and number.isdigit())


def test_a_country_is_one_whose_national_numbers_can_be_read() -> None:
    assert is_country("GB")
    assert not is_country("gb")
    assert not is_country("XX")
    assert not is_country("")


# Numbers in lists.


@given(
    st.lists(st.from_regex(r"\A\+?[1-9][0-9]{5,15}\Z", fullmatch=True), max_size=8),
    st.sampled_from([None, "US", "CA", "GB", "FR", "IT"]),
)
def test_many_numbers_at_once_are_read_as_each_of_them(texts: list[str], country: str | None) -> None:
    plan = DialPlan(country)
    together = internationals(texts, plan)
    each = [international(text, plan) for text in texts]
    if together is not None:
        assert [str(number) for number in together] == each


@given(st.from_regex(r"\A[0-9]{7,12}\Z", fullmatch=True), st.sampled_from(["US", "CA", "GB", "FR"]))
def test_a_national_number_of_a_list_is_that_of_a_call(text: str, country: str) -> None:
    number = international(text, DialPlan(country))
    assert number is None or number == canonical(text, DialPlan(country))


@pytest.mark.parametrize(
    "text", ["", "+", "2125551212", "020 7946 0000", "sip:x", "+44(0)", "112", "*31#", "+0123456789"]
)
def test_what_is_no_international_number_is_none_without_a_country(text: str) -> None:
    assert international(text) is None


@pytest.mark.parametrize(
    ("text", "country", "digits"),
    [
        ("+4420", None, "4420"),
        ("004420", None, "4420"),
        ("+44 (20)", None, "4420"),
        ("020", "GB", "4420"),
        ("20", "GB", "4420"),
        ("0044 20", "GB", "4420"),
        ("800", "US", "1800"),
        ("1-800", "US", "1800"),
        ("+1", "US", "1"),
        ("01144", "US", "44"),
        ("0044", "US", None),
        ("1", "US", None),
        ("06", "IT", "3906"),
        ("", None, None),
        ("+", None, None),
        ("020", None, None),
        ("+1234567890123456", None, None),
        ("x", "GB", None),
    ],
)
def test_a_prefix_is_read_as_it_is_written(text: str, country: str | None, digits: str | None) -> None:
    assert leading(text, DialPlan(country)) == digits


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("020 7946 0000", "442079460000"),
        ("Barclays (020) 7946-0000", "442079460000"),
        ("\uff10\uff12\uff10 7946 0000", "442079460000"),
        ("+44 (0)20 7946 0000 ext 12", "442079460000"),
        ("0044.20.7946.0000", "442079460000"),
        ("07700 900123 Alice", "447700900123"),
        ("Route 66", None),
        ("Studio 54 London 2026", None),
        ("12345678901234567890", None),
        ("", None),
    ],
)
def test_a_number_is_read_where_it_stands_in_a_text(text: str, number: str | None) -> None:
    assert written_in(text, DialPlan("GB", ("00",))) == number
