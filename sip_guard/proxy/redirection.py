"""Where an answer redirects a call to (RFC 3261 8.1.3.4, 16.5 and 16.7 step 4)."""

import re
from collections.abc import Collection

from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.message import Request, Response
from sip_guard.sip.request_uri import allowed
from sip_guard.sip.uri import scheme

MAX_CONTACTS = 5
"""Contacts of one answer that are tried."""
_FOLLOWED = frozenset((300, 301, 302))
"""305 names a proxy and 380 another service: neither is another address of the callee."""
_q = re.compile(rb"0?\.[0-9]{1,3}|0\.?|1(?:\.0{0,3})?").fullmatch


def contacts(response: Response, request: Request, tried: Collection[bytes] = ()) -> list[bytes]:
    """Give the Request-URIs that a 3xx to `request` leads to: at most 5, the best first (by `q`, then as they stand).

    Only SIP and tel URIs, without what may not stand in a Request-URI; none twice, and none of those `tried` before;
    only SIPS ones for a request that was secure all the way (16.7 step 4). Empty for what is no redirection.
    """
    if response.code not in _FOLLOWED:
        return []
    secure = scheme(request.uri) == b"sips"
    found: dict[bytes, float] = {}
    for value in response.values(b"contact"):
        for item in split_list(value):
            address = name_addr(item)
            uri = allowed(address.uri)
            if uri is None or uri == request.uri or uri in tried or (secure and scheme(uri) != b"sips"):
                continue
            preference = _preference(address.params.get(b"q"))
            found[uri] = max(preference, found.get(uri, 0.0))
    return sorted(found, key=lambda uri: -found[uri])[:MAX_CONTACTS]


def _preference(q: bytes | None) -> float:
    """Read a q value; 1 if there is none, and 0 for what is none: it does not come before others."""
    if q is None:
        return 1.0
    return float(q) if _q(q) else 0.0
