"""Decides about one token: first what can be told without a certificate, then what cannot (RFC 8224 6.2)."""

from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sip_guard.call import Attestation, Call, Code, Finding
from sip_guard.stir import x5u
from sip_guard.stir.certificate import Signer
from sip_guard.stir.identity import Identity
from sip_guard.stir.jws import Jws
from sip_guard.stir.matching import dest_fault, orig_fault, unattested, verified
from sip_guard.stir.passport import Passport, claims
from sip_guard.stir.types import TYPES

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]

_ES256 = ec.ECDSA(hashes.SHA256())


class Freshness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far from a call's arrival its tokens may have been signed (RFC 8224 6.2 step 4)."""

    max_age: Seconds = 60
    """Seconds before."""
    max_future: Seconds = 60
    """Seconds after: two clocks are never the same."""


def examine(
    identity: Identity, call: Call, freshness: Freshness, laboratories: frozenset[tuple[str, int]] = frozenset()
) -> Passport | Finding:
    """Say what is wrong with a token as far as no certificate is needed, in the order of ATIS-1000082; else give it.

    What it gives may still not attest all that the call shows: that is said by `verify`, of a token that is genuine.
    `laboratories` are the hosts and ports that a certificate may come from although the port is neither 443 nor 8443.
    """
    jws = Jws.parse(identity.token)
    fault = _type_fault(identity, jws) or _info_fault(identity, jws, laboratories)
    if fault is not None:
        return fault
    if isinstance(jws, Finding):
        return jws
    passport = _mirror_fault(identity, jws) or claims(jws)
    if isinstance(passport, Finding):
        return passport
    return (
        TYPES[identity.ppt or ""](passport)
        or _time_fault(passport, call, freshness)
        or orig_fault(passport, call)
        or dest_fault(passport, call)
        or passport
    )


def verify(passport: Passport, signer: Signer, call: Call) -> Finding:
    """Say what a token that `examine` gave is worth, by the certificate that its `x5u` led to."""
    fault = _authority_fault(passport, signer, call)
    if fault is None and not _is_signed(passport, signer.key):
        fault = Finding(Code.SIGNATURE_INVALID, "the signature is not that of the certificate's key over these claims")
    fault = fault or unattested(passport, call)
    about = (("iat", passport.iat), ("x5u", passport.x5u), ("signer", signer.subject))
    if fault is not None:
        return msgspec.structs.replace(fault, particulars=about)
    attestation = Attestation(
        passport.attest or "", passport.origid or "", ",".join(signer.spcs), verified(passport, call)
    )
    return Finding(Code.PASSED, f"attestation {passport.attest}", attestation=attestation, particulars=about)


def _type_fault(identity: Identity, jws: Jws | Finding) -> Finding | None:
    """Pass over what is of another type, however it looks inside (RFC 8224 6.2 step 1)."""
    ppt = identity.ppt
    if ppt is None and isinstance(jws, Jws):
        if jws.ppt in TYPES:
            return Finding(Code.PPT_MISMATCH, "no 'ppt' parameter beside a token that has one")
        ppt = jws.ppt or "none"
    if ppt is None or ppt in TYPES:
        return None
    return Finding(Code.PPT_UNSUPPORTED, "a PASSporT type that is not verified here")


def _info_fault(identity: Identity, jws: Jws | Finding, laboratories: frozenset[tuple[str, int]]) -> Finding | None:
    if isinstance(jws, Finding) and jws.code is Code.COMPACT_FORM:
        return jws
    what = x5u.fault(identity.info, laboratories)
    return None if what is None else Finding(Code.INFO_INVALID, f"the 'info' URL {what}")


def _mirror_fault(identity: Identity, jws: Jws) -> Finding | None:
    """Compare the JOSE header with the parameters beside the token (RFC 8224 4.1)."""
    if jws.ppt is None:
        return Finding(Code.JOSE_CLAIM_MISSING, "no 'ppt' in the PASSporT header")
    if jws.x5u != identity.info:
        return Finding(Code.X5U_MISMATCH, "'x5u' in the PASSporT header is not the 'info' URL")
    if jws.typ != "passport":
        return Finding(Code.TYP_INVALID, "'typ' in the PASSporT header is not 'passport'")
    if jws.alg != "ES256" or identity.alg not in (None, jws.alg):
        return Finding(Code.ALG_UNSUPPORTED, "'alg' is not ES256 in both places")
    if jws.ppt != identity.ppt:
        return Finding(Code.PPT_MISMATCH, "'ppt' in the PASSporT header is not the 'ppt' parameter")
    return None


def _time_fault(passport: Passport, call: Call, freshness: Freshness) -> Finding | None:
    age = call.arrival - passport.iat
    if age > freshness.max_age:
        return Finding(Code.IAT_STALE, f"signed {age:.0f} s before the call came, {freshness.max_age:g} s are allowed")
    if age < -freshness.max_future:
        return Finding(
            Code.IAT_FUTURE, f"signed {-age:.0f} s after the call came, {freshness.max_future:g} s are allowed"
        )
    return None


def _authority_fault(passport: Passport, signer: Signer, call: Call) -> Finding | None:
    """Ask the certificate whether it may sign for this number at this time (RFC 8224 6.2 steps 3 and 4).

    A service provider code says nothing of numbers, so that a certificate with one may sign for any.
    """
    if not signer.valid(call.arrival):
        return Finding(Code.CERTIFICATE_EXPIRED, "a certificate of the chain is out of its time")
    if signer.spcs or any(passport.orig_tn in numbers for numbers in signer.numbers):
        return None
    return Finding(Code.NUMBER_NOT_AUTHORISED, "the certificate is for numbers, and not for this one")


def _is_signed(passport: Passport, key: ec.EllipticCurvePublicKey) -> bool:
    """Verify ES256 (RFC 7518 3.4) over the octets that were received."""
    half = len(passport.signature) // 2
    r, s = int.from_bytes(passport.signature[:half]), int.from_bytes(passport.signature[half:])
    try:
        key.verify(encode_dss_signature(r, s), passport.signed, _ES256)
    except InvalidSignature:
        return False
    return True
