"""What texts look like to a person who reads in haste."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.lookalike import MAX_TEXT, words

ALIKE = {
    "Cyrillic letters": "\u0412\u0430r\u0441l\u0430\u0443s B\u0430nk",
    "small Cyrillic letters": "\u0432arclays ban\u043a",
    "Greek letters": "\u0392\u0391RCL\u0391\u03a5S \u0392\u0391\u039d\u039a",
    "digits": "8arc1ays 8ank",
    "signs": "B@rc|ay$ B@nk",
    "a capital I for l": "BarcIays Bank",
    "another case": "bARCLAYS bANK",
    "accents": "B\u00e4rcl\u00e0ys B\u0101nk",
    "accents apart": "Ba\u0308rclays Ban\u0331k",
    "full width": "\uff22\uff41\uff52\uff43\uff4c\uff41\uff59\uff53 \uff22\uff41\uff4e\uff4b",
    "mathematical letters": "\U0001d4d1\U0001d4ea\U0001d4fb\U0001d4ec\U0001d4f5\U0001d4ea\U0001d502\U0001d4fc Bank",
    "small capitals": "\u0299\u1d00\u0280\u1d04\u029f\u1d00\u028fs bank",
    "letters in boxes": "\U0001f171\U0001f170\U0001f181\U0001f172\U0001f17b\U0001f170\U0001f188\U0001f182 Bank",
    "nothing to see between": "Bar\u200bcl\u00adays\u2060 Bank",
    "marks of direction": "\u202aBarclays\u202c Bank",
    "hyphens": "Barclays\u2011Bank",
    "wide spaces": "Barclays\u2003\u00a0Bank",
    "trade marks": "Barclays\u00ae Bank\u2122",
    "strokes": "\u0243arc\u0142ays Bank",
}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_it_looks_like_the_name(text: str) -> None:
    assert words(text) == words("Barclays Bank")


@pytest.mark.parametrize(
    ("text", "other"), [("Modern", "Modem"), ("VVise", "Wise"), ("0range", "Orange"), ("O2", "02")]
)
def test_letters_that_make_up_another_one(text: str, other: str) -> None:
    assert words(text) == words(other)


@pytest.mark.parametrize("text", ["Barclay Bank", "Barclays", "Banclays Bank", "\u65e5\u672c", "", "\u200b \u2060"])
def test_another_name_looks_otherwise(text: str) -> None:
    assert words(text) != words("Barclays Bank")


def test_what_looks_like_no_letter_stays_itself() -> None:
    assert words("\u65e5\u672c Bank") == ("\u65e5\u672c", *words("Bank"))


def test_no_more_is_looked_at_than_a_telephone_shows() -> None:
    assert words("x" * MAX_TEXT + "y") == ("x" * MAX_TEXT,)


@given(st.text())
def test_any_text_gives_words_of_letters_and_digits(text: str) -> None:
    assert all(word and word.isalnum() for word in words(text))


@given(st.text(alphabet=st.characters(max_codepoint=0x250)))
def test_case_and_accents_make_no_difference(text: str) -> None:
    assert words(unicodedata.normalize("NFC", text)) == words(unicodedata.normalize("NFD", text))


@given(st.from_regex(r"[a-z ]{0,30}", fullmatch=True))
def test_capitals_look_like_small_letters(text: str) -> None:
    assert words(text.upper()) == words(text)
