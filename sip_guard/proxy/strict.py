"""Strict routes, as of RFC 2543: what such a router did to a request is undone, what it needs is done (RFC 3261 16)."""

from sip_guard.proxy.route import PROOF, Addresses
from sip_guard.sip.headers import name_addr, split_list
from sip_guard.sip.request_uri import allowed
from sip_guard.sip.rewrite import Draft
from sip_guard.sip.uri import Uri


def undo(draft: Draft, addresses: Addresses) -> bool:
    """Make a request that a strict router sent what a loose one would have sent (RFC 3261 16.4).

    Where the Request-URI is a value that we put into a Record-Route, the last value of the Route comes in its place,
    and it becomes the first value of the Route, for `take_own_routes` to take. Gives whether that was so. Anybody can
    write our parameter: the draft may go on only if its proof holds, for nobody has screened this Request-URI.
    """
    if draft.start.find(b";" + PROOF) < 0:
        return False
    ours = draft.uri
    uri = Uri.parse(ours)
    values = _values(draft)
    if uri is None or uri.parameter(PROOF) is None or not addresses.include(uri) or not values:
        return False
    last = allowed(name_addr(values[-1][1]).uri)
    if last is None:
        return False
    draft.uri = last
    _set_values(draft, [(values[0][0], b"<" + ours + b">"), *values[:-1]])
    return True


def make(draft: Draft) -> bool:
    """Form a request for its next hop if that is a strict router: its Route value has no `lr` (RFC 3261 16.6 step 6).

    The Request-URI becomes the last value of the Route, and the first value becomes the Request-URI. Gives whether that
    was so. Where the request is sent stays the same.
    """
    values = _values(draft)
    if not values:
        return False
    address = name_addr(values[0][1])
    uri, first = Uri.parse(address.uri), allowed(address.uri)
    # Without `<>` the parameters are those of the field, and `lr` among them cannot be meant otherwise.
    if uri is None or first is None or not uri.host or uri.parameter(b"lr") is not None or b"lr" in address.params:
        return False
    _set_values(draft, [*values[1:], (values[-1][0], b"<" + draft.uri + b">")])
    draft.uri = first
    return True


def _values(draft: Draft) -> list[tuple[int, bytes]]:
    """Give the values of the Route as it stands now, each with its place."""
    return [(place, value) for place in draft.message.places(b"route") for value in split_list(draft.value_at(place))]


def _set_values(draft: Draft, values: list[tuple[int, bytes]]) -> None:
    """Let the Route have these values; a line whose values stay is left as it is."""
    for place in draft.message.places(b"route"):
        standing = split_list(draft.value_at(place))
        wanted = [value for at, value in values if at == place]
        if not wanted:
            draft.remove(place)
        elif wanted != standing:
            draft.set_value(place, b", ".join(wanted))
