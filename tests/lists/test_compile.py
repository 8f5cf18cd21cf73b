"""Lists as operators and regulators write them, and what is said of those that are wrong."""

import csv
from collections.abc import Iterator
from io import StringIO

import pytest
from compiling import NOW, Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from sip_guard.lists import rows
from sip_guard.lists.compile import Job, run
from sip_guard.lists.listing import Listing, Scope, expiry

NUMBER = "442079460000"

# What is read.


@pytest.mark.parametrize(
    "written",
    [
        "+442079460000",
        "00442079460000",
        "+44 20 7946 0000",
        "+44-20-7946-0000",
        " +442079460000 ",
        '"+44 (0)20 7946 0000"',
    ],
)
def test_a_number_is_read_as_operators_write_it(desk: Desk, written: str) -> None:
    assert desk.compiled(f"number,owner\n{written},HMRC\n").find(NUMBER, NOW) == (Listing("HMRC"), 12)


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("GB", "020 7946 0000", NUMBER),
        ("GB", "2079460000", NUMBER),
        ("GB", "00442079460000", NUMBER),
        ("GB", "+442079460000", NUMBER),
        ("US", "2025550123", "12025550123"),
        ("US", "(202) 555-0123", "12025550123"),
        ("US", "1-202-555-0123", "12025550123"),
        ("US", "011442079460000", NUMBER),
        ("FR", "01 99 00 12 34", "33199001234"),
    ],
)
def test_a_national_number_is_read_where_a_country_is_given(
    desk: Desk, country: str, written: str, number: str
) -> None:
    assert desk.compiled(f"number\n{written}\n", country=country).find(number, NOW) == (Listing(), len(number))


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("number\n+4420*\n", {}),
        ("number\n+44 20*\n", {}),
        ("number\n004420*\n", {}),
        ("prefix\n+4420\n", {}),
        ("prefix\n+4420*\n", {}),
        ("number\n020*\n", {"country": "GB"}),
        ("number,prefix\n,+4420\n+33123456789,\n", {}),
    ],
)
def test_a_prefix_has_a_star_or_a_column(desk: Desk, text: str, reading: dict[str, str]) -> None:
    compiled = desk.compiled(text, **reading)
    assert compiled.find(NUMBER, NOW) == (Listing(), 4)
    assert compiled.find("441632960000", NOW) is None


def test_columns_are_found_by_their_names(desk: Desk) -> None:
    text = "Notes;TN;Requested By;Until\nx;+442079460000;HMRC;2027-12-31\n"
    columns = {"number": "tn", "owner": "Requested By", "expires": "Until"}
    report = desk.compile(text, columns=columns, delimiter=";", source="Ofcom", scope="attested A 1234")
    assert (report.faults, report.numbers, report.owners, report.unread) == ((), 1, 1, ("notes",))
    listing = Listing("HMRC", "Ofcom", expiry("2027-12-31"), Scope("attested", "A", ("1234",)))
    assert desk.compiled(text, columns=columns, delimiter=";", source="Ofcom", scope="attested A 1234").find(
        NUMBER, NOW
    ) == (listing, 12)


def test_comments_empty_lines_and_the_mark_of_utf_8_are_no_rows(desk: Desk) -> None:
    text = '\ufeff# "a comment\n\nnumber,owner\r\n# +441632960000,"x\r\n+442079460000,"Bank, ""A"" & Söhne"\r\n\r\n'
    compiled = desk.compiled(text)
    assert compiled.numbers == 1
    assert compiled.find(NUMBER, NOW) == (Listing('Bank, "A" & Söhne'), 12)


def test_an_empty_line_is_no_row_where_there_is_one_column_either(desk: Desk) -> None:
    assert desk.compiled("number\n\n+442079460000\n\n").numbers == 1


def test_a_list_without_rows_is_a_list(desk: Desk) -> None:
    assert desk.compiled("number\n").find(NUMBER, NOW) is None


def test_the_number_itself_counts_before_prefixes_and_the_longest_prefix_before_others(desk: Desk) -> None:
    compiled = desk.compiled(
        "number,owner,expires\n+44*,all,\n+4420*,London,\n+442079*,over,2020-01-01\n+442079460000,one,\n"
    )
    assert compiled.find(NUMBER, NOW) == (Listing("one"), 12)
    assert compiled.find("442079460001", NOW) == (Listing("London"), 4)
    assert compiled.find("441632960000", NOW) == (Listing("all"), 2)


def test_of_two_rows_for_a_number_the_one_that_counts_longer_counts(desk: Desk) -> None:
    dates = ["2027-01-31", "", "2027-03-31", "2027-02-28"]
    for order in (dates, dates[::-1], [dates[0], *dates[2:]]):
        report = desk.compile("number,expires\n" + "".join(f"+442079460000,{each}\n" for each in order))
        assert (report.faults, report.numbers, report.repeated) == ((), 1, len(order) - 1)
        expected = "" if "" in order else "2027-03-31"
        assert desk.compiled(desk.file.read_bytes()).find(NUMBER, NOW) == (Listing(expires=expiry(expected)), 12)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.text("0123456789", min_size=6, max_size=14), st.booleans()), max_size=60)
)
@settings(max_examples=30)
def test_reading_many_at_once_is_reading_each(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[tuple[int, str, bool]]
) -> None:
    """Separators make a row one that is read alone; it must mean the same."""
    desk = Desk(tmp_path_factory.mktemp("list"))
    digits = [f"{first}{rest}" for first, rest, _ in numbers]
    written = [f"+{d[0]}-{d[1:]}" if apart else f"+{d}" for d, (_, _, apart) in zip(digits, numbers, strict=True)]
    compiled = desk.compiled("\n".join(["number", *written, ""]))
    for each, text in zip(digits, written, strict=True):
        if "-" not in text:
            assert compiled.find(each, NOW) is not None
    assert compiled.numbers <= len(set(digits))


# What is refused.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: is empty: the first row has to name the columns"),
        ("# nothing\n", "1: is empty: the first row has to name the columns"),
        ("+442079460000\n", "1: no column is called `number` or `prefix`; set `columns` (there are: +442079460000)"),
        ("number,Number\n", "1: two columns are called `number`; name one of them otherwise"),
        ("number\n2125551212\n", "2: `2125551212` is no telephone number; write it as +442079460000; for national"),
        ("number\n# x\n+44207*9460000\n", "3: `+44207*9460000` is no telephone number; write it as +442079460000"),
        ("number\n+*\n", "2: `+*` is no telephone prefix; write it as +4420*; for national numbers set `country`"),
        ("number\n020*\n", "2: `020*` is no telephone prefix"),
        ("number\n+1234567890123456\n", "2: `+1234567890123456` is no telephone number"),
        ("number\n112\n", "2: `112` is no telephone number"),
        ("number,owner\n,x\n", "2: has no number"),
        ("number,prefix\n+442079460000,+4420\n", "2: has a number and a prefix; keep one of them"),
        ("number,owner\n+442079460000\n", "2: has 1 fields, and the header has 2; check the quotes"),
        ("number,owner\n+442079460000,Bank, Ltd\n", "2: has 3 fields, and the header has 2; check the quotes"),
        ('number,owner\n+442079460000,"Bank', "2: cannot be read as CSV: unexpected end of data"),
        ("number,expires\n+442079460000,31/12/2027\n", "2: `31/12/2027` is no date, such as 2027-12-31"),
        ("number,scope\n+442079460000,all\n", "2: `all` is no scope: expected `nobody`, `trunks NAME...` or"),
        ("number,scope\n+442079460000,trunks carier\n", "2: there is no trunk `carier`, expected one of: carrier"),
        ("number,owner\n+442079460000,a\tb\n", "2: the owner is longer than 128 characters, or cannot be printed"),
        (f"number,owner\n+442079460000,{'a' * 129}\n", "2: the owner is longer than 128 characters"),
        (
            "number,scope\n+442079460000,nobody\n+44 20 7946 0000,trunks carrier\n",
            "3: a row above has this number with the scope `nobody`, here it is `trunks carrier`; keep one",
        ),
        (b"number,owner\n+442079460000,ok\n+442079460001,B\xe4nk\n", "3: is no UTF-8; save the file as CSV UTF-8"),
        (f'number,owner\n+442079460000,"{"a" * 5000}"\n', "2: cannot be read as CSV: field larger than field limit"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_line(desk: Desk, text: str | bytes, fault: str) -> None:
    (only,) = desk.faults(text, trunks=("carrier",))
    assert only.startswith(fault)


def test_a_column_that_is_not_there_is_told_with_the_one_that_was_meant(desk: Desk) -> None:
    (fault,) = desk.faults("numbr,owner\n", columns={"number": "nummer"})
    assert fault == "1: there is no column `nummer`, which `columns.number` names; did you mean `numbr`?"


def test_ten_faults_are_told_in_the_order_of_the_lines_however_far_apart(desk: Desk) -> None:
    good = "".join(f"+4420{i:08}\n" for i in range(3 * rows.BATCH))
    bad = [f"bad{i}\n" for i in range(12)]
    faults = desk.faults("number\n" + bad[0] + good + "".join(bad[1:]))
    assert len(faults) == 10
    assert [int(fault.split(":")[0]) for fault in faults] == [2, *range(3 + 3 * rows.BATCH, 12 + 3 * rows.BATCH)]


def test_a_fault_in_a_new_list_leaves_the_old_one_in_its_place(desk: Desk) -> None:
    desk.compiled("number\n+442079460000\n")
    before = desk.target.read_bytes()
    assert desk.compile("number\nx\n").faults
    assert desk.target.read_bytes() == before


def test_too_many_combinations_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_LISTINGS", 2)
    text = "number,owner\n" + "".join(f"+44207946000{i},owner {i}\n" for i in range(3))
    assert desk.faults(text) == ["4: there are more than 2 combinations of owner, source, expiry and scope"]


def test_a_file_that_is_not_there_is_told(desk: Desk) -> None:
    report = run(Job(file=str(desk.file), target=str(desk.target)))
    assert report.faults == (f"{desk.file}: No such file or directory",)


@given(st.text(), st.sampled_from([",", ";", "\t"]))
@settings(max_examples=50)
def test_whatever_a_file_holds_is_a_list_or_has_faults(
    tmp_path_factory: pytest.TempPathFactory, text: str, delimiter: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("list"))
    desk.compile(("number,owner\n" + text).encode("utf-8", "surrogatepass"), delimiter=delimiter)
    buffer = StringIO()
    csv.writer(buffer).writerows([["number", "owner"], ["+442079460000", text]])
    desk.compile(buffer.getvalue().encode("utf-8", "surrogatepass"), delimiter=delimiter)


@pytest.mark.parametrize("more", [b"+441632960000\n", b"+44163296%04d\n" * 50 % tuple(range(50))])
def test_a_file_that_changes_while_it_is_read_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    read = rows.Rows.batches

    def growing(self: rows.Rows) -> Iterator[rows.Batch]:
        with desk.file.open("ab") as file:
            file.write(more)
        return read(self)

    monkeypatch.setattr(rows.Rows, "batches", growing)
    (fault,) = desk.faults("number\n+442079460000\n")
    assert "was changed while it was read; move a new list into its place instead" in fault


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(desk: Desk, end: str) -> None:
    text = end.join(["number", *(f"+44207946{i:04}" for i in range(100)), ""])
    assert desk.compiled(text).numbers == 100


# What need not be done again.


def test_a_list_that_was_compiled_before_is_not_compiled_again(desk: Desk) -> None:
    first = desk.compile("number\n+442079460000\n+4420*\n")
    before = desk.target.stat().st_ino
    again = desk.compile("number\n+442079460000\n+4420*\n")
    assert (first.unchanged, again.unchanged, desk.target.stat().st_ino == before) == (False, True, True)
    assert (again.numbers, again.prefixes, again.digest) == (1, 1, first.digest)


def test_it_is_compiled_again_when_it_is_read_otherwise(desk: Desk) -> None:
    desk.compile("number\n+442079460000\n")
    assert not desk.compile("number\n+442079460000\n", owner="HMRC").unchanged
    assert desk.compiled("number\n+442079460000\n", owner="HMRC").find(NUMBER, NOW) == (Listing("HMRC"), 12)
