"""Which addresses the world outside may lead us to (RFC 6890): what a host name resolves to is chosen by its owner."""

import ipaddress

_REFUSED_IPV4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_EMBEDDING = tuple(ipaddress.IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96"))
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: str) -> bool:
    """Tell whether a numeric address belongs to the public Internet. Special-purpose ones (RFC 6890) do not.

    Of IPv6 only global unicast counts (2000::/3) without Teredo and the other protocol assignments, documentation and
    6to4. IPv4-mapped (RFC 4291 2.5.5.2) and NAT64 addresses (RFC 6052) are as public as the IPv4 address in them. What
    has a scope, or is no address in its usual spelling, is not public.
    """
    ip = _read(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _REFUSED_IPV4)
    return ip is not None and ip in _GLOBAL_UNICAST and not any(ip in network for network in _REFUSED_IPV6)


def is_private(address: str) -> bool:
    """Tell whether a numeric address is loopback or private (RFC 1918, RFC 4193): where a laboratory may be.

    Link-local addresses are not among them: cloud hosts hand out their secrets at 169.254.169.254.
    """
    ip = _read(address)
    return ip is not None and any(ip in network for network in _PRIVATE)


def _read(address: str) -> Ip | None:
    """Read an address, and where it only wraps an IPv4 address, that one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.scope_id is not None:
        return None
    if any(ip in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip
