"""+33: ARCEP's national numbering plan."""

import pytest

from sip_guard.plans.fr import read


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("33123456789", "geographic"),
        ("33523456789", "geographic"),
        ("33612345678", "mobile"),
        ("33756789012", "mobile"),
        ("337001234567890", "service"),
        ("33801234567", "freephone"),
        ("33806123456", "non-geographic"),
        ("33810123456", "shared-cost"),
        ("33820123456", "shared-cost"),
        ("33891123456", "premium"),
        ("33912345678", "non-geographic"),
    ],
)
def test_a_number_has_the_kind_of_its_range(number: str, kind: str) -> None:
    reading = read(number)
    assert (reading.kind, reading.country, reading.fault) == (kind, "FR", "")


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("33262123456", "RE"),
        ("33692123456", "RE"),
        ("33269123456", "YT"),
        ("33590123456", "GP"),
        ("33694123456", "GF"),
        ("33696123456", "MQ"),
    ],
)
def test_national_numbers_of_the_overseas_departments_are_told_apart(number: str, country: str) -> None:
    assert read(number).country == country


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("3312345678", "8 digits after +33, not 9"),
        ("331234567890", "10 digits after +33, not 9"),
        ("33700123456", "9 digits after +33, not 13"),
        ("333900", "4 digits after +33, not 9"),
    ],
)
def test_a_french_number_has_nine_digits(number: str, fault: str) -> None:
    assert read(number).fault == fault


@pytest.mark.parametrize("number", ["33891123456", "33820123456", "33199001234", "33639981234"])
def test_premium_numbers_and_those_of_films_are_doubtful(number: str) -> None:
    assert read(number).originates == "doubtful"
    assert read("33801234567").originates == "yes"
