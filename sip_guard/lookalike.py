"""What a text looks like, so that one written to be taken for another is found (Unicode Technical Standard 39).

The only user of confusable_homoglyphs, which holds the table of confusable characters that Unicode publishes.
"""

import re
import unicodedata
from functools import cache, lru_cache

MAX_TEXT = 256
"""Characters that are looked at. No telephone shows so many."""

_DIGITS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"}
_SIGNS = {"$": "s", "@": "a", "|": "i", "!": "i", "€": "e", "£": "l", "\u043a": "k", "\u03ba": "k", "\u0138": "k"}
"""Signs and letters that the table of Unicode leaves out or takes for none: it is for identifiers."""
_TRADE = str.maketrans(dict.fromkeys("\u00a9\u00ae\u2122\u2120", " "))
"""What stands beside a name and is no part of it."""
_PAIRS = str.maketrans({"l": "i", **_DIGITS})
_MADE_OF = (("rn", "m"), ("vv", "w"))
_NAMED = re.compile("(?:.* )?LATIN (?:(?:CAPITAL |SMALL )?LETTER|LETTER SMALL CAPITAL) ([A-Z])")
"""How Unicode names what is one Latin letter, in whatever a box."""
_UNSEEN = frozenset(("Mn", "Me", "Cf", "Cc"))
"""Categories of what changes a letter (accents) or is not seen at all (zero width, marks of direction)."""


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Give the words of a text as they look: in `a` to `z` and what no letter there looks like.

    Two texts that a hasty reader takes for one give the same words. `i`, `l`, `1` and `|` are one letter, for they are
    in many a type; so are `0` and `o`, `rn` and `m`. What separates words is a space or any sign that is no letter.
    """
    seen = []
    for char in unicodedata.normalize("NFKD", text[:MAX_TEXT].translate(_TRADE)):
        category = unicodedata.category(char)
        if category not in _UNSEEN or char in "\t\r\n":
            seen.append(_letter(char))
    plain = "".join(seen).translate(_PAIRS)
    for pair, letter in _MADE_OF:
        plain = plain.replace(pair, letter)
    return tuple("".join(c if c.isalnum() else " " for c in plain).split())


def _letter(char: str) -> str:
    """Give the letter or digit that a character looks like, in lower case; itself if it looks like none."""
    if char.isascii():
        return _SIGNS.get(char) or char.lower()
    small = char.casefold()
    return _SIGNS.get(char) or _latin().get(char) or _latin().get(small) or _plain(char) or small


@cache
def _latin() -> dict[str, str]:
    """Give the characters outside of ASCII that look like one letter or digit there."""
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - a megabyte, read where needed

    table = {}
    for char, looks in confusables_data.items():
        if len(char) == 1 and not char.isascii():
            like = {_plain(look["c"]) for look in looks} - {""}
            if like:
                table[char] = min(like)
    return table


def _plain(text: str) -> str:
    """Give the one ASCII letter or digit that a text is but for its marks; empty if it is none."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in _UNSEEN)
    if len(bare) != 1:
        return ""
    named = _NAMED.fullmatch(unicodedata.name(bare, ""))
    letter = (named[1] if named else bare).lower()
    return letter if letter.isascii() and letter.isalnum() else ""
