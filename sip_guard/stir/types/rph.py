"""Resource-Priority that its signer vouches for (RFC 8443). It says nothing of the caller's number."""

import re

from sip_guard.call import Code, Finding
from sip_guard.sip.message import Request
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import numbers

_VALUE = re.compile(r"[!-+\-/-~]+\.[!-+\-/-~]+").fullmatch
"""`namespace.priority` (RFC 4412 3.1)."""


def fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims of an `rph` token; None if nothing is (RFC 8443 3)."""
    if "rph" not in passport.more:
        return Finding(Code.CLAIM_MISSING, "no 'rph' in the payload")
    if not authorised(passport):
        return Finding(Code.CLAIM_INVALID, "'rph' does not hold a list 'auth' of namespaces and priorities")
    return numbers.fault(passport)


def authorised(passport: Passport) -> frozenset[str]:
    """Give the values that a token authorises, in lower case; none if the claim is not well formed."""
    claim = passport.more.get("rph")
    listed = claim.get("auth") if isinstance(claim, dict) else None
    if not isinstance(listed, list) or not all(isinstance(each, str) and _VALUE(each) for each in listed):
        return frozenset()
    return frozenset(each.lower() for each in listed)


def asked(request: Request) -> frozenset[str]:
    """Give the values of a request's Resource-Priority (RFC 4412 3.1), in lower case."""
    values = b",".join(request.values(b"resource-priority")).decode("latin-1").lower()
    return frozenset(each.strip(" \t") for each in values.split(",") if each.strip(" \t"))
