"""Signs calls of our side: the authentication service (RFC 8224 6.1, RFC 8588, ATIS-1000074 5.2)."""

import re
from email.utils import formatdate
from enum import StrEnum
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from sip_guard.call import Party
from sip_guard.number import DialPlan
from sip_guard.sip.grammar import value_of
from sip_guard.sip.headers import split_list
from sip_guard.sip.rewrite import Draft
from sip_guard.stir.credential import Credential
from sip_guard.stir.sign import sign

Level = Literal["A", "B", "C", "none"]
"""Full, partial and gateway attestation (RFC 8588 4), or no token."""

_is_full = re.compile(r"[1-9][0-9]{6,14}").fullmatch
"""A number that means the same everywhere, which neither an extension nor a service number does."""


class Attest(msgspec.Struct, frozen=True):
    """How well we know callers with some numbers."""

    level: Level
    numbers: tuple[str, ...] = ()
    """What their canonical number begins with; none: any."""


class Signing(msgspec.Struct, frozen=True):
    """How calls that leave by one trunk are signed."""

    credential: Credential
    attest: tuple[Attest, ...]
    """Asked from the top; the first that fits counts. A caller that none is for gets no token."""

    def level(self, number: str) -> Level | None:
        """Give how well the caller with a canonical number is known."""
        return next(
            (each.level for each in self.attest if not each.numbers or number.startswith(each.numbers)),
            None,
        )


class Unsigned(StrEnum):
    """Why a call that was to be signed is not. It goes out nevertheless."""

    EXPIRED = "the certificate is out of its time"
    NO_CALLER = "it shows no caller's number that is complete, or several of them"
    NO_CALLEE = "it is for no telephone number"
    NO_LEVEL = "no entry of `attest` is for this caller"
    NOT_COVERED = "the certificate is for numbers, and not for that of this caller"


def authenticate(
    draft: Draft, signing: Signing, *, plan: DialPlan, origin: str, now: float
) -> tuple[bytes, ...] | Unsigned:
    """Give the header lines that sign a new call as it goes out at `now`, in seconds since the epoch.

    None at all where it is not to be signed: it carries a token already, or its caller's level is `none`. `plan` says
    how its numbers are written. `origin` names who of our side it comes from. Date is added where there is none: the
    full form needs none, and some verifiers do.
    """
    if draft.standing(b"identity"):
        return ()
    caller, callee = _caller(draft, plan), _callee(draft, plan)
    if caller is None:
        return Unsigned.NO_CALLER
    level = signing.level(caller)
    if level == "none":
        return ()
    credential = signing.credential
    if level is None:
        return Unsigned.NO_LEVEL
    if callee is None:
        return Unsigned.NO_CALLEE
    if not credential.valid(now):
        return Unsigned.EXPIRED
    if not credential.covers(caller):
        return Unsigned.NOT_COVERED
    value = sign(
        attest=level,
        dest_tn=[callee],
        iat=int(now),
        orig_tn=caller,
        origid=origid(credential.url, origin),
        key=credential.key,
        x5u=credential.url,
    )
    dated = () if draft.standing(b"date") else (b"Date: " + formatdate(int(now), usegmt=True).encode(),)
    return (b"Identity: " + value, *dated)


def origid(url: str, origin: str) -> str:
    """Give the UUID of an origin of calls (RFC 8588 5).

    It stands for the customer or the element, not for the call, so that a traceback or a reputation finds its calls.
    It follows from the certificate's URL and the name of the origin: the same after a restart and in every guard of a
    pair, and another one wherever else there is an origin of this name.
    """
    return str(uuid5(NAMESPACE_URL, f"{url}#{origin}"))


def _caller(draft: Draft, plan: DialPlan) -> str | None:
    """Give the number that verifiers will look at: in P-Asserted-Identity if it goes out and has one, else in From.

    (ATIS-1000074 5.2.) Two values, a SIP and a tel URI, must show the same number.
    """
    asserted = [item for line in draft.standing(b"p-asserted-identity") for item in split_list(value_of(line))]
    shown = {_number(value, plan) for value in asserted} - {None}
    if not shown:
        shown = {_number(value_of(line), plan) for line in draft.standing(b"from")}
    return shown.pop() if len(shown) == 1 else None


def _callee(draft: Draft, plan: DialPlan) -> str | None:
    """Give whom the call is for: the number in To, which is what verifiers compare (RFC 8224 4.1, ATIS-1000074 5.2).

    So even where the Request-URI has another: that is a diversion, which another kind of token is for (RFC 8946). A
    number in To that is short means nothing out there; there the Request-URI counts, and so it does for an emergency
    service (RFC 9027).
    """
    if draft.uri.lower().startswith(b"urn:service:"):
        return draft.uri.lower().decode("utf-8", "replace")
    to = next((_number(value_of(line), plan) for line in draft.standing(b"to")), None)
    return to or Party.of(b"<%b>" % draft.uri, plan).number


def _number(value: bytes, plan: DialPlan) -> str | None:
    """Give the complete number in a `name-addr`."""
    number = Party.of(value, plan).number
    return number if number is not None and _is_full(number) else None
