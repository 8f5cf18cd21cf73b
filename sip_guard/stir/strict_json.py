"""JSON objects read strictly (RFC 8225 4 and 9, RFC 8259 4): what two readers could read in two ways is refused."""

import json
from collections.abc import Mapping
from typing import Final

import msgspec

MAX_NESTS: Final = 256
"""Arrays and objects in one text. It bounds the depth too."""


def members(text: bytes) -> Mapping[str, object] | None:
    """Give the members of a JSON object; None if it is no object, or one that a strict reader refuses.

    Refused: a name that stands twice, at any depth; octets that are not UTF-8; NaN and Infinity; anything after
    the object; more than 256 arrays and objects.
    """
    if text.count(b"[") + text.count(b"{") > MAX_NESTS:
        return None
    try:
        value = msgspec.json.decode(text)
        # What comes out as it went in had no name twice, for a dict cannot hold it. The rest, such as text with
        # white space or escapes, pays for a closer look.
        if msgspec.json.encode(value) != text:
            json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
