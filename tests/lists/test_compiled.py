"""A compiled list says the same of every number as a simple model does."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from compiling import NOW, Desk
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.lists.compiled import Compiled, Compiler, key
from sip_guard.lists.listing import Listing

DIGITS = st.builds(lambda first, rest: first + rest, st.sampled_from("123"), st.text("0123", max_size=14))
ENTRIES = st.dictionaries(st.tuples(DIGITS, st.booleans()), st.integers(0, 3), max_size=40)
LISTINGS = [
    Listing("always"),
    Listing("over", expires=100),
    Listing("soon", expires=200),
    Listing("later", expires=300),
]


def modelled(entries: dict[tuple[str, bool], int], number: str, now: float) -> tuple[Listing, int] | None:
    """Say what a list says of a number, in the most obvious way."""
    candidates = [(number, False), *((number[:n], True) for n in range(min(len(number), 15), 0, -1))]
    for digits, prefix in candidates:
        place = entries.get((digits, prefix))
        if place is not None and LISTINGS[place].counts(now):
            return LISTINGS[place], len(digits)
    return None


@given(
    ENTRIES,
    st.lists(st.one_of(DIGITS, st.text("0123", max_size=20)), max_size=40),
    st.sampled_from([50, 150, 250, 350]),
)
def test_it_agrees_with_a_dictionary(entries: dict[tuple[str, bool], int], numbers: list[str], now: float) -> None:
    with TemporaryDirectory() as folder:
        compiler = Compiler(len(entries))
        keys = [key(digits, prefix=prefix) for digits, prefix in entries]
        assert compiler.add(keys, list(entries.values())) == []
        path = Path(folder) / "list"
        with path.open("wb") as file:
            compiler.write(file, bytes(32), LISTINGS)
        compiled = Compiled(path)
        assert compiled.numbers == sum(not prefix for _, prefix in entries)
        assert compiled.prefixes == sum(prefix for _, prefix in entries)
        for number in [*numbers, *(digits for digits, _ in entries), *(digits + "0" for digits, _ in entries)]:
            expected = modelled(entries, number, now) if number[:1] != "0" else None
            assert compiled.find(number, now) == expected


@pytest.mark.parametrize(
    "number", ["", "0", "*31#", "44_2079460000", " 442079460000", "112", "sip", "٤٤٢٠٧", "4" * 128, "4420" * 33]
)
def test_whatever_a_call_shows_can_be_looked_up(desk: Desk, number: str) -> None:
    assert desk.compiled("number\n+4420*\n").find(number, NOW) is None


def test_a_number_that_is_too_long_is_still_found_by_its_prefix(desk: Desk) -> None:
    assert desk.compiled("number\n+4420*\n").find("4420" + "7" * 30, NOW) == (Listing(), 4)


def test_numbers_in_a_row_do_not_crowd_each_other(tmp_path: Path) -> None:
    """Blocks of numbers are what real lists are made of. No look-up may take many steps for them."""
    compiler = Compiler(200_000)
    for block in range(20):
        start = 442_000_000_000 + block * 10_000_000
        compiler.add(range(start, start + 10_000), [0] * 10_000)
    slots = [bool(key) for key in compiler._table[::2]]
    longest = max(len(run) for run in "".join("#" if slot else " " for slot in slots).split())
    assert longest < 200


@pytest.mark.parametrize("cut", [0, 1, 50, -1])
def test_a_file_that_is_not_whole_is_refused(desk: Desk, cut: int) -> None:
    desk.compiled("number\n+442079460000\n")
    whole = desk.target.read_bytes()
    desk.target.write_bytes(whole[:cut])
    with pytest.raises(ValueError, match=r"no compiled list|empty file"):
        Compiled(desk.target)
    desk.target.write_bytes(b"x" + whole[1:])
    with pytest.raises(ValueError, match="no compiled list"):
        Compiled(desk.target)


def test_what_is_in_force_outlives_its_file(desk: Desk) -> None:
    compiled = desk.compiled("number\n+442079460000\n")
    desk.target.unlink()
    assert compiled.find("442079460000", NOW) == (Listing(), 12)
