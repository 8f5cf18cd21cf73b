"""SHAKEN: who signed the call, and how well the signer knows the caller (RFC 8588, ATIS-1000074)."""

from sip_guard.call import Code, Finding
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import numbers

LEVELS = ("A", "B", "C")
"""Full, partial and gateway attestation (RFC 8588 4)."""


def fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims of a SHAKEN token; None if nothing is.

    `origid` should be a UUID (RFC 8588 5). Many that are in use are none, and nothing is decided by it: any text
    will do.
    """
    if passport.attest is None:
        return Finding(Code.CLAIM_MISSING, "no 'attest' in the payload")
    if not passport.origid:
        return Finding(Code.CLAIM_MISSING, "no 'origid' in the payload")
    if passport.attest not in LEVELS:
        return Finding(Code.ATTEST_INVALID, "'attest' is not A, B or C")
    return numbers.fault(passport)
