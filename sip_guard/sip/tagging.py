"""Writes `verstat` (3GPP TS 24.229 7.2A.20) into the identity that was verified."""

import re
from collections.abc import Iterable

from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.hygiene import without_verstat
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri

_begins_number = re.compile(rb"[0-9+*#(]|%2[bB]").match


def tag(draft: Draft, verified: Iterable[bytes], verstat: str) -> None:
    """Set the parameter in every value of the fields `verified` (long names, lower case)."""
    for name in verified:
        for place in draft.message.places(name):
            items = split_list(draft.value_at(place))
            if items:
                draft.set_value(place, b", ".join(with_verstat(without_verstat(item), verstat) for item in items))


def with_verstat(value: bytes, verstat: str) -> bytes:
    """Give a `name-addr` with the parameter at the end of its user part (SIP) or of its number's parameters (tel).

    An address without `<>` gets them, for a `;` would end it (RFC 3261 20.10). A value without a number stays as it is.
    """
    address = name_addr(value)
    uri = Uri.parse(address.uri)
    if uri is None or not _begins_number(uri.user):
        return value
    text, start = address.uri, address.start
    end = start + len(text)
    at = len(text) if uri.scheme == b"tel" else len(uri.scheme) + 1 + len(uri.user)
    tagged = text[:at] + b";verstat=" + verstat.encode() + text[at:]
    if value[end : end + 1] == b">":
        return value[:start] + tagged + value[end:]
    return value[:start] + b"<" + tagged + b">" + value[end:]
