"""Diverted calls: from whom a call went on to whom (RFC 8946)."""

from sip_guard.call import Code, Finding
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import numbers

_CLAIMS = frozenset(("dest", "div", "iat", "orig"))


def fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims of a `div` token; None if nothing is (RFC 8946 3)."""
    if "div" not in passport.more:
        return Finding(Code.CLAIM_MISSING, "no 'div' in the payload")
    if "opt" in passport.more:
        return Finding(Code.CLAIM_INVALID, "'opt' belongs to `div-o` tokens alone (RFC 8946 5)")
    kind, name = diverted_from(passport)
    if kind == "tn" and not numbers.TN(name):
        return Finding(Code.CLAIM_INVALID, "'div' has a 'tn' with other characters than 0-9, # and *")
    if not kind:
        return Finding(Code.CLAIM_INVALID, "'div' does not hold exactly one of 'tn' and 'uri', a string")
    return numbers.fault(passport)


def diverted_from(passport: Passport) -> tuple[str, str]:
    """Give who was called before: `tn` or `uri`, and its value; both empty where the claim is not well formed."""
    claim = passport.more.get("div")
    if isinstance(claim, dict) and ("tn" in claim) != ("uri" in claim):
        kind = "tn" if "tn" in claim else "uri"
        name = claim[kind]
        if isinstance(name, str) and name:
            return kind, name
    return "", ""
