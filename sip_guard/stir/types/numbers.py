"""Telephone numbers in the claims of any token."""

import re

from sip_guard.call import Code, Finding
from sip_guard.stir.passport import Passport

TN = re.compile(r"[0-9#*]+").fullmatch
"""A canonical number (RFC 8224 8.3)."""


def fault(passport: Passport) -> Finding | None:
    """Say that `orig` or `dest` has a number that is not canonical: two readers could take it for two numbers."""
    tns = passport.dest_tn if passport.orig_tn is None else (passport.orig_tn, *passport.dest_tn)
    digits = "".join(tns)
    plain = digits.isascii() and digits.isdigit() and all(tns)
    if not plain and not all(map(TN, tns)):
        return Finding(Code.CLAIM_INVALID, "a 'tn' with other characters than 0-9, # and * (RFC 8224 8.3)")
    return None
