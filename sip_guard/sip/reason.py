"""Reason: why something is answered as it is (RFC 3326)."""

from collections.abc import Iterable

from sip_guard.sip.headers import split_list
from sip_guard.sip.message import Message


def reason_lines(values: Iterable[bytes], beside: Message) -> list[bytes]:
    """Write the fields that are added to a message: where it has a value of protocol SIP, no second one.

    A protocol may stand there once (RFC 3326 2), unless it allows for more, as STIR does (RFC 9366, RFC 9410 4).
    """
    given = (item for value in beside.values(b"reason") for item in split_list(value))
    has_sip = any(is_sip(item) for item in given)
    return [b"Reason: " + value for value in values if not (has_sip and is_sip(value))]


def is_sip(value: bytes) -> bool:
    """Tell whether a value is of protocol SIP."""
    return value.partition(b";")[0].strip().upper() == b"SIP"
