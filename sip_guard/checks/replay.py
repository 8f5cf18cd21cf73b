"""Finds tokens that come again with another call (RFC 8224 12.1): who gets a call could show its token to others."""

from collections import OrderedDict
from typing import Annotated, Self

import msgspec
from msgspec import Meta
from twisted.internet.interfaces import IReactorTime

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import MAX_IDENTITIES
from sip_guard.stir import identity
from sip_guard.stir.canonical_uri import canonical_uri
from sip_guard.stir.compact import rebuilt
from sip_guard.stir.jws import Jws
from sip_guard.stir.matching import dest_fault, elsewhere
from sip_guard.stir.passport import Passport, claims


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many tokens are remembered."""

    entries: Annotated[int, Meta(ge=1000, le=10_000_000)] = 100_000
    """Tokens of the last `max_age` + `max_future` seconds; when there are more, the oldest go."""


class _Use(msgspec.Struct, frozen=True, gc=False):
    """The call that a token came with first. Of its names only what tells them apart: they may be long."""

    at: float
    call_id: int
    callee: int
    trunk: str


class ReplayCheck:
    """Remembers with which call each token came, as long as it can be used.

    A token belongs to one call: one Call-ID, one callee and one trunk. A retransmission, a fork to other contacts of
    the number and a retry after an answer of ours have the same (RFC 8224 6.2.2), and are no replay. What tells
    tokens apart is what is signed, not the signature: anyone can write a valid one in another way. So two tokens of
    the same caller, callee and second that have no `origid` are taken for one.

    The tokens below the last one of a diverted call are passed over. They come again with each diversion that leads
    through here, and say nothing without a `div` token for the number that is called (RFC 8946 4.2), which belongs to
    one call like any other.
    """

    name = "replay"

    def __init__(self, options: Options, window: float, clock: IReactorTime) -> None:
        """`window`: seconds for which a token can be used, from when it is first seen. `clock` never goes back."""
        self._entries = options.entries
        self._window = window
        self._clock = clock
        self._uses: OrderedDict[int, _Use] = OrderedDict()

    def resume(self, former: Self) -> None:
        """Go on with what another one remembers, which is asked no more."""
        self._uses = former._uses
        while len(self._uses) > self._entries:
            self._uses.popitem(last=False)

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each token that came before with another call."""
        values = call.identities
        if not values or len(values) > MAX_IDENTITIES or call.trunk.identity == "ignore":
            return []
        # `hash` is keyed anew in each process: nobody outside can make two values that it takes for one.
        callee = hash(call.target.number or canonical_uri(call.target.uri))
        use = _Use(self._clock.seconds(), hash(call.call_id), callee, call.trunk.name)
        diverted = len(values) > 1 and any(_is_div(value) for value in values)
        found = []
        for place, value in enumerate(values, 1):
            signed = _signed(value, call)
            if not signed or (diverted and _is_below(value, call)):
                continue
            first = self._first(hash(signed), use)
            if first is not use and (differs := _differs(first, use)):
                found.append(_replayed(place, use.at - first.at, differs))
        return found

    def _first(self, token: int, use: _Use) -> _Use:
        """Give the use that a token was first put to; this one, if it is new."""
        uses = self._uses
        first = uses.get(token)
        if first is not None:
            if use.at - first.at <= self._window:
                return first
            del uses[token]
        uses[token] = use
        if len(uses) > self._entries:
            uses.popitem(last=False)
        # What is over goes as fast as it came: one a token, so that no call pays for many.
        oldest = next(iter(uses))
        if use.at - uses[oldest].at > self._window:
            del uses[oldest]
        return use


def _signed(value: bytes, call: Call) -> bytes:
    """Give what the signature of an Identity value is over; empty if there is nothing.

    It is `header.payload` as received, or of a compact form what the call shows (RFC 8224 4.1).
    """
    end = value.find(b";")
    dot = value.rfind(b".", 0, end if end >= 0 else len(value))
    signed = value[:dot].lstrip(b" \t") if dot > 0 else b""
    if len(signed) > 1:
        return signed
    jws = _jws(value, call) if signed else None
    return jws.signed if isinstance(jws, Jws) else b""


def _differs(first: _Use, use: _Use) -> tuple[str, ...]:
    """Name what is another in a later use."""
    pairs = (
        ("Call-ID", first.call_id != use.call_id),
        ("callee", first.callee != use.callee),
        ("trunk", first.trunk != use.trunk),
    )
    return tuple(name for name, differs in pairs if differs)


def _replayed(place: int, age: float, differs: tuple[str, ...]) -> Finding:
    detail = f"it came {age:.0f} s ago with another {' and '.join(differs)}"
    particulars = (("age", round(age)), ("differs", ",".join(differs)))
    return Finding(Code.TOKEN_REPLAYED, detail, token=place, particulars=particulars)


def _is_div(value: bytes) -> bool:
    parsed = identity.parse(value)
    return isinstance(parsed, identity.Identity) and parsed.ppt == "div"


def _is_below(value: bytes, call: Call) -> bool:
    """Tell whether a token is for somebody else than is called: alone, it would not be believed."""
    jws = _jws(value, call)
    passport = claims(jws) if isinstance(jws, Jws) else jws
    return isinstance(passport, Passport) and (dest_fault(passport, call) or elsewhere(passport, call)) is not None


def _jws(value: bytes, call: Call) -> Jws | Finding:
    parsed = identity.parse(value)
    if isinstance(parsed, Finding):
        return parsed
    jws = Jws.parse(parsed.token)
    is_compact = isinstance(jws, Finding) and jws.code is Code.COMPACT_FORM
    return rebuilt(parsed, call) if is_compact else jws
