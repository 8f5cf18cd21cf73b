"""Compares whom a token speaks of with whom the call shows (RFC 8224 6.2 steps 2 and 5, 8.1)."""

import re

from sip_guard.call import Call, Code, Finding, Party
from sip_guard.sip.uri import Uri
from sip_guard.stir.canonical_uri import canonical_uri
from sip_guard.stir.passport import Passport

_ANONYMOUS = "@anonymous.invalid"
_UNREAD = "?"
"""An identity that no token attests."""
_MAY_BE_NUMBER = re.compile(rb"[0-9%\x80-\xff]")


def orig_fault(passport: Passport, call: Call) -> Finding | None:
    """Refuse a token of another caller. A call that shows no caller is no mismatch."""
    presented, asserted = _counted(passport, call)
    shown = asserted | presented
    if shown - {_UNREAD} and _orig(passport) not in shown:
        orig = passport.orig_tn or passport.orig_uri or ""
        return Finding(
            Code.ORIG_MISMATCH, "'orig' is not the caller that the call shows", particulars=(("orig", orig),)
        )
    return None


def unattested(passport: Passport, call: Call) -> Finding | None:
    """Say what of the shown caller a genuine token does not attest.

    The PBX may show either number. A signer that vouches for one does not vouch for another one beside it.
    """
    orig = {_orig(passport)}
    presented, asserted = _counted(passport, call)
    if asserted - orig:
        return Finding(Code.ASSERTED_NOT_ATTESTED, "P-Asserted-Identity shows what the token does not attest")
    if presented - orig:
        return Finding(Code.PRESENTED_NOT_ATTESTED, "From shows another caller than the token attests")
    if not asserted and not presented:
        return Finding(Code.ORIGINATOR_UNKNOWN, "the call shows no caller that the token could attest")
    return None


def elsewhere(passport: Passport, call: Call) -> Finding | None:
    """Say that a genuine token for the number in To is not for where the call goes."""
    if call.trunk.called_number == "target" and not _is_for_target(passport, call.target):
        return Finding(Code.DEST_DIVERTED, "'dest' is the number in To, and the call goes to another one")
    return None


def verified(passport: Passport, call: Call) -> frozenset[bytes]:
    """Name the header fields, in lower case, that show the token's caller and no other."""
    orig = {_orig(passport)}
    presented, asserted = _shown(passport, call)
    fields = ((b"from", presented), (b"p-asserted-identity", asserted))
    return frozenset(name for name, identities in fields if identities == orig)


def dest_fault(passport: Passport, call: Call) -> Finding | None:
    """Refuse a token for another callee: neither To nor the Request-URI, which many an element before us rewrites."""
    if call.to.number in passport.dest_tn or is_to(passport, call.to) or is_to(passport, call.target):
        return None
    dest = ",".join((*passport.dest_tn, *passport.dest_uri))[:128]
    return Finding(Code.DEST_MISMATCH, "'dest' names neither To nor the Request-URI", particulars=(("dest", dest),))


def is_to(passport: Passport, party: Party) -> bool:
    """Tell whether a token is for this callee."""
    if party.number is not None:
        return party.number in passport.dest_tn
    return bool(passport.dest_uri) and canonical_uri(party.uri) in {*map(canonical, passport.dest_uri)} - {None}


def _is_for_target(passport: Passport, target: Party) -> bool:
    """Tell whether the call goes to whom the token is for, or to nobody in particular."""
    if _identity(target, by_uri=False) in (None, *passport.dest_tn):
        return True
    return canonical_uri(target.uri) in {*map(canonical, passport.dest_uri)} - {None}


def _counted(passport: Passport, call: Call) -> tuple[set[str], set[str]]:
    """Give the identities in From and in P-Asserted-Identity that this trunk wants to be attested."""
    presented, asserted = _shown(passport, call)
    wanted = call.trunk.attested_number
    if wanted == "presented":
        return presented, set()
    if wanted == "asserted" and call.asserted:
        return set(), asserted
    return presented, asserted


def _shown(passport: Passport, call: Call) -> tuple[set[str], set[str]]:
    """Give the identities in From and in P-Asserted-Identity that a token of this kind could attest."""
    return _identities(passport, call.presented), _identities(passport, *call.asserted)


def _identities(passport: Passport, *parties: Party) -> set[str]:
    """Give numbers, and for a token with `orig.uri` also the URIs of those that have none (RFC 8224 8.1).

    What somebody else may read a number in, and we cannot, is an identity too: one that no token attests.
    """
    found = {_identity(party, by_uri=passport.orig_uri is not None) for party in parties}
    return {one for one in found if one is not None and not one.endswith(_ANONYMOUS)}


def _identity(party: Party, *, by_uri: bool) -> str | None:
    uri = party.uri
    if party.number is not None or uri is None:
        return party.number or _UNREAD
    if by_uri or canonical_uri(uri) == f"sip:anonymous{_ANONYMOUS}":
        return canonical_uri(uri)
    may_be_number = _MAY_BE_NUMBER.search(uri.user) is not None if uri.user else uri.host.isdigit()
    return _UNREAD if may_be_number else None


def _orig(passport: Passport) -> str | None:
    return passport.orig_tn if passport.orig_uri is None else canonical(passport.orig_uri)


def canonical(uri: str) -> str | None:
    """Give a URI of a claim in canonical form; None if it is no SIP URI."""
    return canonical_uri(Uri.parse(uri.encode()))
