"""SIP URIs in canonical form, to be compared where the caller or callee is no telephone number (RFC 8224 8.5)."""

import re
from string import ascii_letters, digits

from sip_guard.sip.uri import Uri

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(ascii_letters + digits + "-._~")


def canonical_uri(uri: Uri | None) -> str | None:
    """Give `scheme:user@host` in lower case; None for what has no user part or is no SIP URI.

    Parameters, password and port are dropped, escapes of unreserved characters decoded.
    """
    if uri is None or not uri.user or not uri.host:
        return None
    user = _ESCAPE.sub(_plain, uri.user.decode("latin-1")).lower()
    return f"{uri.scheme.decode()}:{user}@{uri.host.decode().lower()}"


def _plain(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0]
