"""By which trunks a call of our side leaves."""

from collections.abc import Iterable

from sip_guard.number import dialled
from sip_guard.peer import Route
from sip_guard.sip.message import Request
from sip_guard.sip.uri import Uri


def choose(routes: Iterable[Route], request: Request) -> Route | None:
    """Give the first route that fits, by what the called number begins with and by its header field; None: no way out.

    The called number is the user part of the Request-URI (or the number of a tel URI) as it was dialled. A number that
    is none, such as that of an emergency service's URN, fits routes without prefixes alone.
    """
    called = _called(request)
    return next((route for route in routes if called.startswith(route.prefixes or "") and _shown(route, request)), None)


def choosing(routes: Iterable[Route]) -> frozenset[bytes]:
    """Give the names of the header fields that choose routes: they are meant for us, and go no further."""
    return frozenset(route.header.encode() for route in routes if route.header)


def _called(request: Request) -> str:
    uri = Uri.parse(request.uri)
    return "" if uri is None else dialled(uri.user.decode("utf-8", "replace"))


def _shown(route: Route, request: Request) -> bool:
    """Tell whether the header field of a route is there with its value, without regard to case."""
    if not route.header:
        return True
    values = [value.decode("utf-8", "replace").strip().lower() for value in request.values(route.header.encode())]
    return route.value.strip().lower() in values if route.value else bool(values)
