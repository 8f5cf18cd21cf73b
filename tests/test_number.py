import pytest

from sip_guard.number import MAX_USER, PLAIN, DialPlan, canonical, is_country

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
