"""Whether what a call shows as a telephone number is one at all, whatever its country (E.164 6.1)."""

from urllib.parse import unquote_to_bytes

from sip_guard.call import Call, Code, Finding, Party

_MAX_DIGITS = 15
"""Of an international number (E.164 6.1; CRTC 2018-484 refuses more)."""
_SHORT = 6
"""Digits of the longest number that exists inside a network or a PBX alone, such as 112 or an extension."""
_LIKE = frozenset("+-.() ")
"""What stands in numbers besides digits."""


class NumberFormatCheck:
    """Looks at the form of From and of what the network asserts. A name, such as `alice`, is no number and no fault."""

    name = "number-format"

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each field that is wrong, or the note that the call shows no number."""
        found = [
            Finding(Code.NUMBER_MALFORMED, f"{field}: {fault}", particulars=(("field", field),))
            for field, party in call.shown()
            if (fault := _fault(party))
        ]
        if not found and all(party.number is None for _, party in call.shown()):
            return [Finding(Code.NUMBER_MISSING, "neither From nor the network shows a number")]
        return found


def _fault(party: Party) -> str:
    number = party.number
    if number is None:
        return "written like a number, and none" if _resembles(party) else ""
    if not number.isdecimal():
        return "a star code"
    if len(number) > _MAX_DIGITS:
        return f"{len(number)} digits, at most {_MAX_DIGITS}"
    if number[0] == "0":
        return "not an international number; if a whole trunk has it, see its `dial_plan`"
    if len(number) <= _SHORT:
        return "a short number, which nobody outside can call"
    return ""


def _resembles(party: Party) -> bool:
    """Tell whether a PBX may show as a number what is none: a tel URI, a leading `+`, digits of any script."""
    if party.uri is None or not party.uri.user:
        return False
    user = unquote_to_bytes(party.uri.user).decode("utf-8", "replace").partition(";")[0]
    if party.uri.scheme == b"tel" or user.startswith("+"):
        return True
    return any(c.isdigit() for c in user) and all(c.isdigit() or c in _LIKE for c in user)
