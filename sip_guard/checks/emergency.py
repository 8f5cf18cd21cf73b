"""Calls that always pass: to an emergency number, and an emergency centre's call back."""

import re

import msgspec

from sip_guard.call import Call, Code, Finding, Party
from sip_guard.number import PLAIN
from sip_guard.peer import Trunk
from sip_guard.sip.message import Request

_SOS = re.compile(rb"urn:service:(?:test\.)?sos(?:\..*)?", re.IGNORECASE)
"""RFC 5031 4.2, and the test calls of RFC 6881 17."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls are emergency calls."""

    numbers: tuple[str, ...] = ("112", "911", "999")
    """Digits as they stand in the Request-URI. Add the country's own, such as 101 and 111 or 15, 17 and 18."""


def emergency(call: Call, options: Options) -> Finding | None:
    """Tell an emergency call by where it goes: the Request-URI, for a To field is only a claim (RFC 5031, RFC 7090).

    A call back is marked `Priority: psap-callback`; a trunk that no emergency centre uses can be told to screen it.
    """
    return _emergency(call.request, call.target, call.trunk, options)


def urgent(request: Request, trunk: Trunk | None, options: Options) -> bool:
    """Tell whether a request is an emergency call before anything else is known of it; `trunk`: None on our side."""
    target = Party.of(b"<%b>" % request.uri, PLAIN if trunk is None else trunk.dial_plan)
    return _emergency(request, target, trunk, options) is not None


def _emergency(request: Request, target: Party, trunk: Trunk | None, options: Options) -> Finding | None:
    dialled = target.uri.user.partition(b";")[0].decode("utf-8", "replace") if target.uri else ""
    if target.number in options.numbers or dialled in options.numbers:
        return Finding(Code.EMERGENCY, "a call to an emergency number")
    if _SOS.fullmatch(request.uri):
        return Finding(Code.EMERGENCY, "a call to an emergency service")
    calls_back = request.value(b"priority").lower() == b"psap-callback"
    if calls_back and trunk is not None and trunk.psap_callback == "pass":
        return Finding(Code.PSAP_CALLBACK, "an emergency centre calls back")
    return None
