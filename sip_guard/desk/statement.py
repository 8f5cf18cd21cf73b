"""What is brought to the desk: an INVITE, an Identity header field, or a bare token."""

import re

import msgspec

from sip_guard.call import Finding
from sip_guard.desk.bad_input import BadInput
from sip_guard.sip.message import MalformedMessage, Request, parse
from sip_guard.stir import identity
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import Passport, claims

_REQUEST = re.compile(rb"\A[!-~]+ [^\r\n]+ SIP/2\.0\r?\n")
_FIELD = re.compile(rb"\A(?:identity|y)[ \t]*:[ \t]*", re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]+")
_NOBODY = "sip:anonymous@anonymous.invalid"


class Statement(msgspec.Struct, frozen=True):
    """A request to be judged."""

    request: Request
    compared: frozenset[str]
    """What of `orig` and `dest` there is to compare with; what is not among them was taken from the token itself."""
    iat: int | None = None
    """When its first token says that it was signed, in seconds since the epoch."""


def read(text: bytes, caller: str = "", called: str = "") -> Statement:
    """Read a SIP request with its tokens, or tokens alone, of which each stands on a line.

    `caller` and `called` are numbers as they would stand in From and To; for tokens alone, where they are not given,
    they are those of the first token. Raises BadInput.
    """
    if _REQUEST.match(text):
        return _request(text)
    values = [_FIELD.sub(b"", line.strip()) for line in _FOLD.sub(b" ", text.strip()).splitlines() if line.strip()]
    if not values:
        raise BadInput("there is nothing to verify: give an INVITE, an Identity header field, or a token")
    values = [value if b";" in value else _with_parameters(value) for value in values]
    passport = _claimed(values[0])
    who = caller or (passport and (passport.orig_tn or passport.orig_uri)) or ""
    whom = called or (passport and next(iter((*passport.dest_tn, *passport.dest_uri)), "")) or ""
    compared = {name for name, given in (("orig", caller), ("dest", called)) if given}
    return Statement(_invented(values, who, whom), frozenset(compared), passport.iat if passport else None)


def _request(text: bytes) -> Statement:
    if b"\r\n" not in text:
        text = text.replace(b"\n", b"\r\n")
    if b"\r\n\r\n" not in text:
        text = text.rstrip(b"\r\n") + b"\r\n\r\n"
    try:
        message = parse(text)
    except MalformedMessage as fault:
        raise BadInput(f"the request cannot be read: {fault.reason}") from None
    if not isinstance(message, Request):
        raise BadInput("a SIP answer, where a request was expected")
    found = message.values(b"identity")
    passport = _claimed(found[0]) if found else None
    return Statement(message, frozenset(("orig", "dest")), passport.iat if passport else None)


def _with_parameters(token: bytes) -> bytes:
    """Put the parameters beside a bare token that its own header names."""
    jws = Jws.parse(token)
    if isinstance(jws, Finding):
        raise BadInput(f"neither an INVITE nor an Identity header field nor a token: {jws.detail}")
    ppt = f";ppt={jws.ppt}" if jws.ppt else ""
    return token + f";info=<{jws.x5u}>;alg={jws.alg}{ppt}".encode("utf-8", "replace")


def _claimed(value: bytes) -> Passport | None:
    """Give what the token in an Identity value claims, if it can be read."""
    found = identity.parse(value)
    jws = found if isinstance(found, Finding) else Jws.parse(found.token)
    passport = jws if isinstance(jws, Finding) else claims(jws)
    return None if isinstance(passport, Finding) else passport


def _invented(values: list[bytes], caller: str, called: str) -> Request:
    """Make the request that such tokens could have come with."""
    lines = [
        f"INVITE {_uri(called)} SIP/2.0",
        "Via: SIP/2.0/UDP desk.invalid;branch=z9hG4bKdesk",
        "Max-Forwards: 70",
        f"From: <{_uri(caller)}>;tag=desk",
        f"To: <{_uri(called)}>",
        "Call-ID: desk",
        "CSeq: 1 INVITE",
        "Contact: <sip:desk.invalid>",
        "Content-Length: 0",
    ]
    text = "\r\n".join(lines).encode() + b"".join(b"\r\nIdentity: " + value for value in values) + b"\r\n\r\n"
    try:
        message = parse(text)
    except MalformedMessage as fault:
        raise BadInput(f"the token cannot stand in a SIP message: {fault.reason}") from None
    if not isinstance(message, Request):
        raise BadInput("the token cannot stand in a SIP message")
    return message


def _uri(who: str) -> str:
    if not who:
        return _NOBODY
    if ":" in who:
        return who
    plus = "+" if who.isdigit() and len(who) > 6 else ""
    return f"sip:{plus}{who}@desk.invalid;user=phone"
