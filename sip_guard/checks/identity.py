"""Verifies the Identity tokens of a call (RFC 8224 6.2)."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.checks import MAX_IDENTITIES
from sip_guard.stir.certificate import Signer
from sip_guard.stir.conclude import conclude, passes
from sip_guard.stir.token import Terms, Token
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.stir.types import ATTESTING
from sip_guard.stir.verify import examine, read, verify

if TYPE_CHECKING:
    from twisted.python.failure import Failure


Certificates = Callable[[str, float], "Judgement | Finding | Deferred[Judgement | Finding]"]
"""Gives what the trust groups think of the certificate at a URL, for a moment in seconds since the epoch."""


class IdentityCheck:
    """The verification service: every token is judged, and one good token is enough."""

    name = "identity"

    def __init__(self, certificates: Certificates, terms: Terms, trusts: Trusts) -> None:
        """`trusts` says of a certificate that was judged good whether it was revoked since."""
        self._certificates = certificates
        self._terms = terms
        self._trusts = trusts

    def check(self, call: Call) -> "list[Finding] | Deferred[list[Finding]]":
        """Give what the tokens say together, or the one finding that there are none."""
        if call.trunk.identity == "ignore":
            return []
        if not call.identities:
            return [Finding(Code.NO_IDENTITY, "no Identity header")]
        if len(call.identities) > MAX_IDENTITIES:
            return [Finding(Code.TOO_MANY_IDENTITIES, f"{len(call.identities)} tokens, at most {MAX_IDENTITIES}")]
        tokens = []
        for place, value in enumerate(call.identities, 1):
            token = Token(place, value, call, self._terms)
            token.finding = read(token)
            tokens.append(token)
        diverted = len(tokens) > 1 and any(token.finding is None and token.ppt == "div" for token in tokens)
        waiting: dict[Token, Deferred[None]] = {}
        for token in tokens:
            token.diverted = diverted
            token.finding = token.finding or examine(token)
            if token.finding is None:
                judgement = self._certificates(token.identity.info, call.arrival)
                # Deferred is an abstract class: to ask whether something is one takes long.
                if isinstance(judgement, (Judgement, Finding)):
                    self._judged(judgement, token)
                else:
                    waiting[token] = judgement.addCallback(self._judged, token)
        return _awaited(tokens, waiting) if waiting else conclude(tokens)

    def _judged(self, judgement: Judgement | Finding, token: Token) -> None:
        """Judge a token by what is said of its certificate."""
        signer = judgement.by(token.call.trunk.trust) if isinstance(judgement, Judgement) else judgement
        if not isinstance(signer, Signer):
            token.finding = signer
        else:
            token.signer = signer
            revoked = self._trusts.revoked(signer, token.call.arrival)
            revoked = revoked and token.told(revoked)
            # That nobody knows whether the signer is revoked makes no bad token an outage.
            known = revoked is not None and revoked.code.outcome is not Outcome.UNAVAILABLE
            token.finding = revoked if known else verify(token) or revoked


def _awaited(tokens: list[Token], waiting: "dict[Token, Deferred[None]]") -> "Deferred[list[Finding]]":
    """Wait until all are judged, or what is left can say nothing more. Cancelling the result cancels the waiting."""

    def judged(_: None, token: Token) -> None:
        del waiting[token]
        end()

    def failed(failure: "Failure", token: Token) -> None:
        del waiting[token]
        if not result.called:
            result.errback(failure)
            stop()

    def end() -> None:
        if result.called:
            return
        known = [token for token in tokens if token not in waiting]
        if not waiting or (_about_number(waiting) and any(map(passes, known))):
            result.callback(conclude(known))
            stop()

    def stop(_: object = None) -> None:
        for deferred in list(waiting.values()):
            deferred.cancel()

    result: Deferred[list[Finding]] = Deferred(stop)
    for token, deferred in list(waiting.items()):
        deferred.addCallbacks(judged, failed, (token,), errbackArgs=(token,))
    end()
    return result


def _about_number(tokens: Iterable[Token]) -> bool:
    """Tell whether these tokens speak of the caller's number alone, for which one good token is enough."""
    return all(token.ppt in ATTESTING or token.ppt == "div" for token in tokens)
