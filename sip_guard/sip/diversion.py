"""Who diverted a request on its way: Diversion (RFC 5806), and History-Info (RFC 7044, and RFC 4244 before it).

What a peer writes there is a claim like any other, and no token signs it (`div` tokens do, RFC 8946).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Message
from sip_guard.sip.uri import Uri

MAX_DIVERTING: Final = 8
"""Of each field, those who diverted last are looked at."""
_MAX_ENTRIES: Final = 32
"""Of History-Info, the last ones."""
_HOW = (b"mp", b"rc", b"np")
"""Parameters by which an entry says how it came about (RFC 7044 5)."""


def diverting(message: Message) -> list[bytes]:
    """Give the addresses that diverted a request, each as `name-addr`: of each field, the one that did last first."""
    named = [item for value in message.values(b"diversion") for item in split_list(value)]
    return named[:MAX_DIVERTING] + _retargeted(message)[:MAX_DIVERTING]


class _Entry(NamedTuple):
    """Where a request was sent at some time."""

    value: bytes
    place: bytes
    """Its `index`: the place in the tree of forks; empty if it has none."""
    params: Mapping[bytes, bytes]
    uri: Uri | None

    @property
    def parent(self) -> bytes:
        return self.place.rpartition(b".")[0]

    @property
    def has_reason(self) -> bool:
        fields = self.uri.headers.split(b"&") if self.uri is not None else ()
        return any(field.partition(b"=")[0].lower() == b"reason" for field in fields)


def _retargeted(message: Message) -> list[bytes]:
    """Give the entries of History-Info from which a request was sent on to somebody else, the last one first.

    They are named by the `mp` of the entry that they led to (RFC 7044 5), or stand above one with a `cause`
    (RFC 4458). Where no entry says how it came about, those with a Reason, but for the last one, led on (RFC 4244 4.1).
    """
    items = [item for value in message.values(b"history-info") for item in split_list(value)][-_MAX_ENTRIES:]
    if not items:
        return []
    entries = [_entry(item) for item in items]
    left = {entry.params[b"mp"] for entry in entries if b"mp" in entry.params}
    left |= {entry.parent for entry in entries if entry.uri is not None and entry.uri.parameter(b"cause") is not None}
    if not any(name in entry.params for entry in entries for name in _HOW):
        left |= {entry.place for entry in entries[:-1] if entry.has_reason}
    return [entry.value for entry in reversed(entries) if entry.place and entry.place in left]


def _entry(value: bytes) -> _Entry:
    address = name_addr(value)
    return _Entry(value, address.params.get(b"index", b""), address.params, Uri.parse(address.uri))
