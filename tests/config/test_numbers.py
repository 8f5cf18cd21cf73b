"""The section `numbers`: countries, exceptions and the regulators' lists, each with what can be wrong with it."""

import pytest
from wrong import GOOD, Folder, changed

from sip_guard.config.numbers import Numbers
from sip_guard.plans.blocks import Block

OFCOM = b"NMS Number Block: Number Block,Block Status,CP Name\n2071,Allocated,Example\n2072,Free,\n"
MINE = b"Block;State\n2073;sold\n2074;open\n"
COLUMNS = "number: Block, status: State, holder: '', allocated: [sold], free: [open], delimiter: ';'"


def numbers(more: str, text: str = GOOD) -> str:
    """Give a configuration with a section `numbers`, on line 3."""
    return changed("trunks:", f"numbers: {{{more}}}\ntrunks:", text)


@pytest.fixture
def lists(folder: Folder) -> Folder:
    """Give a folder with lists of blocks."""
    folder.write("s2.csv", OFCOM)
    folder.write("mine.csv", MINE)
    folder.write("abroad.csv", b"number,holder\n+442071,Example\n")
    return folder


def loaded(folder: Folder, more: str) -> Numbers:
    config = folder.load(numbers(more))
    assert config.numbers is not None
    return config.numbers


def test_without_the_section_numbers_are_not_looked_at(folder: Folder) -> None:
    assert folder.load(GOOD).numbers is None
    assert loaded(folder, "") == Numbers(home=frozenset(), permitted=None, allocations=None)


def test_home_is_one_country_or_several(folder: Folder) -> None:
    assert loaded(folder, "home: GB").home == {"GB"}
    assert loaded(folder, "home: [GB, CA]").home == {"GB", "CA"}


def test_american_territories_are_domestic_in_america(folder: Folder) -> None:
    assert loaded(folder, "home: US").home == {"US", "PR", "VI", "GU", "AS", "MP"}


@pytest.mark.parametrize(
    ("home", "fault"),
    [
        ("UK", "3: numbers.home: `UK` is no ISO 3166-1 country code, such as GB"),
        ("[GB, gb]", "3: numbers.home[1]: `gb` is no ISO 3166-1 country code, such as GB"),
        ("DE", "3: numbers.home: there is no numbering plan known of `DE`, expected one of: CA, FR, GB, US"),
    ],
)
def test_home_is_a_country_whose_plan_is_known(folder: Folder, home: str, fault: str) -> None:
    assert folder.fault(numbers(f"home: {home}")) == fault


@pytest.mark.parametrize("origin", ["international_gateway", "roaming_verified"])
def test_a_trunk_from_abroad_needs_a_home(folder: Folder, origin: str) -> None:
    text = changed("sources:", f"origin: {origin}\n    sources:")
    expected = "add `numbers.home`, the countries whose numbers are domestic, or it would have no effect"
    assert folder.fault(text) == f"5: trunks[0].origin: {expected}"
    assert folder.fault(numbers("", text)) == f"6: trunks[0].origin: {expected}"
    assert folder.load(numbers("home: GB", text)).trunks[0].origin == origin


@pytest.mark.parametrize("origin", ["domestic", "customer", "unknown"])
def test_other_trunks_do_not(folder: Folder, origin: str) -> None:
    assert folder.load(changed("sources:", f"origin: {origin}\n    sources:")).trunks[0].origin == origin
    assert folder.load(GOOD).trunks[0].origin == "unknown"


def test_who_may_call_from_abroad_stands_in_a_list(lists: Folder) -> None:
    permitted = loaded(lists, "permitted: abroad.csv").permitted
    assert permitted is not None
    assert permitted.find("442071234567") == Block(allocated=True, holder="Example")
    assert permitted.find("442072345678") is None


def test_lists_of_several_layouts_stand_together(lists: Folder) -> None:
    two = f"{{file: s2.csv, layout: ofcom}}, {{file: mine.csv, layout: ofcom, columns: {{{COLUMNS}, covers: 0}}}}"
    allocations = loaded(lists, f"allocations: [{two}]").allocations
    assert allocations is not None
    assert str(allocations) == "4 blocks"
    found = [allocations.find(f"{number}123456") for number in ("442071", "442072", "442073", "442074", "442099")]
    assert [block and block.allocated for block in found] == [True, False, True, False, False]
    assert allocations.find("441312345678") is None


def listed(more: str) -> str:
    return numbers(f"allocations: [{{{more}}}]")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("layout: ofcom", "{at}: the key `file` is missing"),
        ("file: s2.csv", "{at}: the key `layout` is missing"),
        ("file: s2.csv, layout: offcom", "{at}.layout: there is no choice `offcom`; did you mean"),
        (
            "file: s2.csv, layout: ofcom, columns: {statuss: x}",
            "{at}.columns.statuss: there is no",
        ),
        ("file: s2.csv, layout: ofcom, columns: {number: []}", "{at}.columns.number: "),
        ("file: s2.csv, layout: ofcom, columns: {covers: 8}", "{at}.columns.covers: expected a"),
        (
            "file: s2.csv, layout: ofcom, columns: {encoding: klingon}",
            "{at}.columns.encoding: `kli",
        ),
        (
            "file: s2.csv, layout: ofcom, columns: {free: [Allocated]}",
            "{at}.columns: `allocated` is",
        ),
    ],
)
def test_what_is_said_of_a_list_must_be_meant(lists: Folder, more: str, fault: str) -> None:
    assert lists.faults(listed(more))[0].startswith(fault.format(at="3: numbers.allocations[0]"))


@pytest.mark.parametrize("delimiter", ['""', '";;"', '"\\""', '" "'])
def test_a_delimiter_is_one_character(lists: Folder, delimiter: str) -> None:
    faults = lists.faults(listed(f"file: s2.csv, layout: ofcom, columns: {{delimiter: {delimiter}}}"))
    assert faults[0] == '3: numbers.allocations[0].columns.delimiter: expected one character, such as ";" or "\\t"'


def test_a_list_that_is_not_there_or_wrong_is_a_fault_with_file_and_line(lists: Folder) -> None:
    path = lists.path
    missing = lists.fault(listed("file: s3.csv, layout: ofcom"))
    said = "cannot be read: No such file or directory; is the path right?"
    assert missing == f"3: numbers.allocations[0].file: {path / 's3.csv'} {said}"
    lists.write("s2.csv", OFCOM + b"2x73,Free,\n")
    wrong = lists.fault(listed("file: s2.csv, layout: ofcom"))
    assert wrong == f"3: numbers.allocations[0].file: {path / 's2.csv'}: line 4: `2x73` is no beginning of numbers"
    lists.write("abroad.csv", b"number\n+442071\n")
    other = lists.fault(numbers("permitted: abroad.csv"))
    assert other.startswith(f"3: numbers.permitted: {path / 'abroad.csv'}: line 1: there is no column `holder`")


def test_lists_that_contradict_each_other_are_refused(lists: Folder) -> None:
    lists.write("other.csv", OFCOM.replace(b"2072,Free,", b"2072,Allocated,Other"))
    fault = lists.fault(numbers("allocations: [{file: s2.csv, layout: ofcom}, {file: other.csv, layout: ofcom}]"))
    expected = "+442072 stands in a list above too, and otherwise; leave out one"
    assert fault == f"3: numbers.allocations[1].file: {expected}"
    assert loaded(lists, "allocations: [{file: s2.csv, layout: ofcom}, {file: s2.csv, layout: ofcom}]").allocations


@pytest.mark.parametrize("text", ["448979", "+0448979", "+44", "+44 8979", "x"])
def test_inserted_numbers_are_beginnings_of_international_ones(folder: Folder, text: str) -> None:
    fault = folder.fault(changed("sources:", f"inserted_numbers: ['+448979', '{text}']\n    sources:"))
    expected = f'`{text}` is no beginning of international numbers, such as "+448979"'
    assert fault == f"5: trunks[0].inserted_numbers[1]: {expected}"
    text = changed("sources:", "inserted_numbers: ['+448979', '+4930']\n    sources:")
    assert folder.load(text).trunks[0].inserted_numbers == ("448979", "4930")
