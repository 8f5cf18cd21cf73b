"""Addresses as they stand in the file. What is none raises ValueError that says what was expected."""

import ipaddress
import re

from sip_guard.peer import Source
from sip_guard.sip.flow import Address, numeric
from sip_guard.transport.dns import host_name

_END = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})").fullmatch
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::([0-9]{1,5}))?").fullmatch
_DIGITS_AND_DOTS = re.compile(r"[0-9.]+").fullmatch
_EDGES = re.compile(r"(?:^|\.)-|-(?:\.|$)").search
_MOST = 65_535


def end(text: str) -> Address:
    """Read `ADDRESS:PORT`; an IPv6 address stands in brackets. The port may be 0."""
    m = _END(text)
    if m is None or int(m[3]) > _MOST:
        raise ValueError(f"`{text}` is no numeric address with a port, such as 192.0.2.1:5060 or [2001:db8::1]:5060")
    try:
        return str(ipaddress.ip_address(m[1] or m[2])), int(m[3])
    except ValueError:
        raise ValueError(f"`{m[1] or m[2]}` is no IP address") from None


def place(text: str) -> tuple[str, int | None]:
    """Read where a target is: an address or a host name, with a port or without."""
    if text.count(":") > 1 and "[" not in text:
        return _sendable(text), None
    m = _PLACE(text)
    if m is None or int(m[3] or 1) > _MOST:
        raise ValueError(
            f"`{text}` is no address or host name, with or without a port, such as pbx.example.com, 192.0.2.1:5060 "
            "or [2001:db8::1]:5060"
        )
    port = None if m[3] is None else int(m[3])
    if port == 0:
        raise ValueError("port 0 is no port to send to")
    host = m[1] or m[2]
    return (_sendable(host) if m[1] or _DIGITS_AND_DOTS(host) else domain(host)), port


def _sendable(text: str) -> str:
    """Read an address that calls can be sent to."""
    address = numeric(text)
    if address is None:
        raise ValueError(f"`{text}` is no IP address that calls can be sent to")
    return address


def domain(text: str) -> str:
    """Read a host name; give it in lower case."""
    name = host_name(text)
    if name is None or _EDGES(name):
        raise ValueError(f"`{text}` is no host name, such as pbx.example.com")
    return name


def source(text: str) -> Source:
    """Read an address, a network, or an address with a port."""
    try:
        return Source(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        host, port = end(text)
    except ValueError:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(
                f"`{text}` is no address or network, such as 192.0.2.7, 198.51.100.0/24 or 192.0.2.7:5062"
            ) from None
        raise ValueError(f"`{text}` has bits beyond its mask; did you mean {meant}?") from None
    if not port:
        raise ValueError("port 0 is no port to send from")
    return Source(ipaddress.ip_network(host), port)


def version(host: str) -> int:
    """Give 4 or 6 for a numeric address."""
    return 6 if ":" in host else 4


def is_wildcard(address: Address) -> bool:
    """Tell whether it stands for every address of the machine."""
    return ipaddress.ip_address(address[0]).is_unspecified


def is_loopback(address: Address) -> bool:
    """Tell whether nobody but this machine reaches it."""
    return ipaddress.ip_address(address[0]).is_loopback
