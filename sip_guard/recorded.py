"""A call out of the form of its decision: what `sip_guard.record` has kept of it, and no more."""

from typing import Any, Final, NamedTuple

from sip_guard.call import Attestation, Call, Code, Finding
from sip_guard.peer import Trunk
from sip_guard.sip.flow import Flow
from sip_guard.sip.message import MalformedMessage, Request, parse

_FLOW: Final = Flow("UDP", ("0.0.0.0", 0), ("0.0.0.0", 0))  # noqa: S104 - it need not be one of ours
_CODES: Final = {code.value: code for code in Code}
_OWN: Final = frozenset({"code", "detail", "token", "weighs"})


class Recorded(NamedTuple):
    """What can be had back of a call."""

    call: Call
    """Header fields that are not in the record are missing."""
    findings: tuple[Finding, ...]


def recorded(fields: dict[str, Any], trunk: Trunk, at: float) -> Recorded:
    """Read the decision about a call that came by `trunk` and was decided at `at` (seconds since the epoch).

    Raises ValueError where the form is another one.
    """
    try:
        call = Call.of(_request(fields), trunk, _FLOW, at - fields["latency_ms"] / 1000)
        return Recorded(call, tuple(_finding(each, fields) for each in fields["findings"]))
    except (LookupError, TypeError, AttributeError, MalformedMessage) as error:
        raise ValueError(str(error)) from error


def _finding(each: dict[str, Any], fields: dict[str, Any]) -> Finding:
    code = _CODES[each["code"]]
    attestation = None
    if code is Code.PASSED and fields["attest"] is not None:
        attestation = Attestation(fields["attest"], fields["origid"] or "", fields["spc"] or "", frozenset())
    return Finding(
        code,
        each["detail"],
        token=each["token"] or 0,
        weighs=each["weighs"],
        attestation=attestation,
        particulars=tuple((name, value) for name, value in each.items() if name not in _OWN),
    )


def _request(fields: dict[str, Any]) -> Request:
    """Make an INVITE that shows what the record says."""
    lines = [
        f"INVITE {_uri(fields['target'])} SIP/2.0",
        "Via: SIP/2.0/UDP record.invalid;branch=z9hG4bKrecord",
        "Max-Forwards: 70",
        f"From: <{_uri(fields['from'])}>;tag=record",
        f"To: <{_uri(fields['to'])}>",
        f"Call-ID: {fields['call_id']}",
        "CSeq: 1 INVITE",
        "Contact: <sip:record.invalid>",
        *(f"P-Asserted-Identity: <{_uri(number)}>" for number in fields["asserted"]),
        *(f"Diversion: <{_uri(number)}>" for number in fields.get("diversion", ())),
        *(f"Privacy: {word}" for word in fields.get("privacy", ())),
        "Content-Length: 0",
    ]
    request = parse("\r\n".join([*lines, "", ""]).encode())
    if not isinstance(request, Request):
        raise TypeError("no request")
    return request


def _uri(user: str) -> str:
    plus = "+" if user.isdecimal() and len(user) > 6 else ""
    return f"sip:{plus}{user}@record.invalid" if user else "sip:anonymous@anonymous.invalid"
