import pytest

from sip_guard.sip.grammar import COMPACT, NAMES, canonical_name, token, value_of


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        (b"From", b"from"),
        (b"f", b"from"),
        (b"F \t", b"from"),
        (b"VIA", b"via"),
        (b"y", b"identity"),
        (b"X-Any", b"x-any"),
        (b"C%6Fntact", b"c%6fntact"),
        (b"", None),
        (b" From", None),
        (b"Fr om", None),
        (b"From\xff", None),
        (b"(a)", None),
    ],
)
def test_a_name_means_its_long_form_in_lower_case(spelled: bytes, name: bytes | None) -> None:
    assert canonical_name(spelled) == name


def test_the_usual_spellings_mean_what_the_slow_way_finds() -> None:
    assert {spelled: canonical_name(spelled) for spelled in NAMES} == NAMES


def test_no_short_form_means_two_things() -> None:
    assert len(set(COMPACT.values())) == len(COMPACT)


@pytest.mark.parametrize(("text", "is_one"), [(b"a-b.c", True), (b"", False), (b"a b", False), (b"a;b", False)])
def test_a_token_is_a_word_without_separators(text: bytes, is_one: bool) -> None:
    assert (token(text) is not None) == is_one


def test_each_folding_is_one_space() -> None:
    assert value_of(b"A:\r\n  b \r\n\t c \t") == b"b  c"
    assert value_of(b"A:") == b""
