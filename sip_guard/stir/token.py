"""One Identity value of a call on its way through the checks."""

from typing import Annotated

import msgspec

from sip_guard.call import Call, Finding, Outcome
from sip_guard.stir.certificate import Signer
from sip_guard.stir.identity import Identity
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import Passport
from sip_guard.stir.types import BASE

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class Freshness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far from a call's arrival its tokens may have been signed (RFC 8224 6.2 step 4)."""

    max_age: Seconds = 60
    """Seconds before."""
    max_future: Seconds = 60
    """Seconds after: two clocks are never the same."""
    max_diverted_age: Seconds = 300
    """Seconds before, of the tokens below the last one of a diverted call: it rang elsewhere first (RFC 8946 4.2)."""


class Terms(msgspec.Struct, frozen=True):
    """What is asked of every token."""

    freshness: Freshness = Freshness()
    laboratories: frozenset[tuple[str, int]] = frozenset()
    """Hosts and ports that a certificate may come from although the port is neither 443 nor 8443."""


class Token:
    """One Identity value, with all that has been read of it so far."""

    identity: Identity
    read: Jws | Finding
    """What came of reading the token, before it is known whether that counts."""
    jws: Jws
    passport: Passport
    signer: Signer
    ppt: str = BASE
    """Its type; empty: a base PASSporT, or one that cannot be read."""
    diverted: bool = False
    """Whether there are `div` tokens, which may lead from where this one ends to where the call goes."""
    plain: bool = False
    """Whether every field of the call shows the very number of the token, as is usual."""
    alone: Finding | None = None
    """What is wrong with it unless `div` tokens lead on from it."""
    finding: Finding | None = None
    """What is wrong with it in any case; None once all is judged: it is genuine."""
    notes: tuple[Finding, ...] = ()
    """What else is to be recorded of it."""

    def __init__(self, place: int, value: bytes, call: Call, terms: Terms) -> None:
        """`place`: which of the call's Identity values it is, counted from 1."""
        self.place = place
        self.value = value
        self.call = call
        self.terms = terms

    def told(self, finding: Finding) -> Finding | None:
        """Take what was found about it: give it back if it is a fault, and keep it if it is only a note."""
        if finding.code.outcome is not Outcome.NOTE:
            return finding
        self.notes += (finding,)
        return None
