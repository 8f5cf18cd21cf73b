"""What several findings come to: the result of verification, and the one finding that is the reason."""

from collections.abc import Collection, Iterable

from sip_guard.call import Finding, Outcome

RESULTS = {
    Outcome.REPLAYED: "unable",
    Outcome.PASSED: "passed",
    Outcome.UNATTESTED: "unable",
    Outcome.MISMATCH: "failed",
    Outcome.STALE: "failed",
    Outcome.BAD_SIGNATURE: "failed",
    Outcome.UNTRUSTED: "failed",
    Outcome.MALFORMED: "failed",
    Outcome.UNSIGNED: "absent",
    Outcome.UNAVAILABLE: "unable",
}
"""What an outcome says of the call's tokens, the first that is there counts; one that is not here says nothing of them.

Replayed stands before passed: whatever such a token attests, it is not believed. Unavailable stands last: of the tokens
it weighs alone, and beside others it is some other check that had an outage.
"""

_ORDER = {outcome: place for place, outcome in enumerate(RESULTS)}
_PRECEDENCE = {code: place for place, code in enumerate((403, 436, 437, 438, 428))}
_SILENT = frozenset((Outcome.NOTE, Outcome.EXEMPT))


def result(findings: Iterable[Finding]) -> str:
    """Say in one word what verification came to, by the findings that weigh: the `verdict` of `X-SIP-Guard`."""
    found = deciding(findings)
    return "absent" if found is None else RESULTS[found.code.outcome]


def deciding(findings: Iterable[Finding]) -> Finding | None:
    """Give the finding that the result comes from, of those that weigh; None: none says anything of tokens."""
    found, first = None, len(_ORDER)
    for finding in findings:
        if finding.weighs and (place := _ORDER.get(finding.code.outcome, first)) < first:
            found, first = finding, place
    return found


def chief(findings: Collection[Finding]) -> Finding | None:
    """Give the finding that is the reason; None without any.

    That is a token that was replayed, or one that passed; else, of several, the first by the order of their SIP codes.
    """
    return min(findings, key=_rank, default=None)


def exempt(findings: Iterable[Finding]) -> Finding | None:
    """Give the finding for which a call passes whatever the rules say; None without one."""
    for finding in findings:
        if finding.code.outcome is Outcome.EXEMPT:
            return finding
    return None


def _rank(finding: Finding) -> tuple[bool, bool, int]:
    code, outcome = finding.code, finding.code.outcome
    return outcome in _SILENT, outcome is not Outcome.REPLAYED, _PRECEDENCE.get(code.sip_code, -1)
