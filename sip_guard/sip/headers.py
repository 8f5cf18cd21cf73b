"""The header field values that a proxy has to understand (RFC 3261 20 and 25.1)."""

import re
from typing import NamedTuple, Self

import msgspec

from sip_guard.sip.grammar import QUOTED, TOKEN

# Possessive throughout: whatever a peer sends is read in time that grows with its length and no faster.
_PARAMETER = (
    rb"[ \t]*+;[ \t]*+" + TOKEN + rb"(?:[ \t]*+=[ \t]*+(?:" + QUOTED + rb"|\[[0-9A-Fa-f:.]++\]|[^\s;,\"<>=\[\]]++))?"
)
_PARAMETERS = rb"(?:" + _PARAMETER + rb")*+[ \t]*+"
_NAME_ADDR = re.compile(
    rb"[ \t]*+(?P<display>" + QUOTED + rb"|[A-Za-z0-9\-.!%*_+`'~ \t]*+)[ \t]*+"
    rb"<(?P<uri>[^<>\s\x00-\x1f\"]*+)>(?P<params>" + _PARAMETERS + rb")"
)
_ADDR_SPEC = re.compile(
    rb"[ \t]*+(?P<uri>[A-Za-z][A-Za-z0-9+\-.]*+:[^<>\s;,?\"\x00-\x1f]*+)(?P<params>" + _PARAMETERS + rb")"
)
_ONE_PARAMETER = re.compile(rb"[ \t]*+;[ \t]*+(" + TOKEN + rb")(?:[ \t]*+=[ \t]*+(" + QUOTED + rb"|[^\s;]*+))?")
_LIST_ITEM = re.compile(rb'(?:"(?:[^"\\]|\\.)*+(?:"|\Z)|<[^<>]*+>?|[^,"<])++', re.DOTALL)
_VIA = re.compile(
    rb"[ \t]*+SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+(?P<transport>" + TOKEN + rb")[ \t]++"
    rb"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9.\-_]++)(?:[ \t]*+:[ \t]*+(?P<port>[0-9]{1,5}+))?"
    rb"(?P<params>" + _PARAMETERS + rb")",
    re.IGNORECASE,
)


class NameAddr(NamedTuple):
    """A `name-addr` or `addr-spec` with its header parameters, such as the value of From."""

    display: bytes
    """Display name without quotes and escapes."""
    uri: bytes
    params: bytes
    """Header parameters with their leading `;`."""
    start: int
    """Where the URI starts in the value, its `<` not included."""
    well_formed: bool


def name_addr(value: bytes) -> NameAddr:
    """Read one value of From, To, P-Asserted-Identity and the like (RFC 3261 20.10).

    Without `<>` everything after the first `;` are header parameters. What is not well formed gives an empty URI.
    """
    m = _NAME_ADDR.fullmatch(value)
    if m is not None:
        return NameAddr(unquoted(m["display"].strip()), m["uri"], m["params"], m.start("uri"), well_formed=True)
    m = _ADDR_SPEC.fullmatch(value)
    if m is not None:
        return NameAddr(b"", m["uri"], m["params"], m.start("uri"), well_formed=True)
    return NameAddr(b"", b"", b"", 0, well_formed=False)


def unquoted(text: bytes) -> bytes:
    """Give what a quoted-string means; anything else as it is."""
    if len(text) > 1 and text[:1] == text[-1:] == b'"':
        return re.sub(rb"\\(.)", rb"\1", text[1:-1], flags=re.DOTALL)
    return text


def parameter(params: bytes, name: bytes) -> bytes | None:
    """Give the value of a header parameter, empty if it has none; None if it is not there. `name` in lower case."""
    for m in _ONE_PARAMETER.finditer(params.rstrip()):
        if m[1].lower() == name:
            return unquoted(m[2] or b"")
    return None


def split_list(value: bytes) -> list[bytes]:
    """Split a value at the commas that stand neither in `<>` nor in quotes. Empty items are left out."""
    if b"," not in value:
        return [value] if value else []
    return [stripped for item in _LIST_ITEM.findall(value) if (stripped := item.strip())]


class Via(msgspec.Struct, frozen=True):
    """One Via value (RFC 3261 20.42, RFC 3581)."""

    transport: bytes
    host: bytes
    """The sent-by host as it was received."""
    port: int | None
    params: bytes

    @classmethod
    def parse(cls, value: bytes) -> Self | None:
        """Read one value; None if it is not well formed."""
        m = _VIA.fullmatch(value)
        if m is None:
            return None
        port = int(m["port"]) if m["port"] else None
        if port is not None and not 0 < port < 65536:
            return None
        return cls(m["transport"].upper(), m["host"], port, m["params"])

    @property
    def branch(self) -> bytes:
        """The branch parameter; empty if there is none."""
        return parameter(self.params, b"branch") or b""

    @property
    def sent_by(self) -> bytes:
        """Host and port as one value to compare, the default port written out (RFC 3261 17.2.3)."""
        return self.host.lower() + b":%d" % (self.port or (5061 if self.transport == b"TLS" else 5060))
