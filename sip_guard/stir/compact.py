"""The compact form: a signature alone; the verifier writes header and payload again (RFC 8224 4.1, RFC 8225 7)."""

from sip_guard.call import Call, Code, Finding, Party
from sip_guard.sip import date
from sip_guard.stir.canonical_uri import canonical_uri
from sip_guard.stir.identity import Identity
from sip_guard.stir.jws import Jws, signature_of
from sip_guard.stir.media import as_claim, fingerprints
from sip_guard.stir.sign import base64url, canonical_json


def rebuilt(identity: Identity, call: Call) -> Jws | Finding:
    """Write the token that the signature of a compact form is over, from what the call shows.

    Only a base PASSporT has this form (RFC 8588 6, RFC 8946 3): all that it claims stands in the request. `iat` is
    the Date, `mky` is there if and only if the SDP has fingerprints.
    """
    signature = signature_of(identity.token.rpartition(b".")[2])
    if isinstance(signature, Finding):
        return signature
    iat = date.seconds(call.request.value(b"date"))
    if iat is None:
        return Finding(Code.COMPACT_FORM, "compact form, and no Date that says when it was signed")
    orig, dest = _identity(call.presented), _identity(call.to)
    if orig is None or dest is None:
        return Finding(Code.COMPACT_FORM, "compact form of a call whose From or To names nobody")
    (kind, name), (dest_kind, dest_name) = orig, dest
    claims: dict[str, object] = {"dest": {dest_kind: [dest_name]}, "iat": iat, "orig": {kind: name}}
    keys = fingerprints(call.request.body)
    if keys:
        claims["mky"] = as_claim(keys)
    alg = identity.alg or "ES256"
    header = {"alg": alg, "typ": "passport", "x5u": identity.info}
    payload = canonical_json(claims)
    signed = base64url(canonical_json(header)) + b"." + base64url(payload)
    return Jws(alg, None, "passport", identity.info, payload, signed, signature)


def _identity(party: Party) -> tuple[str, str] | None:
    """Give a party as `tn` or `uri` (RFC 8224 8.1); None if it is neither."""
    if party.number is not None:
        return "tn", party.number
    uri = canonical_uri(party.uri)
    return None if uri is None else ("uri", uri)
