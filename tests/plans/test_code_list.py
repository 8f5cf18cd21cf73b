"""Lists of blocks as regulators publish them, in small, written here in the form that is known of the real ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sip_guard.plans.blocks import Block, Blocks
from sip_guard.plans.code_list import LAYOUTS, Layout, read

OFCOM = """\
\ufeffNMS Number Block: Number Block,Block Status,CP Name,Geographic Number Length,Allocation Date,Notes
1134 95,Allocated,"Other, Example Telecom Ltd",3+7,15/07/1994,
1134 96 0,Allocated(Closed Range),Example Telecom Ltd,3+7,21/05/1997,

1134 96 1,Quarantined,,3+7,,
1134 97,Free,,,,
"""
NANPA = (
    "State\tNPA-NXX\tOCN\tCompany\tRateCenter\tEffectiveDate\tUse\tAssignDate\tInitial/Growth\n"
    "PA\t215-200\t9999\tEXAMPLE TEL\tPHILA\t01/01/2000\tAS\t\tI\n"
    "PA\t215-211\t\t\t\t\tUA\t\t\n"
)
POOLED = "State,NPA,NXX,X,Status,Company\nPA,215,200,4,AV,\nPA,215,200,5,AS,OTHER TEL\n"
ARCEP = """\
EZABPQM;Tranche_Debut;Tranche_Fin;Mnémo;Territoire;Date_Attribution
01056;0105600000;0105699999;FRTE;Métropole;01/01/2017
0639012;0639012000;0639012999;EXMP;Mayotte;01/01/2017
3999;3999;3999;TEST;National;22/09/2025
"""


def table(text: str, layout: Layout, encoding: str = "utf-8") -> Blocks:
    return Blocks.of(*read(text.encode(encoding), layout))


def found(text: str, name: str, number: str, encoding: str = "utf-8") -> tuple[bool, str] | None:
    block = table(text, LAYOUTS[name], encoding).find(number)
    return (block.allocated, block.holder) if block is not None else None


def fault(text: str, layout: Layout) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        read(text.encode(), layout)
    return str(caught.value)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("441134951234", (True, "Other, Example Telecom Ltd")),
        ("441134960123", (True, "Example Telecom Ltd")),
        ("441134961234", (False, "")),
        ("441134971234", (False, "")),
        ("441134981234", (False, "")),
        ("441912345678", (False, "")),
        ("442071234567", None),
        ("33123456789", None),
    ],
)
def test_a_list_of_ofcom(number: str, expected: tuple[bool, str] | None) -> None:
    assert found(OFCOM, "ofcom", number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("12152001234", (True, "EXAMPLE TEL")),
        ("12152111234", (False, "")),
        ("12153001234", (False, "")),
        ("12122001234", None),
    ],
)
def test_central_office_codes(number: str, expected: tuple[bool, str] | None) -> None:
    assert found(NANPA, "nanpa", number) == expected


def test_thousand_blocks_say_more_than_the_codes_they_are_in() -> None:
    codes, covered = read(NANPA.encode(), LAYOUTS["nanpa"])
    pooled, none = read(POOLED.encode(), LAYOUTS["nanpa-blocks"])
    assert none == frozenset()
    blocks = Blocks.of(codes | pooled, covered)
    assert blocks.find("12152004000") == Block(allocated=False)
    assert blocks.find("12152005000") == Block(allocated=True, holder="OTHER TEL")
    assert blocks.find("12152006000") == Block(allocated=True, holder="EXAMPLE TEL")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("33105612345", (True, "FRTE")),
        ("33105712345", (False, "")),
        ("33612345678", None),
        ("262639012345", (True, "EXMP")),
        ("262639099999", None),
        ("333999", None),
        ("33399912345", None),
    ],
)
def test_the_list_of_arcep(number: str, expected: tuple[bool, str] | None) -> None:
    assert found(ARCEP, "arcep", number, "cp1252") == expected


def test_any_other_list_in_international_form() -> None:
    text = "holder,number,owner\nExample,+49 30 1234,x\nOther,4940,y\n"
    assert found(text, "international", "493012345678") == (True, "Example")
    assert found(text, "international", "494012345678") == (True, "Other")
    assert found(text, "international", "495012345678") is None


def test_columns_may_have_other_names() -> None:
    layout = replace(LAYOUTS["ofcom"], number=("SABC", "D/DE"), status="Status", holder="", delimiter=";", covers=0)
    text = "SABC;D/DE;Status\n113;495;ALLOCATED\n113;496; Free \n"
    blocks = table(text, layout)
    assert blocks.find("441134951234") == Block(allocated=True)
    assert blocks.find("441134961234") == Block(allocated=False)
    assert blocks.find("441134971234") is None


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "ofcom",
            "Block Status",
            "State",
            "line 1: there is no column `Block Status`; the columns are: NMS Number Block",
        ),
        (
            "ofcom",
            "1134 97,Free",
            "1134 97,Sold",
            "line 6: status `Sold` is not known as allocated or free; those known",
        ),
        ("ofcom", "1134 97,Free", "11E4 97,Free", "line 6: `11E4 97` is no beginning of numbers"),
        ("ofcom", "1134 97,Free", ",Free", "line 6: `` is no beginning of numbers"),
        (
            "ofcom",
            "1134 97,Free",
            "1134 9711349711,Free",
            "line 6: `1134 9711349711` is no beginning of numbers: it has 14",
        ),
        ("ofcom", "1134 97,Free,,,,", "1134 97,Free", "line 6: 2 columns, at least 3 are needed"),
        ("ofcom", "1134 97,Free", "1134 95,Free", "line 6: +44113495 stands on line 2 already, and otherwise"),
        ("ofcom", '"Other, Example', '"Other" Example', "line 2: "),
        ("ofcom", "1134 97", "\u0661\u0662\u0663", "line 6: `\u0661\u0662\u0663` is no beginning of numbers"),
        ("nanpa", "AS", "XX", "line 2: status `XX` is not known as allocated or free"),
        ("international", "+49 30 1234", "(030) 1234", "line 2: `(030) 1234` is no beginning of numbers"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(name: str, old: str, new: str, expected: str) -> None:
    text = {"ofcom": OFCOM, "nanpa": NANPA, "international": "holder,number\nExample,+49 30 1234\n"}[name]
    assert old in text
    assert fault(text.replace(old, new), LAYOUTS[name]).startswith(expected)


def test_a_row_may_stand_twice_if_it_says_the_same() -> None:
    assert table(OFCOM + "1134 97,Free,,,,\n", LAYOUTS["ofcom"]).find("441134971234") == Block(allocated=False)


@pytest.mark.parametrize("text", ["", "\n\n", "number,holder\n", OFCOM.splitlines()[0]])
def test_a_list_without_blocks_is_no_list(text: str) -> None:
    layout = LAYOUTS["ofcom" if "NMS" in text else "international"]
    assert fault(text, layout) == "there is no block in it"


def test_a_file_in_another_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="it is not text in utf-8-sig: "):
        read("number,holder\n49,Bücher\n".encode("latin-1"), LAYOUTS["international"])


@given(st.binary(max_size=200), st.sampled_from(sorted(LAYOUTS)))
def test_garbage_is_a_fault_and_nothing_else(data: bytes, name: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d+: |^it is not text|^there is no block"):
        read(data, LAYOUTS[name])


HEADERS = {"ofcom": OFCOM.splitlines()[0], "nanpa": NANPA.splitlines()[0], "international": "number,holder"}


@given(st.sampled_from(sorted(HEADERS)), st.text('0123456789,\t"\n\r +-ASUFree', max_size=60))
def test_rows_are_read_or_refused(name: str, rows: str) -> None:
    try:
        listed, covered = read(f"{HEADERS[name]}\n{rows}".encode(), LAYOUTS[name])
    except ValueError:
        return
    assert all(prefix.isdecimal() and len(prefix) <= 15 for prefix in listed)
    assert all(prefix.isdecimal() for prefix in covered)
