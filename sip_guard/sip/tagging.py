"""Writes `verstat` (3GPP TS 24.229 7.2A.20) into the identity that was verified."""

from collections.abc import Iterable

from sip_guard.sip.headers import NameAddr, name_addr, split_list
from sip_guard.sip.rewrite import Draft


def tag(draft: Draft, verified: Iterable[bytes], verstat: str) -> None:
    """Add the parameter to every value of the fields `verified` (long names, lower case)."""
    for name in verified:
        for place in draft.message.places(name):
            value = draft.value_at(place)
            if value:
                draft.set_value(place, b", ".join(with_verstat(item, verstat) for item in split_list(value)))


def with_verstat(value: bytes, verstat: str) -> bytes:
    """Give a `name-addr` with the parameter in its user part (SIP) or after its number (tel).

    A value without a number stays as it is.
    """
    address = name_addr(value)
    parameter = b";verstat=" + verstat.encode()
    end = address.start + len(address.uri)
    scheme = address.uri[:4].lower()
    if scheme == b"tel:":
        if value[end : end + 1] == b">":
            return value[:end] + parameter + value[end:]
        return value[: address.start] + b"<" + address.uri + parameter + b">" + value[end:]
    at = _end_of_user(address)
    if scheme not in (b"sip:", b"sips") or at < 0:
        return value
    at += address.start
    return value[:at] + parameter + value[at:]


def _end_of_user(address: NameAddr) -> int:
    """Give where the user part ends in the URI: at its password or its host; -1 without a user part."""
    at = address.uri.find(b"@")
    if at < 0:
        return -1
    user = address.uri[:at]
    colon = user.find(b":", user.find(b":") + 1)
    return at if colon < 0 else colon
