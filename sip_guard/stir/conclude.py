"""From the tokens of a call, each judged by itself, to what they say together (RFC 8224 6.2, RFC 8946 4.2)."""

from collections.abc import Sequence

import msgspec

from sip_guard.call import Code, Finding, Outcome
from sip_guard.stir.diversion import way
from sip_guard.stir.token import Token
from sip_guard.stir.types import ATTESTING, rcd, rph
from sip_guard.stir.verify import about_signer, attested

_MERIT = (Outcome.PASSED, Outcome.UNATTESTED, Outcome.UNAVAILABLE)


def conclude(tokens: Sequence[Token]) -> list[Finding]:
    """Give a finding for each token that was judged, more for names that good tokens sign, and what was noted."""
    token = tokens[0]
    good = token.finding is None and token.alone is None and not token.notes and token.ppt in ATTESTING
    if len(tokens) == 1 and good and not token.passport.more:
        # As usual, there is nothing to weigh it against.
        return [attested(token)]
    return _together(tokens)


def _together(tokens: Sequence[Token]) -> list[Finding]:
    """Weigh tokens against each other, and follow diversions."""
    divs = [token for token in tokens if token.finding is None and token.ppt == "div"]
    led: set[Token] = set()
    about_number: dict[int, Finding] = {}
    notes: list[Finding] = []
    for token in tokens:
        place = token.place
        if token.notes:
            notes += [msgspec.structs.replace(note, token=place) for note in token.notes]
        if token.finding is not None:
            if _is_about_number(token):
                about_number[place] = token.finding
            else:
                notes.append(_failed(token, token.finding))
        elif token.ppt in ATTESTING:
            finding, through = _worth(token, divs)
            about_number[place] = finding
            led.update(through)
            if finding.code is Code.PASSED:
                notes += _placed(rcd.named(token.passport, token.call), place)
        elif token.ppt == "rph":
            notes.append(_priority(token, tokens))
        elif token.ppt == "rcd":
            notes += _placed(rcd.named(token.passport, token.call), place)
    for token in divs:
        about = about_signer(token)
        if token in led:
            notes.append(
                Finding(Code.DIV_PASSED, "part of a chain to the called number", token.place, particulars=about)
            )
        else:
            why = "it leads from no other token to the called number"
            about_number[token.place] = Finding(Code.DIV_BROKEN, why, particulars=about)
    return combined(about_number) + notes


def passes(token: Token) -> bool:
    """Tell whether a token that was judged attests the caller's number by itself."""
    good = token.finding is None and token.alone is None and token.ppt in ATTESTING
    return good and attested(token).code is Code.PASSED


def _worth(token: Token, divs: list[Token]) -> tuple[Finding, list[Token]]:
    """Say what a token is worth by itself, or else by the `div` tokens that lead on from it, and give those."""
    by_itself = token.alone or attested(token)
    if divs and (token.alone is not None or by_itself.code is Code.DEST_DIVERTED):
        through = way(token, divs)
        if through:
            return attested(token, len(through)), through
    return by_itself, []


def _is_about_number(token: Token) -> bool:
    """Tell whether a token that is not good counts as one about the number: so does one that cannot be read."""
    return token.ppt not in ("rph", "rcd")


def _failed(token: Token, finding: Finding) -> Finding:
    """Give what becomes of a token that is not about the number: an outage is told as one, all else is a failure."""
    if finding.code.outcome is Outcome.UNAVAILABLE:
        return msgspec.structs.replace(finding, token=token.place, weighs=False)
    code = Code.RPH_FAILED if token.ppt == "rph" else Code.RCD_FAILED
    return Finding(code, f"{finding.code.value}: {finding.detail}", token=token.place, particulars=finding.particulars)


def _priority(token: Token, tokens: Sequence[Token]) -> Finding:
    """Compare what all genuine tokens authorise with what the call asks for (RFC 8443 4.2), and tell it of one.

    Each may stand for one namespace of several.
    """
    about = about_signer(token)
    if token.alone is not None:
        return Finding(Code.RPH_FAILED, token.alone.detail, token.place, particulars=about)
    genuine = (each for each in tokens if each.ppt == "rph" and each.finding is None and each.alone is None)
    beyond = rph.asked(token.call.request).difference(*(rph.authorised(each.passport) for each in genuine))
    if beyond:
        detail = f"Resource-Priority asks for more: {', '.join(sorted(beyond))[:100]}"
        return Finding(Code.RPH_FAILED, detail, token=token.place, particulars=about)
    return Finding(Code.RPH_PASSED, "the priority is authorised", token=token.place, particulars=about)


def _placed(finding: Finding | None, place: int) -> list[Finding]:
    return [] if finding is None else [msgspec.structs.replace(finding, token=place)]


def combined(found: dict[int, Finding]) -> list[Finding]:
    """Say which findings weigh (RFC 8224 6.2), by the place of their tokens: a call fails only if all its tokens do.

    So the best outcome counts alone: passed, then valid but not for all that is shown, then could not be checked. A
    token of a type that is not supported counts only where there is no other.
    """
    if not found:
        return [Finding(Code.NO_IDENTITY, "no token that speaks of the caller's number")]
    if len(found) == 1:
        ((token, finding),) = found.items()
        return [finding if finding.token == token else msgspec.structs.replace(finding, token=token)]
    outcomes = {finding.code.outcome for finding in found.values()}
    best = next((outcome for outcome in _MERIT if outcome in outcomes), None)
    failed = outcomes - {*_MERIT, Outcome.UNSIGNED}
    result = []
    for token, finding in sorted(found.items()):
        outcome = finding.code.outcome
        weighs = outcome is best if best else (outcome is not Outcome.UNSIGNED or not failed)
        same = finding.token == token and finding.weighs is weighs
        result.append(finding if same else msgspec.structs.replace(finding, token=token, weighs=weighs))
    return result
