"""What the caller's side is told of its tokens in answers: values of Reason (RFC 3326, RFC 9410)."""

import re
from collections.abc import Iterable
from typing import Literal

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.policy.weighing import RESULTS, chief

Protocol = Literal["stir", "sip", "both", "none"]

_ERRORS = frozenset(outcome for outcome, result in RESULTS.items() if result == "failed") | {
    Outcome.REPLAYED,
    Outcome.UNAVAILABLE,
}
"""A token that is genuine, but not for all that is shown, has no error."""

_compact = re.compile(rb"[^;]*\.([A-Za-z0-9_-]{1,256})[ \t]*(?:;|$)", re.DOTALL).match


def reasons(call: Call, findings: Iterable[Finding], protocol: Protocol) -> tuple[bytes, ...]:
    """Give a value for each of the call's tokens that has an error, whether or not another one is good (RFC 9410 4).

    With protocol STIR, each names its token by the `ppi` parameter. With SIP, as SHAKEN had it before, there is at most
    one (RFC 3326 2), for the reason why no token is good.
    """
    # A check of ours that took too long is no error of a token.
    wrong = [each for each in findings if each.code.outcome in _ERRORS and each.code is not Code.CHECK_UNAVAILABLE]
    if not wrong:
        return ()
    values: list[bytes] = []
    if protocol in ("stir", "both"):
        values += dict.fromkeys(_value(b"STIR", finding) + _ppi(call, finding) for finding in wrong)
    first = chief([finding for finding in wrong if finding.weighs])
    if protocol in ("sip", "both") and first is not None:
        values.append(_value(b"SIP", first))
    return tuple(values)


def _value(protocol: bytes, finding: Finding) -> bytes:
    return b'%b;cause=%d;text="%b"' % (protocol, finding.code.sip_code, finding.code.phrase.encode())


def _ppi(call: Call, finding: Finding) -> bytes:
    """Name a token in its compact form, by its signature (RFC 9410 4); one that has none is not named."""
    signature = _compact(call.identities[finding.token - 1]) if 0 < finding.token <= len(call.identities) else None
    return b"" if signature is None else b';ppi="..%b"' % signature[1]
