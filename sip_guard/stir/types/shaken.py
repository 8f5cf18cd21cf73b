"""SHAKEN: who signed the call, and how well the signer knows the caller (RFC 8588, ATIS-1000074)."""

import re

from sip_guard.call import Code, Finding
from sip_guard.stir.passport import Passport

LEVELS = ("A", "B", "C")
"""Full, partial and gateway attestation (RFC 8588 4)."""

_TN = re.compile(r"[0-9#*]+").fullmatch


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
    tns = passport.dest_tn if passport.orig_tn is None else (passport.orig_tn, *passport.dest_tn)
    if not all(map(_TN, tns)):
        return Finding(Code.CLAIM_INVALID, "a 'tn' with other characters than 0-9, # and * (RFC 8224 8.3)")
    return None
