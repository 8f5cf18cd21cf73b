"""All plans together, and against the independent metadata of phonenumbers."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType as Type

from sip_guard import plans
from sip_guard.plans import ca, fr, us

KINDS = {
    Type.FIXED_LINE: {"geographic"},
    Type.FIXED_LINE_OR_MOBILE: {"geographic"},
    Type.MOBILE: {"mobile", "geographic"},
    Type.TOLL_FREE: {"freephone"},
    Type.PREMIUM_RATE: {"premium", "shared-cost"},
    Type.SHARED_COST: {"shared-cost"},
    Type.PERSONAL_NUMBER: {"personal"},
    Type.PAGER: {"pager"},
    Type.VOIP: {"non-geographic"},
    Type.UAN: {"non-geographic"},
}
"""How phonenumbers' words are said here. It counts 084 and 087 as premium; American mobiles have geographic numbers."""
LOCAL = re.compile(r"[2-9](?!11)[0-9]{6}")
"""What phonenumbers does not ask of every American number. It also takes overseas French numbers for those of +33."""
REGIONS = sorted(
    region for region in phonenumbers.SUPPORTED_REGIONS if phonenumbers.country_code_for_region(region) in (1, 33, 44)
)
EXAMPLES = [
    (region, kind, phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:])
    for region in REGIONS
    for kind in KINDS
    if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    and len(str(example.national_number)) > 7
]


@pytest.mark.parametrize(("region", "kind", "number"), EXAMPLES, ids=str)
def test_an_example_of_phonenumbers_is_a_number_of_that_kind(region: str, kind: int, number: str) -> None:
    reading = plans.read(number)
    assert reading is not None
    assert reading.fault == ""
    within = {"geographic"} if number[0] == "1" and region not in plans.DOMESTIC else set()
    assert reading.kind in KINDS[kind] | within, "what islands do within their area code is not known here"
    if kind in (Type.FIXED_LINE, Type.FIXED_LINE_OR_MOBILE, Type.MOBILE):
        assert reading.country == region


def test_there_are_enough_examples() -> None:
    assert len(EXAMPLES) > 80
    assert {"GB", "GG", "JE", "IM", "FR", "US", "CA", "JM"} <= {region for region, _, _ in EXAMPLES}


def test_no_area_code_stands_twice_and_none_is_kept_back() -> None:
    codes = [code for each in (us.AREAS, ca.AREAS) for listed in each.values() for code in listed.split()]
    assert len(codes) == len(set(codes)) > 400
    assert [code for code in codes if code[1] == "9" or code[1:] == "11"] == []


@pytest.mark.parametrize(
    "number", ["", "1", "112", "911", "999999", "*67", "#31#", "*67#12155551212", "493012345678", "0", "00442071234567"]
)
def test_of_numbers_of_no_plan_that_is_known_nothing_is_said(number: str) -> None:
    assert plans.read(number) is None


@given(st.one_of(st.text("0123456789*#", max_size=20), st.from_regex(r"(1|33|44)[0-9]{0,14}", fullmatch=True)))
def test_whatever_number_is_read_it_is_never_an_error(number: str) -> None:
    reading = plans.read(number)
    if reading is not None:
        assert number[:2] in ("33", "44") or number[0] == "1"
        assert len(reading.countries) <= 1 or reading.country == ""


@given(st.sampled_from(REGIONS), st.from_regex(r"[1-9][0-9]{8,9}", fullmatch=True))
def test_what_phonenumbers_takes_for_a_good_number_has_no_fault_and_the_same_country(
    region: str, national: str
) -> None:
    code = phonenumbers.country_code_for_region(region)
    parsed = phonenumbers.PhoneNumber(country_code=code, national_number=int(national))
    if not phonenumbers.is_valid_number(parsed) or (code == 1 and not LOCAL.fullmatch(national[3:])):
        return
    if code == 33 and national.startswith(tuple(fr.OVERSEAS)):
        return
    reading = plans.read(f"{code}{national}")
    assert reading is not None
    assert reading.fault == ""
    if reading.kind in ("geographic", "mobile"):
        assert phonenumbers.is_valid_number_for_region(parsed, reading.country)
