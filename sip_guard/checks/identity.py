"""Verifies the Identity tokens of a call (RFC 8224 6.2)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from twisted.internet.defer import Deferred

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.stir import identity
from sip_guard.stir.trust import Judgement
from sip_guard.stir.verify import Freshness, examine, verify

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from sip_guard.stir.passport import Passport

MAX_IDENTITIES = 8
"""Tokens of a call that are looked at."""

_MERIT = (Outcome.PASSED, Outcome.UNATTESTED, Outcome.UNAVAILABLE)

Certificates = Callable[[str, float], "Judgement | Finding | Deferred[Judgement | Finding]"]
"""Gives what the trust groups think of the certificate at a URL, for a moment in seconds since the epoch."""


class IdentityCheck:
    """The verification service: every token is judged, and one good token is enough."""

    name = "identity"

    def __init__(
        self, certificates: Certificates, freshness: Freshness, laboratories: frozenset[tuple[str, int]]
    ) -> None:
        """`laboratories`: hosts and ports besides those of the standards that an `info` may name."""
        self._certificates = certificates
        self._freshness = freshness
        self._laboratories = laboratories

    def check(self, call: Call) -> "list[Finding] | Deferred[list[Finding]]":
        """Give one finding a token, or the one that says there is none."""
        if call.trunk.identity == "ignore":
            return []
        if not call.identities:
            return [Finding(Code.NO_IDENTITY, "no Identity header")]
        if len(call.identities) > MAX_IDENTITIES:
            return [Finding(Code.TOO_MANY_IDENTITIES, f"{len(call.identities)} tokens, at most {MAX_IDENTITIES}")]
        found = dict(enumerate((self._token(value, call) for value in call.identities), 1))
        known = {token: item for token, item in found.items() if isinstance(item, Finding)}
        waiting = {token: item for token, item in found.items() if isinstance(item, Deferred)}
        if not waiting:
            return combined(known)
        return _awaited(known, waiting)

    def _token(self, value: bytes, call: Call) -> "Finding | Deferred[Finding]":
        parsed = identity.parse(value)
        if isinstance(parsed, Finding):
            return parsed
        passport = examine(parsed, call, self._freshness, self._laboratories)
        if isinstance(passport, Finding):
            return passport
        judgement = self._certificates(parsed.info, call.arrival)
        if isinstance(judgement, Deferred):
            return judgement.addCallback(_judged, passport, call)
        return _judged(judgement, passport, call)


def _judged(judgement: Judgement | Finding, passport: "Passport", call: Call) -> Finding:
    signer = judgement.by(call.trunk.trust) if isinstance(judgement, Judgement) else judgement
    return signer if isinstance(signer, Finding) else verify(passport, signer, call)


def _awaited(known: dict[int, Finding], waiting: "dict[int, Deferred[Finding]]") -> "Deferred[list[Finding]]":
    """Wait until a token has passed or all are judged. Cancelling the result cancels the waiting."""

    def judged(finding: Finding, token: int) -> None:
        del waiting[token]
        known[token] = finding
        end()

    def failed(failure: "Failure", token: int) -> None:
        del waiting[token]
        if not result.called:
            result.errback(failure)
            stop()

    def end() -> None:
        if not result.called and (not waiting or any(finding.code is Code.PASSED for finding in known.values())):
            result.callback(combined(known))
            stop()

    def stop(_: object = None) -> None:
        for deferred in list(waiting.values()):
            deferred.cancel()

    result: Deferred[list[Finding]] = Deferred(stop)
    for token, deferred in list(waiting.items()):
        deferred.addCallbacks(judged, failed, (token,), errbackArgs=(token,))
    end()
    return result


def combined(found: dict[int, Finding]) -> list[Finding]:
    """Say which findings weigh (RFC 8224 6.2), by the place of their tokens: a call fails only if all its tokens do.

    So the best outcome counts alone: passed, then valid but not for all that is shown, then could not be checked. A
    token of a type that is not supported counts only where there is no other.
    """
    outcomes = {finding.code.outcome for finding in found.values()}
    best = next((outcome for outcome in _MERIT if outcome in outcomes), None)
    failed = outcomes - {*_MERIT, Outcome.UNSIGNED}
    result = []
    for token, finding in sorted(found.items()):
        outcome = finding.code.outcome
        weighs = outcome is best if best else (outcome is not Outcome.UNSIGNED or not failed)
        result.append(msgspec.structs.replace(finding, token=token, weighs=weighs))
    return result
