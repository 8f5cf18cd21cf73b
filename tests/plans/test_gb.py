"""+44: Ofcom's National Telephone Numbering Plan and its guidance on CLI (General Condition C6)."""

import pytest

from sip_guard.plans.gb import read


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("442071234567", "geographic"),
        ("441314567890", "geographic"),
        ("44169772123", "geographic"),
        ("443001234567", "non-geographic"),
        ("445512345678", "non-geographic"),
        ("445612345678", "non-geographic"),
        ("447400123456", "mobile"),
        ("447999123456", "mobile"),
        ("447012345678", "personal"),
        ("447640123456", "pager"),
        ("44800123456", "freephone"),
        ("448001234567", "freephone"),
        ("448081234567", "freephone"),
        ("44800" + "1111", "freephone"),
        ("448431234567", "shared-cost"),
        ("448441234567", "shared-cost"),
        ("448451234567", "shared-cost"),
        ("448711234567", "shared-cost"),
        ("448454647" + "00", "shared-cost"),
        ("449012345678", "premium"),
        ("448979123456", "inserted"),
        ("448970123456", "unknown"),
    ],
)
def test_a_number_has_the_kind_of_its_range(number: str, kind: str) -> None:
    assert (read(number).kind, read(number).country) == (kind, "GB")


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("441481256789", "GG", "geographic"),
        ("447781123456", "GG", "mobile"),
        ("447911123456", "GG", "mobile"),
        ("447911712345", "GG", "mobile"),
        ("441534456789", "JE", "geographic"),
        ("447797712345", "JE", "mobile"),
        ("447700312345", "JE", "mobile"),
        ("441624756789", "IM", "geographic"),
        ("447624123456", "IM", "mobile"),
        ("447924123456", "IM", "mobile"),
        ("447911012345", "GB", "mobile"),
        ("447700112345", "GB", "mobile"),
        ("447634123456", "GB", "pager"),
    ],
)
def test_the_crown_dependencies_are_told_apart(number: str, country: str, kind: str) -> None:
    assert (read(number).country, read(number).kind) == (country, kind)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("4420712345", "8 digits after +44, not 10"),
        ("44207123456", "9 digits after +44, not 10"),
        ("4420712345678", "11 digits after +44, not 10"),
        ("44131456789", ""),
        ("4413145678", "8 digits after +44, not 9 or 10"),
        ("44740012345", "9 digits after +44, not 10"),
        ("448001111", ""),
        ("448001112", "7 digits after +44, not 9 or 10"),
        ("448454647", ""),
        ("448454657", "7 digits after +44, not 10"),
        ("444123456789", "+444 is not in use"),
        ("446123456789", "+446 is not in use"),
        ("44500123456", "+44500 is not in use"),
        ("4400123456789", "11 digits after +44, not 9 or 10"),
        ("44", "0 digits after +44, not 9 or 10"),
    ],
)
def test_a_british_number_has_nine_or_ten_digits_as_its_range_says(number: str, fault: str) -> None:
    assert read(number).fault == fault


@pytest.mark.parametrize(
    ("number", "originates"),
    [
        ("449012345678", "never"),
        ("449898765432", "never"),
        ("442079460123", "never"),
        ("441632960123", "never"),
        ("447700900123", "never"),
        ("448081570123", "never"),
        ("443069990123", "never"),
        ("447012345678", "doubtful"),
        ("447640123456", "doubtful"),
        ("448431234567", "doubtful"),
        ("448711234567", "doubtful"),
        ("448001234567", "yes"),
        ("443001234567", "yes"),
        ("442079470123", "yes"),
        ("447624123456", "yes"),
    ],
)
def test_calls_come_from_ranges_that_may_be_presented(number: str, originates: str) -> None:
    reading = read(number)
    assert reading.originates == originates
    assert bool(reading.why) == (originates != "yes")
