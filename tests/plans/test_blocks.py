"""The longest listed prefix of a number says whose it is, and nothing is said where no list speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.plans.blocks import Block, Blocks

FREE = Block(allocated=False)
LISTED = {
    "442": Block(allocated=True, holder="all"),
    "4420": FREE,
    "442071": Block(allocated=True, holder="one"),
    "442072": Block(allocated=True, holder="one"),
    "4420715": Block(allocated=True, holder="two"),
}


@pytest.mark.parametrize(
    ("number", "holder"),
    [
        ("442312345678", "all"),
        ("442071234567", "one"),
        ("442072999999", "one"),
        ("442071512345", "two"),
        ("44207151234", "two"),
        ("442071", "one"),
        ("4420715", "two"),
    ],
)
def test_the_longest_prefix_counts(number: str, holder: str) -> None:
    assert Blocks.of(LISTED).find(number) == Block(allocated=True, holder=holder)


@pytest.mark.parametrize("number", ["442031234567", "44207", "442073000000", "442070999999"])
def test_a_free_block_may_have_allocated_ones_within(number: str) -> None:
    assert Blocks.of(LISTED).find(number) == FREE


@pytest.mark.parametrize("number", ["", "4", "44", "441", "443000000000", "441999999999", "12155551212", "*67", "#"])
def test_nothing_is_said_of_what_no_list_covers(number: str) -> None:
    assert Blocks.of(LISTED).find(number) is None
    assert Blocks.of({}).find(number) is None


@pytest.mark.parametrize("number", ["4420712345678901", "4" * 200])
def test_nothing_is_said_of_what_is_too_long(number: str) -> None:
    assert Blocks.of(LISTED).find(number) is None


def test_what_is_covered_and_not_listed_is_not_allocated() -> None:
    blocks = Blocks.of({"4420": Block(allocated=True)}, ["442", "447"])
    assert blocks.find("442012345678") == Block(allocated=True)
    assert blocks.find("442112345678") == FREE
    assert blocks.find("447123456789") == FREE
    assert blocks.find("443123456789") is None


def test_the_last_number_of_all_can_be_found() -> None:
    assert Blocks.of({"9": FREE}).find("9" * 15) == FREE
    assert Blocks.of({"9" * 15: FREE}).find("9" * 15) == FREE


def test_neighbours_of_one_holder_take_no_more_room_than_one_block() -> None:
    many = {f"4420{i:04}": Block(allocated=True, holder="one") for i in range(10_000)}
    one = {"4420": Block(allocated=True, holder="one")}
    assert len(Blocks.of(many)._starts) <= 20_000
    assert Blocks.of(many).find("442012345678") == Blocks.of(one).find("442012345678")


DIGITS = st.text("0129", min_size=1, max_size=5)
TABLES = st.dictionaries(DIGITS, st.builds(Block, st.booleans(), st.sampled_from(["", "one", "two"])), max_size=12)


@given(TABLES, st.sets(DIGITS, max_size=4), st.text("0129", min_size=1, max_size=8))
def test_it_is_what_trying_every_prefix_would_give(listed: dict[str, Block], covered: set[str], number: str) -> None:
    every = dict.fromkeys(covered, FREE) | listed
    expected = next((every[number[:n]] for n in range(len(number), 0, -1) if number[:n] in every), None)
    assert Blocks.of(listed, covered).find(number) == expected
