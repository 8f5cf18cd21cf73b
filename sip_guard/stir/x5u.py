"""Which URLs a certificate is fetched from at all (ATIS-1000074 5.3.1, ATIS-1000080)."""

import ipaddress
import re
from functools import lru_cache
from typing import Final

MAX_URL: Final = 2048
"""Octets of a URL."""
PORTS: Final = frozenset((443, 8443))
"""Ports that may be asked."""

_URL = re.compile(
    r"(?i:https)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-.]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/[A-Za-z0-9\-._~!$&'()*+,=:@/%]*)?"
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?").fullmatch
_NUMERIC = re.compile(r"(?i:0x[0-9a-f]*|[0-9]+)").fullmatch

_FAULTS = (
    ("?", "has a query"),
    ("#", "has a fragment"),
    ("@", "has user information"),
    (";", "has path parameters"),
)


@lru_cache(maxsize=4096)
def fault(url: str, laboratories: frozenset[tuple[str, int]] = frozenset()) -> str | None:
    """Say what is wrong with a certificate's URL, None if nothing is.

    It is https, names a host, has no port or 443 or 8443, and neither user information, path parameters, query
    nor fragment. `laboratories` are pairs of host (in lower case, IPv6 without brackets) and port that may be asked
    although the port is another.
    """
    m = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if m is None:
        return _reason(url)
    host = m["host"].lower().strip("[]")
    if not _is_host(host, bracketed=m["host"].startswith("[")):
        return "names no host"
    port = int(m["port"] or 443)
    if port not in PORTS and (host, port) not in laboratories:
        return f"has port {port}"
    return None


@lru_cache(maxsize=4096)
def host(url: str) -> str:
    """Give the host of a URL in which nothing is wrong, in lower case and without port."""
    m = _URL.fullmatch(url)
    return m["host"].lower() if m is not None else ""


def _reason(url: str) -> str:
    """Say why a URL does not have the form, for people."""
    if len(url) > MAX_URL:
        return f"has {len(url)} octets where {MAX_URL} are the limit"
    if url[:8].lower() != "https://":
        return "is not an https URL"
    return next((what for sign, what in _FAULTS if sign in url), "is not a well-formed URL")


def _is_host(host: str, *, bracketed: bool) -> bool:
    """Tell whether it is a name or an address in its usual spelling: 0x7f.1 and 2130706433 are disguises."""
    labels = host.split(".")
    if bracketed or _NUMERIC(labels[-1]):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return (address.version == 6) == bracketed
    return len(host) <= 253 and all(_LABEL(label) for label in labels)
