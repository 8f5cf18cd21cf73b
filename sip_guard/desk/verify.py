"""Judges a request at a desk, and tells every check with what came of it (RFC 8224 6.2)."""

from collections.abc import Sequence

import msgspec
from twisted.internet.defer import Deferred

from sip_guard.call import Call, Code, Finding, Outcome
from sip_guard.checks import MAX_IDENTITIES
from sip_guard.checks.identity import Certificates
from sip_guard.desk.statement import Statement
from sip_guard.peer import Trunk
from sip_guard.sip.flow import Flow
from sip_guard.stir import identity, trace
from sip_guard.stir.certificate import Signer
from sip_guard.stir.conclude import conclude
from sip_guard.stir.token import Terms, Token
from sip_guard.stir.trace import Line
from sip_guard.stir.trust import Judgement, Trusts
from sip_guard.stir.types.rcd import legible

_FLOW = Flow("UDP", ("0.0.0.0", 0), ("0.0.0.0", 0))  # noqa: S104 - of a message that came from nowhere


class Told(msgspec.Struct, frozen=True):
    """One token."""

    token: int
    """Which Identity value it is, counted from 1."""
    type: str
    lines: tuple[Line, ...]


class Report(msgspec.Struct, frozen=True):
    """What was found out about a request."""

    at: float
    """The moment that all was judged for, in seconds since the epoch."""
    told: tuple[Told, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether a token attests what the request shows."""
        return any(finding.code is Code.PASSED and finding.weighs for finding in self.findings)


class Circumstances(msgspec.Struct, frozen=True):
    """How a request is taken to have come, and whom its tokens are believed by."""

    trunk: Trunk
    terms: Terms
    trusts: Trusts
    certificates: Certificates
    at: float
    """When, in seconds since the epoch."""


async def verify(statement: Statement, given: Circumstances) -> Report:
    """Ask every check about every token."""
    call = Call.of(statement.request, given.trunk, _FLOW, given.at)
    tokens = [Token(place, value, call, given.terms) for place, value in enumerate(call.identities, 1)]
    diverted = any(_is_div(token.value) for token in tokens)
    told = []
    for token in tokens:
        token.diverted = diverted
        lines = [_told(line, token, statement) for line in trace.examined(token)]
        lines += await _certified(token, given)
        ppt = token.ppt if hasattr(token, "identity") else "?"
        told.append(Told(token.place, ppt or "base", tuple(lines)))
    return Report(given.at, tuple(told), tuple(_together(tokens)))


def _is_div(value: bytes) -> bool:
    found = identity.parse(value)
    return not isinstance(found, Finding) and found.ppt == "div"


def _together(tokens: Sequence[Token]) -> list[Finding]:
    """Say what the tokens come to as the check in line would."""
    if not tokens:
        return [Finding(Code.NO_IDENTITY, "no Identity header")]
    if len(tokens) > MAX_IDENTITIES:
        return [Finding(Code.TOO_MANY_IDENTITIES, f"{len(tokens)} tokens, at most {MAX_IDENTITIES}")]
    return conclude(tokens)


def _told(line: Line, token: Token, statement: Statement) -> Line:
    """Say more of a check that found nothing wrong: what it looked at, or that there was nothing to look at."""
    if line.outcome != "good":
        return line
    if line.check in ("orig", "dest") and line.check not in statement.compared:
        return line._replace(outcome="not asked", detail="there is no call to compare it with")
    if line.check == "media keys" and "mky" not in token.passport.more:
        return line._replace(outcome="not asked", detail="the token names none")
    about = _about(line.check, token)
    return line._replace(detail=about) if about else line


def _about(check: str, token: Token) -> str:
    """Give what a check was about, for people."""
    if check == "info URL":
        return token.identity.info[:200]
    if check == "time":
        return f"signed {token.call.arrival - token.passport.iat:.0f} s before"
    if check == "orig":
        return legible(token.passport.orig_tn or token.passport.orig_uri or "")
    if check == "dest":
        return legible(", ".join((*token.passport.dest_tn, *token.passport.dest_uri)))
    if check == "claims" and token.passport.attest:
        return f"attestation {token.passport.attest}, origid {legible(token.passport.origid or '-')}"
    return ""


async def _certified(token: Token, given: Circumstances) -> list[Line]:
    """Ask all that needs the certificate, if the token names one that may be asked for."""
    lines = [Line("certificate", "RFC 8224 6.2 step 3", "good"), Line("chain", "RFC 8226 3, ATIS-1000080", "good")]
    if not hasattr(token, "passport"):
        why = "the claims cannot be read"
        return [line._replace(outcome="not asked", detail=why) for line in lines] + list(trace.verified(token))
    judgement = given.certificates(token.identity.info, token.call.arrival)
    judgement = await judgement if isinstance(judgement, Deferred) else judgement
    signer = judgement.by(token.call.trunk.trust) if isinstance(judgement, Judgement) else judgement
    if isinstance(signer, Finding):
        token.finding = token.finding or signer
        had = signer.code.outcome is not Outcome.UNAVAILABLE
        wrong = f"{signer.code.value}: {signer.detail}"
        lines[had] = lines[had]._replace(outcome="wrong", detail=wrong)
        if not had:
            lines[1] = lines[1]._replace(outcome="not asked", detail="there is no certificate")
        return lines + list(trace.verified(token))
    token.signer = signer
    lines[0] = lines[0]._replace(detail=signer.subject)
    lines[1] = lines[1]._replace(detail=f"to an anchor of the trust group {signer.trust}")
    revoked = given.trusts.revoked(signer, token.call.arrival)
    lines.append(_revocation(revoked, signer, given))
    unknown = revoked is not None and revoked.code.outcome is Outcome.UNAVAILABLE
    if not unknown:
        token.finding = token.finding or (revoked and token.told(revoked))
    lines += trace.verified(token)
    # As in line: that nobody knows whether the signer is revoked makes no bad token an outage.
    token.finding = token.finding or (revoked if unknown else None)
    return lines


def _revocation(revoked: Finding | None, signer: Signer, given: Circumstances) -> Line:
    """Tell what is known of the signer's being revoked."""
    line = Line("revocation", "RFC 5280 6.3.3", "good")
    if revoked is not None:
        known = revoked.code.outcome is not Outcome.NOTE
        told = f"{revoked.code.value}: {revoked.detail}"
        return line._replace(outcome="wrong" if known else "not asked", detail=told)
    if given.trusts.groups[signer.trust].revocation is None:
        return line._replace(outcome="not asked", detail="the trust group has no revocation list")
    return line
