"""Makers of calls, and of tokens about them, for the tests of STIR."""

from typing import TYPE_CHECKING, Any, cast

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from pki import NOW, pki

from sip_guard.call import Call, Finding, Party
from sip_guard.number import canonical
from sip_guard.peer import Trunk
from sip_guard.sip.flow import Flow
from sip_guard.sip.uri import Uri
from sip_guard.stir import sign
from sip_guard.stir.certificate import Signer, judge
from sip_guard.stir.identity import Identity
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import Passport, claims
from sip_guard.stir.token import Terms, Token
from sip_guard.stir.types import BASE
from sip_guard.stir.verify import attested, examine, verify

if TYPE_CHECKING:
    from sip_guard.sip.message import Request

UNREADABLE = "?"
"""Somebody in a field that cannot be read."""
ALICE = "12155551212"
BOB = "12155551213"
CAROL = "13125550123"
X5U = "https://cert.example.org/passport.pem"
IAT = int(NOW)

PKI = pki()
KEY = PKI.signer.signing_key
SIGNER = cast("Signer", judge(PKI.signer.bundle, PKI.anchors, NOW))

HEADER: dict[str, Any] = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": X5U}
CLAIMS: dict[str, Any] = {
    "attest": "A",
    "dest": {"tn": [BOB]},
    "iat": IAT,
    "orig": {"tn": ALICE},
    "origid": "123e4567-e89b-12d3-a456-426655440000",
}


def token(*, header: dict[str, Any] | None = None, without: str = "", **claims: Any) -> bytes:
    """Sign a good token, but for what is said of its header and claims."""
    heading = {name: value for name, value in (HEADER | (header or {})).items() if name != without}
    payload = {name: value for name, value in (CLAIMS | claims).items() if name != without}
    return sign.token(heading, payload, KEY)


def raw_token(header: bytes, payload: bytes) -> bytes:
    """Sign two JSON texts as they stand."""
    signed = sign.base64url(header) + b"." + sign.base64url(payload)
    return resigned(signed)


def resigned(signed: bytes) -> bytes:
    """Put a good signature under any `header.payload`."""
    r, s = decode_dss_signature(KEY.sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + b"." + sign.base64url(r.to_bytes(32) + s.to_bytes(32))


def identity(text: bytes, info: str = X5U, alg: str | None = "ES256", ppt: str | None = "shaken") -> Identity:
    return Identity(text, info, alg, ppt)


def party(text: str | None) -> Party:
    """Make a party of a number, of a URI, or of nobody."""
    if text == UNREADABLE:
        return Party(None, None)
    if text is None:
        return Party(Uri.parse(b"sip:anonymous@anonymous.invalid"), None)
    if ":" not in text:
        return Party(None, text)
    uri = Uri.parse(text.encode())
    return Party(uri, canonical(uri.user.decode()) if uri is not None else None)


def call(
    presented: str | None = ALICE,
    *asserted: str | None,
    to: str = BOB,
    target: str | None = None,
    arrival: float = NOW,
    attested_number: str = "both",
) -> Call:
    """Make a call from Alice to Bob, but for what is said of it."""
    trunk = Trunk(name="carrier", sources=(), targets=("pbx",))
    return Call(
        cast("Request", None),
        msgspec.structs.replace(trunk, attested_number=attested_number),
        Flow("UDP", ("192.0.2.1", 5060), ("198.51.100.7", 5060)),
        arrival,
        "a84b4c76e66710",
        party(presented),
        tuple(party(one) for one in asserted),
        tuple(party(one) for one in asserted),
        party(to),
        party(to if target is None else target),
        (),
    )


def examined(one: Identity, of: Call | None = None, terms: Terms | None = None) -> Token | Finding:
    """Ask all that needs no certificate of an Identity value that was read."""
    token = Token(1, b"", of or call(), terms or Terms())
    token.identity, token.ppt, token.read = one, one.ppt or BASE, Jws.parse(one.token)
    return examine(token) or token


def judged(one: Identity, of: Call | None = None, signer: Signer = SIGNER) -> Finding:
    """Ask all that can be asked of one token."""
    token = examined(one, of)
    if isinstance(token, Finding):
        return token
    token.signer = signer
    return verify(token) or attested(token)


def decode(text: bytes) -> Passport | Finding:
    """Read a token: its form, its JOSE header and its claims, nothing of whether they are true."""
    jws = Jws.parse(text)
    return jws if isinstance(jws, Finding) else claims(jws)
