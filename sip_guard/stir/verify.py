"""Decides about one token: first what can be told without a certificate, then what cannot (RFC 8224 6.2).

Each check is a step with a name and its source, so that whoever asks can be shown all of them.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

from sip_guard.call import Attestation, Code, Finding
from sip_guard.stir import identity, media, x5u
from sip_guard.stir.compact import rebuilt
from sip_guard.stir.es256 import is_signed
from sip_guard.stir.jws import Jws
from sip_guard.stir.matching import dest_fault, elsewhere, orig_fault, unattested, verified
from sip_guard.stir.passport import Passport, claims, everything
from sip_guard.stir.token import Token
from sip_guard.stir.types import BASE, TYPES
from sip_guard.stir.types.div import diverted_from

MAX_HEADINGS: Final = 4096
"""Signers whose URL, parameters and JOSE header are remembered to agree."""

Asked = Callable[[Token], Finding | None]
_headings: set[tuple[object, ...]] = set()
_FROM = frozenset((b"from",))
_BOTH = frozenset((b"from", b"p-asserted-identity"))
"""Header fields, in lower case, that show the caller in the usual call."""


class Step(NamedTuple):
    """One check."""

    name: str
    source: str
    needs: Literal["value", "identity", "jws", "passport", "signer"]
    """What has to be known of the token before this can be asked."""
    fault: Asked


def examine(token: Token) -> Finding | None:
    """Say what is wrong with a token that was read, as far as no certificate is needed (in the order of ATIS-1000082).

    What passes may still not attest all that the call shows: that is said of tokens that are genuine (`attested`).
    """
    said, jws = token.identity, token.read
    heading = None
    if isinstance(jws, Jws):
        token.jws = jws
        # It is the same for every token of a signer.
        heading = said.info, said.alg, said.ppt, jws.alg, jws.ppt, jws.typ, jws.x5u, token.terms.laboratories
    if heading not in _headings:
        for ask in _HEADED:
            fault = ask(token)
            if fault is not None:
                return fault
        if heading is not None:
            if len(_headings) >= MAX_HEADINGS:
                _headings.clear()
            _headings.add(heading)
    for ask in _CLAIMED:
        fault = ask(token)
        if fault is not None:
            return fault
    return None


def verify(token: Token) -> Finding | None:
    """Say what is wrong with a token that `examine` passed, by its `signer`; None: it is genuine."""
    for ask in _VERIFIED:
        fault = ask(token)
        if fault is not None:
            return msgspec.structs.replace(fault, particulars=about_signer(token))
    return None


def attested(token: Token, diversions: int = 0) -> Finding:
    """Say what a genuine token is worth for its call, which it reaches over so many `div` tokens."""
    passport, signer, call = token.passport, token.signer, token.call
    about = about_signer(token)
    fault = None if token.plain else unattested(passport, call)
    if fault is None and token.ppt == BASE:
        fault = _authority_unknown(token)
    if fault is None and not diversions and call.target.number not in passport.dest_tn:
        fault = elsewhere(passport, call)
    if fault is not None:
        return msgspec.structs.replace(fault, token=token.place, particulars=about)
    # Only SHAKEN has levels (RFC 8588 4); in a base PASSporT anything may stand there.
    level = "" if token.ppt == BASE else passport.attest or ""
    attestation = Attestation(
        level,
        passport.origid or "",
        signer.spcs[0] if len(signer.spcs) == 1 else ",".join(signer.spcs),
        verified(passport, call) if not token.plain else _BOTH if call.asserted else _FROM,
        signer.trust,
        diversions,
    )
    detail = f"attestation {level}" if level else "a base PASSporT"
    return Finding(Code.PASSED, detail, token.place, attestation=attestation, particulars=about)


def about_signer(token: Token) -> tuple[tuple[str, str | int], ...]:
    """Give what is recorded of a token whose signer is known."""
    return ("iat", token.passport.iat), *_about(token.jws.x5u, token.signer.subject, token.signer.issuer)


@lru_cache(maxsize=1024)
def _about(url: str, subject: str, issuer: str) -> tuple[tuple[str, str], ...]:
    """Give what is the same for every token of a signer."""
    return ("x5u", url), ("repository", x5u.host(url)), ("signer", subject), ("issuer", issuer)


# Without a certificate.


def read(token: Token) -> Finding | None:
    """Read the header field; None: it can be read."""
    found = identity.parse(token.value)
    if not isinstance(found, identity.Identity):
        return found
    token.identity = found
    token.ppt = found.ppt or BASE
    token.read = Jws.parse(found.token)
    return None


def _type(token: Token) -> Finding | None:
    """Pass over what is of another type, however it looks inside (RFC 8224 6.2 step 1)."""
    ppt, jws = token.identity.ppt, token.read
    if ppt is None and isinstance(jws, Jws) and jws.ppt is not None:
        if jws.ppt in TYPES:
            return Finding(Code.PPT_MISMATCH, "no 'ppt' parameter beside a token that has one")
        ppt = jws.ppt
    if ppt is None or ppt in TYPES:
        return None
    return Finding(Code.PPT_UNSUPPORTED, "a PASSporT type that is not verified here")


def _form(token: Token) -> Finding | None:
    """Write a compact form out where there may be one (RFC 8224 4.1)."""
    jws = token.read
    if isinstance(jws, Finding) and jws.code is Code.COMPACT_FORM:
        if token.ppt != BASE:
            return jws
        token.read = rebuilt(token.identity, token.call)
        if isinstance(token.read, Finding):
            return token.read
    return None


def _info(token: Token) -> Finding | None:
    what = x5u.fault(token.identity.info, token.terms.laboratories)
    return None if what is None else Finding(Code.INFO_INVALID, f"the 'info' URL {what}")


def _token(token: Token) -> Finding | None:
    if isinstance(token.read, Finding):
        return token.read
    token.jws = token.read
    if token.jws.ppt is None and token.ppt != BASE:
        return Finding(Code.JOSE_CLAIM_MISSING, "no 'ppt' in the PASSporT header")
    return None


def _x5u(token: Token) -> Finding | None:
    if token.jws.x5u != token.identity.info:
        return Finding(Code.X5U_MISMATCH, "'x5u' in the PASSporT header is not the 'info' URL")
    return None


def _typ(token: Token) -> Finding | None:
    if token.jws.typ != "passport":
        return Finding(Code.TYP_INVALID, "'typ' in the PASSporT header is not 'passport'")
    return None


def _alg(token: Token) -> Finding | None:
    if token.jws.alg != "ES256" or token.identity.alg not in (None, "ES256"):
        return Finding(Code.ALG_UNSUPPORTED, "'alg' is not ES256 in both places")
    return None


def _ppt(token: Token) -> Finding | None:
    if token.jws.ppt != token.identity.ppt:
        return Finding(Code.PPT_MISMATCH, "'ppt' in the PASSporT header is not the 'ppt' parameter")
    return None


def _claims(token: Token) -> Finding | None:
    passport = claims(token.jws)
    if not isinstance(passport, Passport):
        return passport
    token.passport = passport
    return TYPES[token.ppt](passport)


def _time(token: Token) -> Finding | None:
    """Compare `iat` with the call's arrival. A token that may be below a `div` token may be older."""
    age, freshness = token.call.arrival - token.passport.iat, token.terms.freshness
    if age > freshness.max_age:
        fault = Finding(Code.IAT_STALE, f"signed {age:.0f} s before the call came, {freshness.max_age:g} s are allowed")
        if not token.diverted or age > freshness.max_diverted_age:
            return fault
        token.alone = fault
    elif age < -freshness.max_future:
        return Finding(
            Code.IAT_FUTURE, f"signed {-age:.0f} s after the call came, {freshness.max_future:g} s are allowed"
        )
    return None


def _orig(token: Token) -> Finding | None:
    passport, call = token.passport, token.call
    number = passport.orig_tn
    if number is not None and call.presented.number == number:
        token.plain = not call.asserted or all(party.number == number for party in call.asserted)
    return None if token.plain else orig_fault(passport, call)


def _dest(token: Token) -> Finding | None:
    """Compare `dest` with whom the call is for. `div` tokens may lead on from it; where they end is seen to then."""
    if token.ppt == "div":
        return None
    fault = dest_fault(token.passport, token.call)
    if fault is None or not token.diverted:
        return fault
    token.alone = token.alone or fault
    return None


def _media(token: Token) -> Finding | None:
    """Compare `mky` with the fingerprints in the SDP. Where the request has none, there is nothing to compare."""
    if "mky" not in token.passport.more:
        return None
    keys = media.signed(token.passport.more["mky"])
    if keys is None:
        return Finding(Code.CLAIM_INVALID, "'mky' does not hold objects with 'alg' and 'dig'")
    if token.call.request.body and media.fingerprints(token.call.request.body) != keys:
        return Finding(Code.MEDIA_MISMATCH, "'mky' does not name the fingerprints in the SDP")
    return None


EXAMINED = (
    Step("header field", "RFC 8224 4", "value", read),
    Step("type", "RFC 8224 6.2 step 1", "identity", _type),
    Step("form", "RFC 8224 4.1, RFC 8588 6", "identity", _form),
    Step("info URL", "ATIS-1000074 5.3.1", "identity", _info),
    Step("token and its header", "RFC 7515, RFC 8225 4", "identity", _token),
    Step("x5u", "RFC 8224 4.1", "jws", _x5u),
    Step("typ", "RFC 8225 4.1", "jws", _typ),
    Step("alg", "RFC 8225 8.2", "jws", _alg),
    Step("ppt", "RFC 8224 4.1", "jws", _ppt),
    Step("claims", "RFC 8225 5", "jws", _claims),
    Step("time", "RFC 8224 6.2 step 4", "passport", _time),
    Step("orig", "RFC 8224 6.2 step 2", "passport", _orig),
    Step("dest", "RFC 8224 6.2 step 5", "passport", _dest),
    Step("media keys", "RFC 8225 5.2.2", "passport", _media),
)
"""All that needs no certificate, in the order in which it is asked."""


# With the certificate.


def _validity(token: Token) -> Finding | None:
    if token.signer.not_before <= token.call.arrival <= token.signer.not_after:
        return None
    return Finding(Code.CERTIFICATE_EXPIRED, "a certificate of the chain is out of its time")


def _authority(token: Token) -> Finding | None:
    """Ask the certificate whether it may sign for this number (RFC 8224 6.2 step 3, RFC 8946 4.2).

    A service provider code says nothing of numbers, so that a certificate with one may sign for any.
    """
    passport, signer = token.passport, token.signer
    number = passport.orig_tn
    if token.ppt == "div":
        kind, name = diverted_from(passport)
        number = name if kind == "tn" else None
    if signer.spcs or any(number in numbers for numbers in signer.numbers):
        return None
    return Finding(Code.NUMBER_NOT_AUTHORISED, "the certificate is for numbers, and not for this one")


def _constraints(token: Token) -> Finding | None:
    constraints = token.signer.constraints
    what = None if constraints is None else constraints.fault(everything(token.jws))
    return None if what is None else Finding(Code.CLAIM_NOT_PERMITTED, f"the certificate does not permit it: {what}")


def _signature(token: Token) -> Finding | None:
    if is_signed(token.jws.signed, token.jws.signature, token.signer.key):
        return None
    return Finding(Code.SIGNATURE_INVALID, "the signature is not that of the certificate's key over these claims")


VERIFIED = (
    Step("validity at arrival", "RFC 8224 6.2 step 4", "signer", _validity),
    Step("authority over the number", "RFC 8226 9", "signer", _authority),
    Step("constraints of the claims", "RFC 8226 8, RFC 9118 4", "signer", _constraints),
    Step("signature", "RFC 8224 6.2 step 5", "signer", _signature),
)
"""All that needs the certificate."""

_HEADED = tuple(step.fault for step in EXAMINED[1:9])
_CLAIMED = tuple(step.fault for step in EXAMINED[9:])
_VERIFIED = tuple(step.fault for step in VERIFIED)


def _authority_unknown(token: Token) -> Finding | None:
    """Say that a base PASSporT comes from a service provider: no level says how well it knows the number."""
    passport = token.passport
    if any(passport.orig_tn in numbers for numbers in token.signer.numbers):
        return None
    return Finding(Code.AUTHORITY_UNKNOWN, "a base PASSporT, and its certificate does not name this number")
