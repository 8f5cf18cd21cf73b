"""What the search (`scripts/fuzz`) asks of each reader holds for its seeds, for what it once found, and near them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import FOUND, READERS, Reader

EACH = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
CHANGES = 300


@EACH
def test_it_holds_for_the_seeds_and_for_what_was_found(reader: Reader) -> None:
    beginnings = reader.beginnings()
    assert beginnings
    for octets in beginnings:
        reader.read(octets)


@EACH
def test_it_holds_for_what_is_nearly_a_seed(reader: Reader) -> None:
    chance = random.Random(reader.name)
    beginnings = reader.beginnings()
    for _ in range(CHANGES):
        octets = bytearray(chance.choice(beginnings))
        for _ in range(chance.randint(1, 4)):
            at, length = chance.randint(0, len(octets)), chance.randint(0, 8)
            piece = chance.choice([b"", chance.randbytes(chance.randint(1, 4)), bytes(octets[at : at + length]) * 2])
            octets[at : at + length] = piece
        reader.read(bytes(octets))


@EACH
@given(octets=st.binary(max_size=60))
def test_it_holds_for_any_octets(reader: Reader, octets: bytes) -> None:
    reader.read(octets)


def test_what_was_found_belongs_to_a_reader() -> None:
    assert {path.name.rpartition("-")[0] for path in FOUND.iterdir() if path.name != "README.md"} <= set(READERS)
