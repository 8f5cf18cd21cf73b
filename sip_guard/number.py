"""Telephone numbers in canonical form (RFC 8224 8.3). The only user of phonenumbers."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import phonenumbers

MAX_USER = 128
"""Octets of a user part that are looked at; a longer one is no telephone number."""

_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")
_VISUAL = re.compile(r"[-.() ]")
_FOR_PEOPLE = re.compile(r"(?<![0-9])\+?[0-9(](?:[-.()/ ]{0,2}[0-9]){6,14}(?![0-9])")
_DIALLED = re.compile(r"\+?[0-9]+")
_NANP = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")
_INTERNATIONALS = re.compile(rf"(?:{_INTERNATIONAL.pattern}\n)*+{_INTERNATIONAL.pattern}")
_NANPS = re.compile(rf"(?:{_NANP.pattern}\n)*+{_NANP.pattern}")
_SERVICE = re.compile(r"[0-9]{2,6}|[*#][0-9*#]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class DialPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How numbers are written on one trunk, so that what is not E.164 can be made so."""

    country: str | None = None
    """ISO 3166-1 country (two capitals) that national numbers belong to. None: digits are taken as international."""
    international_prefixes: tuple[str, ...] = ()
    """Digits that stand for `+`, such as `00` or `011`. None are assumed."""


PLAIN = DialPlan()
"""Numbers are E.164, with or without the `+`."""


def canonical(user: str, plan: DialPlan = PLAIN) -> str | None:
    """Give the digits of the telephone number in a user part, or None if it is none (RFC 8224 8.1 and 8.3).

    The result has no leading `+` and only `0-9`, `*` and `#`. Parameters of the user part (`;npdi`, `;rn=`) are cut
    off, visual separators dropped, escapes decoded. National service numbers (`112`) and star codes stay as they are.
    Digits of other scripts are no digits.
    """
    if len(user) > MAX_USER:
        user = user.partition(";")[0]
        if len(user) > MAX_USER:
            return None
    if _INTERNATIONAL.fullmatch(user) and not user.startswith(_trunk_zero(plan.country)):
        return user[1:]
    return _canonical(user, plan)


def dialled(user: str) -> str:
    """Give a user part without its parameters and visual separators (RFC 3966 5.1.1), escapes decoded."""
    return _VISUAL.sub("", _ESCAPE.sub(lambda m: chr(int(m[1], 16)), user).partition(";")[0])


def written_in(text: str, plan: DialPlan = PLAIN) -> str | None:
    """Give the first telephone number that stands in a text for people, such as a display name; None: there is none."""
    found = _FOR_PEOPLE.search(unicodedata.normalize("NFKC", text[:MAX_USER]))
    return canonical(_VISUAL.sub("", found[0]), plan) if found is not None else None


def international(text: str, plan: DialPlan = PLAIN) -> str | None:
    """Give the digits of an E.164 number that somebody wrote into a list, or None if it is none.

    It begins with `+`, or with `00` or another international prefix; else it is a national number of the plan's
    country, and without one it is refused, for nobody can tell then what `2125551212` is.
    """
    if text[:1] == "+":
        number = canonical(text, plan)
    else:
        digits = dialled(text)
        if _is_nanp(plan.country) and _NANP.fullmatch(digits.removeprefix("1")):
            return "1" + digits.removeprefix("1")
        if plan.country is None:
            if not digits.startswith("00"):
                return None
            digits = "+" + digits[2:]
        number = canonical(digits, plan)
        if number == digits:
            return None
    return number if number is not None and _INTERNATIONAL.fullmatch("+" + number) else None


def internationals(texts: Sequence[str], plan: DialPlan = PLAIN) -> list[int] | None:
    """Read many numbers as `international` reads each, if all of them are plainly written; None: look at each.

    Gives their digits as integers. It is for lists of millions: ten times as quick.
    """
    joined = "\n".join(texts)
    if _INTERNATIONALS.fullmatch(joined) and _trunk_zero(plan.country) not in joined:
        return list(map(int, texts))
    if _is_nanp(plan.country) and _NANPS.fullmatch(joined):
        return [10_000_000_000 + int(text) for text in texts]
    return None


def leading(text: str, plan: DialPlan = PLAIN) -> str | None:
    """Give the first digits of E.164 numbers, written as `international` reads them, or None if that is none."""
    digits = dialled(text)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(plan.country) if plan.country else None
    abroad = re.match(r"\+|00" if metadata is None else rf"\+|{metadata.international_prefix}", digits)
    if abroad:
        digits = digits[abroad.end() :]
    elif metadata is None:
        return None
    else:
        national = digits.removeprefix(metadata.national_prefix or "")
        if metadata.country_code == 1 and national[:1] in ("", "0", "1"):
            return None
        digits = f"{metadata.country_code}{national}"
    return digits if re.fullmatch("[1-9][0-9]{0,14}", digits) else None


@lru_cache(maxsize=512)
def _is_nanp(country: str | None) -> bool:
    """Tell whether ten digits are a whole national number there, as in all of North America."""
    return country is not None and phonenumbers.country_code_for_region(country) == 1


@lru_cache(maxsize=4096)
def _canonical(user: str, plan: DialPlan) -> str | None:
    digits = dialled(user)
    if _SERVICE.fullmatch(digits):
        return digits
    if not _DIALLED.fullmatch(digits):
        return None
    if not digits.startswith("+"):
        prefix = next((p for p in plan.international_prefixes if digits.startswith(p)), None)
        if prefix is not None:
            digits = "+" + digits[len(prefix) :]
        elif plan.country is None:
            digits = "+" + digits
    try:
        parsed = phonenumbers.parse(digits, plan.country)
    except phonenumbers.NumberParseException:
        return digits.lstrip("+")
    if not digits.startswith("+") and not phonenumbers.is_possible_number(parsed):
        return digits
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]


@lru_cache(maxsize=512)
def _trunk_zero(country: str | None) -> str:
    """Give how `+44 (0)20` begins without separators: the international spelling that needs the slow path."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country) if country else None
    if metadata is None or not metadata.national_prefix:
        return "?"
    return f"+{metadata.country_code}{metadata.national_prefix}"


def is_country(name: str) -> bool:
    """Tell whether `name` is a country whose national numbers can be read."""
    return name in phonenumbers.SUPPORTED_REGIONS
