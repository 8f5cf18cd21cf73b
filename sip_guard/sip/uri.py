"""SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966)."""

import re
from functools import lru_cache
from typing import Final, Self

from sip_guard.value import Value

USUAL: Final = 256
"""Octets up to which a URI that was read is remembered: it stands in many messages."""
REMEMBERED: Final = 4096
"""URIs that are remembered, so that the memory for them is bounded."""

_SIP = re.compile(
    rb"(?P<scheme>[sS][iI][pP][sS]?):"
    rb"(?:(?P<user>[A-Za-z0-9\-_.!~*'()&=+$,;?/%#]++)(?::(?P<password>[A-Za-z0-9\-_.!~*'()&=+$,%]*+))?@)?"
    rb"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9.\-_]++)(?::(?P<port>[0-9]{1,5}+))?"
    rb"(?P<params>(?:;[^?;<>\"\x00-\x20\x7f]++)*+)(?:\?(?P<headers>[^<>\"\x00-\x20\x7f]*+))?"
)
_TEL = re.compile(
    rb"(?P<scheme>[tT][eE][lL]):(?P<user>[0-9A-Fa-f*#+\-.()]++)(?P<params>(?:;[^?;<>\"\x00-\x20\x7f]++)*+)"
)
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*(?=:)")


class Uri(Value):
    """A SIP or tel URI in its parts, each as it was received."""

    scheme: bytes
    """`sip`, `sips` or `tel`, in lower case."""
    user: bytes
    """User part with its parameters, escapes untouched; for tel the number. Empty: none."""
    host: bytes
    """Name or address, in brackets if IPv6; empty for tel."""
    port: int | None
    params: bytes
    """Parameters with their leading `;`."""
    headers: bytes

    @classmethod
    def parse(cls, text: bytes) -> "Uri | None":
        """Read a URI; None if it is neither a SIP nor a tel URI, or not well formed."""
        return _remembered(text) if len(text) <= USUAL else cls.read(text)

    @classmethod
    def read(cls, text: bytes) -> Self | None:
        """Read a URI that was not read before."""
        m = _SIP.fullmatch(text)
        if m is not None:
            port = int(m["port"]) if m["port"] else None
            if port is not None and not 0 < port < 65536:
                return None
            return cls(m["scheme"].lower(), m["user"] or b"", m["host"], port, m["params"], m["headers"] or b"")
        m = _TEL.fullmatch(text)
        if m is not None:
            return cls(b"tel", m["user"], b"", None, m["params"], b"")
        return None

    def parameter(self, name: bytes) -> bytes | None:
        """Give the value of a URI parameter, empty if it has none; None if it is not there. `name` in lower case."""
        if not self.params:
            return None
        for item in self.params.split(b";")[1:]:
            key, _, value = item.partition(b"=")
            if key.lower() == name:
                return value
        return None

    @property
    def address(self) -> str:
        """The host without brackets, for comparing with an address or looking up."""
        return self.host.strip(b"[]").decode("ascii")


_remembered = lru_cache(maxsize=REMEMBERED)(Uri.read)


def scheme(text: bytes) -> bytes | None:
    """Give the scheme of any absolute URI in lower case; None if there is none."""
    m = _SCHEME.match(text)
    return m[0].lower() if m else None
