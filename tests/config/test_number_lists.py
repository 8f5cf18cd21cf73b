"""Lists of protected numbers in the configuration."""

import pytest
from wrong import GOOD, Folder

from sip_guard.lists.keeper import ListSource
from sip_guard.lists.reading import Columns, Reading

DIGEST = "0123456789abcdef" * 4


def lists(*entries: str) -> str:
    """Give a configuration with lists, the first of them on line 12."""
    return GOOD + "lists:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def test_a_list_is_a_file_and_how_it_is_read(folder: Folder) -> None:
    folder.write("dno.csv", b"anything")
    entry = 'name: dno, file: dno.csv, columns: {number: TN}, delimiter: ";", country: GB, owner: HMRC, source: Ofcom'
    assert folder.load(lists(f"{entry}, scope: trunks carrier, refresh: 60.0")).lists == (
        ListSource(
            name="dno",
            file=str(folder.path / "dno.csv"),
            refresh=60.0,
            reading=Reading(
                columns=Columns(number="TN"),
                delimiter=";",
                country="GB",
                owner="HMRC",
                source="Ofcom",
                scope="trunks carrier",
                trunks=("carrier",),
            ),
        ),
    )


@pytest.mark.parametrize("sha256", [DIGEST, "https://lists.example/dno.csv.sha256"])
def test_a_list_is_a_url_with_a_digest(folder: Folder, sha256: str) -> None:
    (source,) = folder.load(lists(f"name: dno, url: 'https://lists.example/dno.csv', sha256: '{sha256}'")).lists
    assert (source.file, source.url, source.sha256) == ("", "https://lists.example/dno.csv", sha256)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("name: dno", "12: lists[0]: needs either `file` or `url`"),
        ("name: dno, file: root.pem, url: 'https://x/y'", "12: lists[0]: needs either `file` or `url`"),
        ("name: dno, file: no.csv", "12: lists[0].file: {path}/no.csv cannot be read: No such file or directory"),
        ("name: a b, file: root.pem", "12: lists[0].name: `a b` is no name: up to 64 letters"),
        ("name: dno, file: root.pem, sha256: x", "12: lists[0].sha256: is for what is at a `url`; leave it out"),
        ("name: dno, url: 'http://x/y', sha256: " + DIGEST, "12: lists[0].url: `http://x/y` is no https URL"),
        ("name: dno, url: 'https://x/y'", "12: lists[0].url: needs `sha256`: what it serves is not taken unless"),
        ("name: dno, url: 'https://x/y', sha256: abc", "12: lists[0].sha256: expected 64 hexadecimal digits, or"),
        ("name: dno, file: root.pem, country: XX", "12: lists[0].country: `XX` is no country, such as GB or US"),
        ("name: dno, file: root.pem, scope: all", "12: lists[0].scope: `all` is no scope: expected `nobody`"),
        (
            "name: dno, file: root.pem, scope: trunks carier",
            "12: lists[0].scope[0]: there is no trunk `carier`; did you mean `carrier`?",
        ),
        ("name: dno, file: root.pem, owner: " + "x" * 129, "12: lists[0].owner: is longer than 128 characters"),
        ("name: dno, file: root.pem, refresh: 1.0", "12: lists[0].refresh: expected a number >= 10.0: `1.0`"),
        ("name: dno, file: root.pem, delimiter: ab", "12: lists[0].delimiter: expected text of length <= 1"),
        (
            "name: dno, file: root.pem, columns: {numbr: TN}",
            "12: lists[0].columns.numbr: there is no option `numbr`; did you mean `number`?",
        ),
    ],
)
def test_what_is_wrong_with_a_list_is_said(folder: Folder, entry: str, fault: str) -> None:
    assert folder.fault(lists(entry)).startswith(fault.replace("{path}", str(folder.path)))


def test_two_lists_have_two_names(folder: Folder) -> None:
    entry = "name: dno, file: root.pem"
    assert folder.fault(lists(entry, entry)) == "13: lists[1]: the name `dno` is taken by an entry above"
