"""The ways out: which calls of our side leave by which trunk."""

import re

from sip_guard import peer
from sip_guard.config import options
from sip_guard.config.fault import Faults
from sip_guard.sip.grammar import NAMES, canonical_name

TAKEN = frozenset(NAMES.values())
"""Header fields that have a meaning of their own."""
_PREFIX = re.compile(r"\+[0-9]{0,15}|[0-9]{1,15}").fullmatch


def read(file: options.File, faults: Faults) -> tuple[peer.Route, ...]:
    """Read `routes`."""
    routes = tuple(_route(item, file, f"routes[{i}]", faults) for i, item in enumerate(file.routes))
    if not faults.found:
        for i, route in enumerate(routes):
            _applies(route, routes[:i], f"routes[{i}]", faults)
    return routes


def _route(item: options.Route, file: options.File, at: str, faults: Faults) -> peer.Route:
    trunks = {trunk.name for trunk in file.trunks}
    names = faults.among(item.trunks, trunks, f"{at}.trunks", "trunk")
    closed = trunks - {target.trunk for target in file.targets}
    for i, name in enumerate(names):
        if name in closed:
            where = f"{at}.trunks" if isinstance(item.trunks, str) else f"{at}.trunks[{i}]"
            faults.add(where, f"no target has `trunk: {name}`, so that calls cannot go out there; add one")
    for i, prefix in enumerate(item.prefixes):
        if not _PREFIX(prefix):
            faults.add(f"{at}.prefixes[{i}]", f'`{prefix}` is no beginning of a number as it is dialled, such as "+44"')
    if item.value is not None and item.header is None:
        faults.add(f"{at}.value", "this is the value of a header field; add `header` with its name")
    return peer.Route(
        trunks=names,
        prefixes=item.prefixes,
        header="" if item.header is None else _header(item.header, f"{at}.header", faults),
        value=(item.value or "").strip(),
    )


def _header(name: str, at: str, faults: Faults) -> str:
    meant = canonical_name(name.encode())
    if meant is None:
        faults.add(at, f"`{name}` is no name of a header field")
        return ""
    if meant in TAKEN:
        faults.add(at, f"`{name}` has a meaning of its own in SIP, and this field is removed; take a private name")
    return meant.decode()


def _applies(route: peer.Route, before: tuple[peer.Route, ...], at: str, faults: Faults) -> None:
    """Refuse a prefix, or a route without any, that can never apply since earlier routes take it all."""
    for i, prefix in enumerate(route.prefixes or ("",)):
        first = next((j for j, other in enumerate(before) if _takes(other, route, prefix)), None)
        if first is not None:
            faults.add(
                f"{at}.prefixes[{i}]" if route.prefixes else at,
                f"this never applies: routes[{first}] comes first and takes all such calls; put the special before the "
                "general",
            )


def _takes(earlier: peer.Route, route: peer.Route, prefix: str) -> bool:
    """Tell whether the earlier one takes all that the other could with this prefix."""
    if earlier.header and (earlier.header != route.header or earlier.value.lower() not in ("", route.value.lower())):
        return False
    return prefix.startswith(earlier.prefixes) if earlier.prefixes else True
