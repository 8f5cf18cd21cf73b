"""The base PASSporT, which has no `ppt`: who calls whom, and no more (RFC 8225)."""

from sip_guard.call import Finding
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import numbers


def fault(passport: Passport) -> Finding | None:
    """Say what is wrong with the claims of a base PASSporT; None if nothing is."""
    return numbers.fault(passport)
