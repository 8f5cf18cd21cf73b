"""Which numbers a trunk may present, as it is written."""

import pytest
from wrong import GOOD, Folder, changed

LIST = b"number,holder\n+441314960123,Example Client\n+44161,Example Branch\n"


def written(*options: str) -> str:
    """Give a configuration whose trunk has these options on lines from 5 on."""
    return changed("sources:", "".join(f"{option}\n    " for option in options) + "sources:")


def may_present(folder: Folder, number: str, *options: str) -> bool:
    return folder.load(written(*options)).may_present["carrier"].find(number) is not None


def test_any_number_unless_something_else_is_said(folder: Folder) -> None:
    assert folder.load(GOOD).may_present == {}
    assert folder.load(written("may_present: any")).may_present == {}


def test_numbers_of_its_own(folder: Folder) -> None:
    own = ('owned_numbers: ["+4420794601", "+441314960123"]', "may_present: owned")
    assert may_present(folder, "442079460123", *own)
    assert not may_present(folder, "442079460223", *own)


@pytest.mark.parametrize("more", [(), ('owned_numbers: ["+4420794601"]',)])
def test_numbers_on_a_list_besides(folder: Folder, more: tuple[str, ...]) -> None:
    folder.write("b.csv", LIST)
    listed = ("may_present: {list: b.csv}", *more)
    assert may_present(folder, "441314960123", *listed)
    assert may_present(folder, "441610000000", *listed)
    assert may_present(folder, "442079460123", *listed) is bool(more)
    assert not may_present(folder, "441314960124", *listed)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("may_present: owned",), "5: trunks[0].may_present: `owned` needs `owned_numbers`: without one no call could"),
        (('owned_numbers: ["+4420"]',), "5: trunks[0].owned_numbers: would have no effect; say `may_present: owned`"),
        (
            ("may_present: owned", 'owned_numbers: ["+4420", "020"]'),
            "6: trunks[0].owned_numbers[1]: `020` is no beginning of international numbers, such as",
        ),
        (("may_present: ownd",), "5: trunks[0].may_present: there is no choice `ownd`; did you mean `owned`?"),
        (("may_present: {lists: b.csv}",), "5: trunks[0].may_present.lists: there is no option `lists`; did you mean"),
        (("may_present: {list: c.csv}",), "5: trunks[0].may_present.list: {folder}/c.csv cannot be read: No such file"),
        (
            ("may_present: {list: d.csv}",),
            "5: trunks[0].may_present.list: {folder}/d.csv: line 2: `12x` is no beginning of numbers",
        ),
    ],
)
def test_what_is_said_must_be_meant(folder: Folder, options: tuple[str, ...], fault: str) -> None:
    folder.write("d.csv", b"number,holder\n12x,Example\n")
    assert folder.faults(written(*options))[0].startswith(fault.replace("{folder}", str(folder.path)))
