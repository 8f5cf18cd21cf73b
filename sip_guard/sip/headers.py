"""The header field values that a proxy has to understand (RFC 3261 20 and 25.1)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Self

from sip_guard.sip.grammar import COMMA, QUOTED, TOKEN
from sip_guard.value import Value

USUAL: Final = 256
"""Octets up to which a value that was read is remembered: it stands in every message of a call."""
REMEMBERED: Final = 4096
"""Values of each kind that are remembered, so that the memory for them is bounded."""

# Possessive throughout: whatever a peer sends is read in time that grows with its length and no faster.
_SEMI = rb"[ \t]*+;[ \t]*+"
_EQUAL = rb"[ \t]*+=[ \t]*+"
_VALUE = QUOTED + rb"|\[[0-9A-Fa-f:.]++\]|[^\x00-\x20\x7f;,\"<>=\[\]][^\x00-\x20\x7f;,\"<>\[\]]*+"
_PARAMETER = re.compile(_SEMI + rb"(" + TOKEN + rb")(?:" + _EQUAL + rb"(" + _VALUE + rb"))?+")
_PARAMETERS = rb"(?P<params>(?:" + _SEMI + TOKEN + rb"(?:" + _EQUAL + rb"(?:" + _VALUE + rb"))?+)*+)[ \t]*+"
_SCHEME = rb"[A-Za-z][A-Za-z0-9+\-.]*+:"
_NAME_ADDR = re.compile(
    rb"[ \t]*+(?P<display>" + QUOTED + rb"|[^<>\",;:@\\\x00-\x08\x0a-\x1f\x7f]*+)[ \t]*+"
    rb"<(?P<uri>" + _SCHEME + rb"[^<>\x00-\x20\x7f\"]*+)>" + _PARAMETERS
)
_ADDR_SPEC = re.compile(rb"[ \t]*+(?P<display>)(?P<uri>" + _SCHEME + rb"[^<>;,?\x00-\x20\x7f\"]*+)" + _PARAMETERS)
_LIST_ITEM = re.compile(rb'(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|<[^<>]*+>?|[^,"<])++', re.DOTALL)
_VIA = re.compile(
    rb"[ \t]*+[Ss][Ii][Pp][ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+(?P<transport>" + TOKEN + rb")[ \t]++"
    rb"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9.\-_]++)(?:[ \t]*+:[ \t]*+(?P<port>[0-9]{1,5}+))?+" + _PARAMETERS
)


class NameAddr(NamedTuple):
    """A `name-addr` or `addr-spec` with its header parameters, such as the value of From."""

    display: bytes
    """Display name without quotes and escapes."""
    uri: bytes
    params: Mapping[bytes, bytes]
    """Header parameters: names in lower case, values as they were received, empty where there is none."""
    start: int
    """Where the URI starts in the value, its `<` not included."""


_NONE = NameAddr(b"", b"", {}, 0)


def name_addr(value: bytes) -> NameAddr:
    """Read one value of From, To, P-Asserted-Identity and the like (RFC 3261 20.10).

    Without `<>` everything after the first `;` are header parameters. What is not well formed gives an empty URI.
    """
    return _remembered_address(value) if len(value) <= USUAL else _address(value)


def _address(value: bytes) -> NameAddr:
    m = _NAME_ADDR.fullmatch(value) or _ADDR_SPEC.fullmatch(value)
    if m is None:
        return _NONE
    display, uri, text = m.groups()
    params = parameters(text)
    if params is None:
        return _NONE
    return NameAddr(unquoted(display.strip()), uri, params, m.start("uri"))


_remembered_address = lru_cache(maxsize=REMEMBERED)(_address)


def unquoted(text: bytes) -> bytes:
    """Give what a quoted-string means; anything else as it is."""
    if len(text) > 1 and text[:1] == text[-1:] == b'"':
        text = text[1:-1]
        return re.sub(rb"\\(.)", rb"\1", text, flags=re.DOTALL) if b"\\" in text else text
    return text


def parameters(text: bytes) -> dict[bytes, bytes] | None:
    """Give the parameters in well-formed `text`: names in lower case, values as they stand, empty for none.

    None if one stands there twice (RFC 3261 7.3.1): that would be two readings of one value.
    """
    if not text:
        return {}
    pairs = _PARAMETER.findall(text)
    found = {name.lower(): value for name, value in pairs}
    return found if len(found) == len(pairs) else None


def split_list(value: bytes) -> list[bytes]:
    """Split a value at the commas that stand neither in `<>` nor in quotes. Empty items are left out."""
    if COMMA not in value:
        return [value] if value else []
    return [stripped for item in _LIST_ITEM.findall(value) if (stripped := item.strip())]


class Via(Value):
    """One Via value (RFC 3261 20.42, RFC 3581)."""

    transport: bytes
    host: bytes
    """The sent-by host as it was received."""
    port: int | None
    params: Mapping[bytes, bytes]
    """Names in lower case, values as they were received, empty where there is none."""

    @classmethod
    def parse(cls, value: bytes) -> "Via | None":
        """Read one value; None if it is not well formed."""
        return _remembered_via(value) if len(value) <= USUAL else cls.read(value)

    @classmethod
    def read(cls, value: bytes) -> Self | None:
        """Read one value that was not read before."""
        m = _VIA.fullmatch(value)
        if m is None:
            return None
        transport, host, digits, text = m.groups()
        port = int(digits) if digits else None
        params = parameters(text)
        if params is None or not (port is None or 0 < port < 65536):
            return None
        return cls(transport.upper(), host, port, params)

    @property
    def branch(self) -> bytes:
        """The branch parameter; empty if there is none."""
        return self.params.get(b"branch", b"")

    @property
    def sent_by(self) -> bytes:
        """Host and port as one value to compare, the default port written out (RFC 3261 17.2.3)."""
        return self.host.lower() + b":%d" % (self.port or (5061 if self.transport == b"TLS" else 5060))


_remembered_via = lru_cache(maxsize=REMEMBERED)(Via.read)
