"""+1: NPA [2-9]XX, exchange [2-9]XX, four digits, and the codes that are kept back (NANPA)."""

import pytest

from sip_guard.plans.nanp import read


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("12155561212", "US", "geographic"),
        ("19896234567", "US", "geographic"),
        ("17872345678", "PR", "geographic"),
        ("16712345678", "GU", "geographic"),
        ("14162345678", "CA", "geographic"),
        ("16002012345", "CA", "non-geographic"),
        ("18762345678", "JM", "geographic"),
        ("17102345678", "US", "service"),
        ("12212345678", "", "unknown"),
    ],
)
def test_an_area_code_is_of_a_country(number: str, country: str, kind: str) -> None:
    reading = read(number)
    assert (reading.country, reading.kind, reading.fault) == (country, kind, "")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("18002345678", "freephone"),
        ("18882345678", "freephone"),
        ("15002345678", "personal"),
        ("19002345678", "premium"),
    ],
)
def test_codes_without_an_area_are_of_every_country_of_the_plan(number: str, kind: str) -> None:
    reading = read(number)
    assert (reading.kind, reading.country) == (kind, "")
    assert {"US", "CA", "JM"} <= reading.countries


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("1215555121", "9 digits after +1, not 10"),
        ("121555512120", "11 digits after +1, not 10"),
        ("11234567890", "an area code begins with 2 to 9"),
        ("10000000000", "an area code begins with 2 to 9"),
        ("19112345678", "an area code is never 911: those digits are a service"),
        ("12922345678", "area code 292 is kept back for the plan's expansion"),
        ("13702345678", "area code 370 is kept back for the plan's expansion"),
        ("19602345678", "area code 960 is kept back for the plan's expansion"),
        ("12150551212", "an exchange begins with 2 to 9"),
        ("12151551212", "an exchange begins with 2 to 9"),
        ("18001234567", "an exchange begins with 2 to 9"),
        ("12159111234", "an exchange is never 911: those digits are a service"),
        ("18009111234", ""),
        ("12158551234", ""),
    ],
)
def test_what_has_another_form_is_no_number(number: str, fault: str) -> None:
    assert read(number).fault == fault


@pytest.mark.parametrize(
    ("number", "originates"),
    [
        ("12155550100", "never"),
        ("12155550199", "never"),
        ("12155551212", "never"),
        ("12155550200", "doubtful"),
        ("18005550100", "yes"),
        ("12154550100", "yes"),
        ("19002345678", "doubtful"),
        ("17002345678", "doubtful"),
        ("18002345678", "yes"),
    ],
)
def test_calls_do_not_come_from_555(number: str, originates: str) -> None:
    assert read(number).originates == originates
