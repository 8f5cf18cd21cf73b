"""Telephone numbers in canonical form (RFC 8224 8.3). The only user of phonenumbers."""

import re
from functools import lru_cache

import msgspec
import phonenumbers

MAX_USER = 128
"""Octets of a user part that are looked at; a longer one is no telephone number."""

_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")
_VISUAL = re.compile(r"[-.() ]")
_DIALLED = re.compile(r"\+?[0-9]+")
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
