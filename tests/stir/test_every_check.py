"""Every check of the verification service and every way to fail it, one row each, with the section that asks for it.

Each row changes one thing about a call that passes. What it is changed by is written out, so that the table can be read
beside the standards.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pki
import pytest
from calls import ALICE, BOB, CAROL, CLAIMS, HEADER, IAT, KEY, PKI, X5U, raw_token, resigned, token
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pki import NOW, with_constraints, with_key, with_key_usage, with_tn_auth_list
from scene import trunk
from tokens import FINGERPRINT, about, base, div, line, original, other
from twisted.internet.defer import Deferred

from sip_guard.call import Call, Code, Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.demo.pki import Issued, Window, authority, issue, sti_delegating, sti_signer
from sip_guard.desk.statement import Statement
from sip_guard.desk.verify import Circumstances, verify
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.claim_constraints import ClaimConstraints
from sip_guard.stir.sign import base64url, canonical_json
from sip_guard.stir.sign import token as signed
from sip_guard.stir.tn_auth_list import Numbers, TnAuthList
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Trust, Trusts

EVE = ec.generate_private_key(ec.SECP256R1())
OUTSIDER = pki.pki()
INTERMEDIATE = PKI.intermediate
WINDOW = Window.around(NOW)
JOSE = {name: value for name, value in HEADER.items() if name != "ppt"}
SDP = f"v=0\r\na=fingerprint:sha-256 {FINGERPRINT}\r\n".encode()
PRIORITY = "Resource-Priority: ets.0"
NAMED = f'"Alice" <sip:+{ALICE}@carrier.example>;tag=1'
DOWN = Finding(Code.REPOSITORY_UNAVAILABLE, "answered 503")
KEYS = [{"alg": "sha-256", "dig": FINGERPRINT.replace(":", "")}]


class Row(NamedTuple):
    section: str
    what: str
    expected: str
    """The codes that weigh, with a space between."""
    call: Call
    bundle: bytes = PKI.signer.bundle
    """What every `info` URL leads to."""
    down: bool = False
    """Or the repository is down."""


def row(
    section: str,
    what: str,
    expected: str,
    *lines: str,
    bundle: bytes = PKI.signer.bundle,
    down: bool = False,
    **changed: Any,
) -> Row:
    return Row(section, what, expected, about(*lines, **changed), bundle, down)


def head(**changed: Any) -> str:
    """A token whose JOSE header is other."""
    return line(token(header=changed), changed.get("ppt", "shaken"))


def headless(name: str) -> str:
    return line(signed({key: value for key, value in HEADER.items() if key != name}, CLAIMS, KEY))


def claim(**changed: Any) -> str:
    return line(token(**changed))


def without(name: str) -> str:
    return line(signed(HEADER, {key: value for key, value in CLAIMS.items() if key != name}, KEY))


def raw(header: bytes | None = None, payload: bytes | None = None) -> str:
    """A token over these very octets."""
    return line(raw_token(header or canonical_json(HEADER), payload or canonical_json(CLAIMS)))


def field(*parameters: str, of: bytes | None = None) -> str:
    """An Identity header field with these parameters."""
    return "Identity: " + ";".join([(of or token()).decode(), *parameters])


def resealed(change: Callable[[bytes], bytes]) -> str:
    """A token whose signature, in base64url, was changed."""
    text, _, seal = token().rpartition(b".")
    return line(text + b"." + change(seal))


def swapped(seal: bytes) -> bytes:
    """R and S in the wrong order."""
    octets = base64.urlsafe_b64decode(seal + b"==")
    return base64url(octets[32:] + octets[:32])


def of(by: bytes | Issued, *, section: str, what: str, expected: str) -> Row:
    """A good token of somebody with this certificate."""
    if isinstance(by, bytes):
        return row(section, what, expected, original(), bundle=by)
    key = by.key if isinstance(by.key, ec.EllipticCurvePrivateKey) and by.key.curve.name == "secp256r1" else KEY
    return row(section, what, expected, line(signed(HEADER, CLAIMS, key)), bundle=by.bundle)


def altered(**claims: Any) -> str:
    """A token whose claims were changed after it was signed."""
    header, _, seal = token().split(b".")
    return line(b".".join((header, base64url(canonical_json(CLAIMS | claims)), seal)))


def small_range(count: int) -> TnAuthList:
    return TnAuthList(numbers=(Numbers("12155551000", count),))


def listing(*codes: str, numbers: tuple[Numbers, ...] = ()) -> Issued:
    return with_tn_auth_list(INTERMEDIATE, TnAuthList(codes, numbers))


def delegated(by: TnAuthList, to: TnAuthList) -> Issued:
    return with_tn_auth_list(sti_delegating(INTERMEDIATE, WINDOW, by), to)


def date(when: float, zone: str = "GMT") -> str:
    return f"Date: {datetime.fromtimestamp(when, UTC):%a, %d %b %Y %H:%M:%S} {zone}"


def compact(ppt: str | None = None, seal: bytes | None = None, **claims: Any) -> str:
    made = {name: CLAIMS[name] for name in ("dest", "iat", "orig")} | claims
    return line(b".." + (seal or signed(JOSE, made, OWNER.signing_key).rpartition(b".")[2]), ppt)


def doubled(text: bytes, name: str) -> bytes:
    """JSON in which a member stands twice."""
    value = json.dumps(json.loads(text)[name]).encode()
    return text[:-1] + b',"' + name.encode() + b'":' + value + b"}"


GOOD = token()
OWNER = with_tn_auth_list(INTERMEDIATE, TnAuthList(numbers=(Numbers(ALICE),)))
LIST = OWNER.bundle
PASSED = "passed"
MALFORMED = "identity-malformed"
PASSPORT = "passport-malformed"

IDENTITY = [
    row("RFC 8224 6.2.2", "no Identity at all", "no-identity"),
    row("RFC 8224 4", "one good token", PASSED, original()),
    row("RFC 8224 4", "the compact name of the header field", PASSED, original().replace("Identity:", "y:")),
    row("RFC 3261 7.3.1", "a folded header field", PASSED, original().replace(";info", "\r\n ;info")),
    row("RFC 8224 4", "parameters in another order", PASSED, field("ppt=shaken", "alg=ES256", f"info=<{X5U}>")),
    row("RFC 8224 4", "space around = and ;", PASSED, field(" info = <" + X5U + "> ", " ppt = shaken")),
    row("RFC 8946 4.1", "a quoted ppt", PASSED, field(f"info=<{X5U}>", 'ppt="shaken"', 'alg="ES256"')),
    row("RFC 8224 4", "names of parameters in capitals", PASSED, field(f"INFO=<{X5U}>", "PPT=shaken")),
    row("RFC 8224 4", "no alg parameter, which stands for ES256", PASSED, field(f"info=<{X5U}>", "ppt=shaken")),
    row("RFC 8224 4", "an unknown parameter", PASSED, field(f"info=<{X5U}>", "ppt=shaken", "x=y", "z")),
    row("RFC 8224 4", "two tokens with a comma between", "passed passed", original() + ", " + original()[10:]),
    row("RFC 8224 4", "no token before the parameters", MALFORMED, f"Identity: ;info=<{X5U}>;ppt=shaken"),
    row("RFC 8224 4", "two info", MALFORMED, field(f"info=<{X5U}>", f"info=<{X5U}>", "ppt=shaken")),
    row("RFC 8224 4", "two ppt", MALFORMED, field(f"info=<{X5U}>", "ppt=shaken", "ppt=shaken")),
    row("RFC 8224 4", "two alg", MALFORMED, field(f"info=<{X5U}>", "alg=ES256", "alg=ES256", "ppt=shaken")),
    row("RFC 8224 4", "a ppt without a value", MALFORMED, field(f"info=<{X5U}>", "ppt")),
    row("RFC 8224 4", "a ppt in angle brackets", MALFORMED, field(f"info=<{X5U}>", "ppt=<shaken>")),
    row("RFC 8224 4", "an empty parameter", MALFORMED, field("", f"info=<{X5U}>", "ppt=shaken")),
    row("RFC 8224 6.2", "more than eight tokens", "too-many-identities", *[original()] * 9),
    row("RFC 8224 6.2 step 1", "a type that is not known", "ppt-unsupported", head(ppt="div-o")),
    row("RFC 8224 6.2 step 1", "a type in capitals", "ppt-unsupported", field(f"info=<{X5U}>", "ppt=SHAKEN")),
    row("RFC 8224 6.2 step 1", "an unknown type beside a good token", PASSED, head(ppt="msec"), original()),
    row("RFC 8224 4.1", "a type that the token alone names", "ppt-mismatch", field(f"info=<{X5U}>")),
    row("RFC 8224 4.1, E9", "a type that the parameter alone names", "jose-claim-missing", headless("ppt")),
    row("RFC 8224 4.1, E13", "two different types", "ppt-mismatch", line(token(header={"ppt": "div"}))),
    row("RFC 8588 6, E4", "SHAKEN in compact form", "compact-form", line(b".." + GOOD.rpartition(b".")[2])),
    row("RFC 8224 4, E6", "no info", "info-missing", field("ppt=shaken")),
    row(
        "RFC 8224 4, E7", "info without angle brackets", "info-invalid", field("info=https://a.example/b", "ppt=shaken")
    ),
]

URLS = [
    ("http", "http://cert.example.org/a.pem"),
    ("another scheme", "ftp://cert.example.org/a.pem"),
    ("another port", "https://cert.example.org:444/a.pem"),
    ("port 0", "https://cert.example.org:0/a.pem"),
    ("a user", "https://me@cert.example.org/a.pem"),
    ("a query", "https://cert.example.org/a.pem?b"),
    ("a fragment", "https://cert.example.org/a.pem#b"),
    ("path parameters", "https://cert.example.org/a.pem;b"),
    ("no host", "https:///a.pem"),
    ("a host in decimal", "https://2130706433/a.pem"),
    ("a host in hex", "https://0x7f000001/a.pem"),
    ("a host in octal", "https://0177.0.0.1/a.pem"),
    ("no URL", "cert.example.org/a.pem"),
]
INFO = [
    row("ATIS-1000074 5.3.1, E7", f"info with {what}", "info-invalid", line(token(header={"x5u": url}), info=url))
    for what, url in URLS
] + [
    row("ATIS-1000080", "port 8443", PASSED, line(token(header={"x5u": X5U8443}), info=X5U8443))
    for X5U8443 in ["https://cert.example.org:8443/a.pem"]
]

TOKEN = [
    row("RFC 7515 7.1", "two parts", PASSPORT, line(GOOD.rpartition(b".")[0])),
    row("RFC 7515 7.1", "four parts", PASSPORT, line(GOOD + b".a")),
    row("RFC 7515 2", "padding", PASSPORT, resealed(lambda seal: seal + b"==")),
    row("RFC 7515 2, erratum 6499", "the alphabet of plain base64", PASSPORT, resealed(lambda seal: b"+/" + seal[2:])),
    row("RFC 4648 3.5", "bits left over that are not zero", PASSPORT, resealed(lambda seal: seal[:-1] + b"B")),
    row(
        "RFC 7518 3.4",
        "a signature in DER",
        "signature-malformed",
        resealed(lambda _: base64url(KEY.sign(GOOD.rpartition(b".")[0], ec.ECDSA(hashes.SHA256())))),
    ),
    row("RFC 7518 3.4", "a signature of 65 octets", "signature-malformed", resealed(lambda _: base64url(bytes(65)))),
    row("RFC 7518 3.4", "a signature of 63 octets", "signature-malformed", resealed(lambda _: base64url(bytes(63)))),
    row("RFC 7515 4", "a header that is no JSON", PASSPORT, raw(b"{alg}")),
    row("RFC 7515 4", "a header that is no object", PASSPORT, raw(b"[]")),
    row("RFC 7515 4", "a member of the header twice", PASSPORT, raw(doubled(canonical_json(HEADER), "alg"))),
    row("RFC 7515 4", "a header member that is no string", PASSPORT, head(alg=256)),
    row("RFC 7515 4.1.11", "a critical extension", "crit-unsupported", head(crit=["exp"], exp=1)),
    row("RFC 8225 4, E9", "no alg in the header", "jose-claim-missing", headless("alg")),
    row("RFC 8225 4, E9", "no typ in the header", "jose-claim-missing", headless("typ")),
    row("RFC 8225 4, E9", "no x5u in the header", "jose-claim-missing", headless("x5u")),
    row("RFC 8224 4.1, E10", "another x5u than info", "x5u-mismatch", head(x5u=X5U + "x")),
    row("RFC 3986 6.2.1, E10", "an x5u in other capitals", "x5u-mismatch", head(x5u=X5U.replace("cert", "CERT"))),
    row("RFC 8225 4.1, E11", "another typ", "typ-invalid", head(typ="JWT")),
    row("RFC 8225 4.1, E11", "typ in capitals", "typ-invalid", head(typ="PASSporT")),
    row("RFC 8225 8.2, E12", "alg none", "alg-unsupported", head(alg="none")),
    row("RFC 8225 8.2, E12", "alg HS256", "alg-unsupported", head(alg="HS256")),
    row("RFC 8225 8.2, E12", "alg ES384", "alg-unsupported", head(alg="ES384")),
    row(
        "RFC 8224 4, E12", "another alg parameter", "alg-unsupported", field(f"info=<{X5U}>", "alg=RS256", "ppt=shaken")
    ),
    row("RFC 7515 4", "an unknown member of the header", PASSED, head(kid="1")),
    row(
        "RFC 8225 9",
        "JSON with white space",
        PASSED,
        raw(b" " + canonical_json(HEADER), canonical_json(CLAIMS) + b"\n"),
    ),
    row("RFC 8225 9", "JSON in another order", PASSED, raw(None, json.dumps(dict(reversed(CLAIMS.items()))).encode())),
]

CLAIMED = [
    row("RFC 8225 5, E14", "claims that are no JSON", PASSPORT, raw(None, b"{")),
    row("RFC 8225 5", "claims that are no object", PASSPORT, raw(None, b'"x"')),
    row("RFC 8225 9", "a claim twice", PASSPORT, raw(None, doubled(canonical_json(CLAIMS), "orig"))),
    row(
        "RFC 8259 8.1", "claims that are not UTF-8", PASSPORT, raw(None, canonical_json(CLAIMS)[:-1] + b',"x":"\xff"}')
    ),
    row("RFC 8259 2", "something after the claims", PASSPORT, raw(None, canonical_json(CLAIMS) + b"{}")),
    row("RFC 8259 6", "NaN", PASSPORT, raw(None, canonical_json(CLAIMS).replace(str(IAT).encode(), b"NaN"))),
    row("RFC 8259 9", "claims nested without end", PASSPORT, raw(None, b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}")),
    row("RFC 8225 5.1, E14", "no iat", "claim-missing", without("iat")),
    row("RFC 8225 5.2.1, E14", "no orig", "claim-missing", without("orig")),
    row("RFC 8225 5.2.1, E14", "no dest", "claim-missing", without("dest")),
    row("RFC 8588 4, E14", "no attest", "claim-missing", without("attest")),
    row("RFC 8588 5, E14", "no origid", "claim-missing", without("origid")),
    row("RFC 8588 5, E14", "an empty origid", "claim-missing", claim(origid="")),
    row("RFC 8588 5", "an origid that is no UUID", PASSED, claim(origid="trunk-7")),
    row("RFC 8588 4, E19", "attestation D", "attest-invalid", claim(attest="D")),
    row("RFC 8588 4, E19", "attestation a", "attest-invalid", claim(attest="a")),
    row("RFC 8588 4, E19", "an empty attestation", "attest-invalid", claim(attest="")),
    row("RFC 8588 4", "an attestation that is no string", "claim-invalid", claim(attest=["A"])),
    row("RFC 8588 4", "attestation B", PASSED, claim(attest="B")),
    row("RFC 8588 4", "attestation C", PASSED, claim(attest="C")),
    row("RFC 8225 5", "an unknown claim", PASSED, claim(extra={"x": 1})),
    row("RFC 8225 5.1, erratum 6656", "iat as a string", "claim-invalid", claim(iat=str(IAT))),
    row("RFC 8225 5.1", "iat true", "claim-invalid", claim(iat=True)),
    row("RFC 8225 5.1", "iat with a fraction", "claim-invalid", claim(iat=NOW + 0.5)),
    row("RFC 8225 5.1", "a negative iat", "claim-invalid", claim(iat=-1)),
    row("RFC 7493 2.2", "an iat beyond 2^53", "claim-invalid", claim(iat=2**60)),
    row("RFC 8225 5.1", "iat null", "claim-invalid", claim(iat=None)),
    row("RFC 8225 5.2.1", "orig with tn and uri", "claim-invalid", claim(orig={"tn": ALICE, "uri": "sip:a@b"})),
    row("RFC 8225 5.2.1", "orig with neither", "claim-invalid", claim(orig={})),
    row("RFC 8225 5.2.1", "orig as a list", "claim-invalid", claim(orig=[ALICE])),
    row("RFC 8225 5.2.1", "orig.tn as a list", "claim-invalid", claim(orig={"tn": [ALICE]})),
    row("RFC 8225 5.2.1", "orig.tn as a number", "claim-invalid", claim(orig={"tn": int(ALICE)})),
    row("RFC 8225 5.2.1", "an empty orig.tn", "claim-invalid", claim(orig={"tn": ""})),
    row("RFC 8224 8.3", "orig.tn with a plus", "claim-invalid", claim(orig={"tn": "+" + ALICE})),
    row("RFC 8224 8.3", "orig.tn with separators", "claim-invalid", claim(orig={"tn": "1-215-555-1212"})),
    row("RFC 8224 8.3", "orig.tn in digits of another script", "claim-invalid", claim(orig={"tn": "١٢١٥٥٥٥١٢١٢"})),
    row("RFC 8225 5.2.1, erratum 5715", "dest as a list", "claim-invalid", claim(dest=[{"tn": BOB}])),
    row("RFC 8225 5.2.1", "dest.tn as a string", "claim-invalid", claim(dest={"tn": BOB})),
    row("RFC 8225 5.2.1", "dest that names nobody", "claim-invalid", claim(dest={"tn": []})),
    row("RFC 8225 5.2.1", "dest with something else in its list", "claim-invalid", claim(dest={"tn": [BOB, 1]})),
    row("RFC 8224 8.3", "dest.tn with a plus", "claim-invalid", claim(dest={"tn": ["+" + BOB]})),
    row("RFC 8225 5.2.1", "dest with several numbers", PASSED, claim(dest={"tn": [BOB, CAROL]})),
]

TIMES = [
    row("RFC 8224 6.2 step 4, E15", "60 seconds old", PASSED, original(iat=NOW - 60)),
    row("RFC 8224 6.2 step 4, E15", "61 seconds old", "iat-stale", original(iat=NOW - 61)),
    row("RFC 8224 6.2 step 4, E15", "a year old", "iat-stale", original(iat=NOW - 365 * 86_400)),
    row("RFC 8224 6.2 step 4, E15", "iat 0", "iat-stale", original(iat=0)),
    row("RFC 8224 6.2 step 4, E15", "60 seconds ahead", PASSED, original(iat=NOW + 60)),
    row("RFC 8224 6.2 step 4, E15", "61 seconds ahead", "iat-future", original(iat=NOW + 61)),
    row("RFC 8224 6.2 step 4", "a Date of yesterday beside a fresh iat", PASSED, original(), date(NOW - 86_400)),
    row("RFC 3261 20.17", "a Date in another zone", PASSED, original(), date(NOW, "EST")),
]


def calling(user: str, *lines: str, of_: str = ALICE, **changed: Any) -> Row:
    return row(
        "RFC 8224 8.3",
        f"From {user}",
        changed.pop("expected", PASSED),
        original(orig=of_),
        *lines,
        from_=f"<sip:{user}@carrier.example>;tag=1",
        **changed,
    )


ORIGS = [
    row("RFC 8224 6.2 step 2, E16", "another caller's token", "orig-mismatch", original(orig=CAROL)),
    row("RFC 8224 6.2 step 2", "a number that only begins the same", "orig-mismatch", original(orig=ALICE + "0")),
    row("RFC 8224 6.2 step 2", "a number that is part of it", "orig-mismatch", original(orig=ALICE[1:])),
    calling("+1%20(215)%20555-1212"),
    calling("+1-215-555-1212"),
    calling("+1.215.555.1212"),
    calling(ALICE),
    calling("%2B" + ALICE),
    calling(f"+{ALICE};npdi;rn=+13035550000"),
    calling(f"+{ALICE};tgrp=x;trunk-context=example.com"),
    calling(f"+{ALICE};verstat=TN-Validation-Passed"),
    calling(f"+{CAROL}", expected="orig-mismatch"),
    calling("anonymous", expected="originator-unknown"),
    calling(f"+{CAROL}", f"P-Asserted-Identity: <sip:+{ALICE}@a.example>", expected="presented-not-attested"),
    calling(f"+{ALICE}", f"P-Asserted-Identity: <sip:+{CAROL}@a.example>", expected="asserted-not-attested"),
    calling("anonymous", f"P-Asserted-Identity: <tel:+{ALICE}>"),
    calling(f"+{ALICE}", f"P-Asserted-Identity: <sip:+{ALICE}@a.example>, <tel:+{ALICE}>"),
    calling(
        f"+{ALICE}", f"P-Asserted-Identity: <sip:+{ALICE}@a.example>, <tel:+{CAROL}>", expected="asserted-not-attested"
    ),
    calling(f"+{CAROL}", f"P-Asserted-Identity: <tel:+{ALICE}>", trunk=trunk(attested_number="asserted")),
    calling(
        f"+{CAROL}", f"P-Asserted-Identity: <tel:+{ALICE}>", trunk=trunk(trust_asserted=False), expected="orig-mismatch"
    ),
    row(
        "RFC 8224 8.5",
        "a caller that is a URI",
        PASSED,
        claim(orig={"uri": "sip:Alice@A.example:5060"}),
        from_="<sip:alice@a.example;user=x>;tag=1",
    ),
    row(
        "RFC 8224 8.5",
        "a caller that is another URI",
        "orig-mismatch",
        claim(orig={"uri": "sip:alice@a.example"}),
        from_="<sip:alice@b.example>;tag=1",
    ),
]

DESTS = [
    row("RFC 8224 6.2 step 5, E16", "a token for somebody else", "dest-mismatch", original(CAROL)),
    row("RFC 8224 6.2 step 5", "a number that only begins the same", "dest-mismatch", original(BOB[:-1])),
    row(
        "RFC 8224 6.2 step 5", "a token for To, and the call goes elsewhere", "dest-diverted", original(), target=CAROL
    ),
    row("RFC 8224 6.2 step 5", "a token for the Request-URI, and To is another", PASSED, original(), to=CAROL),
    row(
        "RFC 8224 6.2 step 5",
        "an SBC that changes called numbers",
        PASSED,
        original(),
        target=CAROL,
        trunk=trunk(called_number="either"),
    ),
    row(
        "RFC 8225 5.2.1",
        "a token for a URI, and the call goes to a number",
        "dest-mismatch",
        claim(dest={"uri": ["sip:bob@biloxi.example"]}),
    ),
]

MEDIA = [
    row("RFC 8225 5.2.2", "the fingerprints of the SDP", PASSED, original(mky=KEYS), body=SDP),
    row("RFC 8225 5.2.2", "one object instead of a list", PASSED, original(mky=KEYS[0]), body=SDP),
    row(
        "RFC 8225 5.2.2", "another fingerprint", "media-mismatch", original(mky=KEYS), body=SDP.replace(b"4A:", b"4B:")
    ),
    row("RFC 8225 5.2.2", "another hash", "media-mismatch", original(mky=KEYS), body=SDP.replace(b"sha-256", b"sha-1")),
    row("RFC 8225 5.2.2", "no fingerprint in the SDP", "media-mismatch", original(mky=KEYS), body=b"v=0\r\n"),
    row("RFC 8225 5.2.2", "no SDP", PASSED, original(mky=KEYS)),
    row("RFC 8225 5.2.2", "mky that is no object", "claim-invalid", original(mky="x"), body=SDP),
    row("RFC 8225 5.2.2", "mky without dig", "claim-invalid", original(mky=[{"alg": "sha-256"}]), body=SDP),
    row("RFC 8225 5.2.2", "an empty mky", "claim-invalid", original(mky=[]), body=SDP),
]

BASES = [
    row("RFC 8225 5", "of the number's owner", PASSED, base(OWNER.signing_key), bundle=LIST),
    row("RFC 8226 9", "of a service provider", "authority-unknown", base()),
    row("RFC 8225 7", "in compact form", PASSED, compact(), date(NOW), bundle=LIST),
    row(
        "RFC 8225 7",
        "compact, for another callee",
        "signature-invalid",
        compact(dest={"tn": [CAROL]}),
        date(NOW),
        bundle=LIST,
    ),
    row("RFC 8225 7", "compact, without a Date", "compact-form", compact(), bundle=LIST),
    row("RFC 8225 7", "compact, Date in another zone", "compact-form", compact(), date(NOW, "EST"), bundle=LIST),
    row(
        "RFC 8225 7",
        "compact, of yesterday",
        "iat-stale",
        compact(iat=IAT - 86_400),
        date(NOW - 86_400),
        bundle=LIST,
    ),
    row(
        "RFC 8225 7",
        "compact, with fingerprints that were not signed",
        "signature-invalid",
        compact(),
        date(NOW),
        bundle=LIST,
        body=SDP,
    ),
    row(
        "RFC 8225 7",
        "compact, with the fingerprints",
        PASSED,
        compact(mky=KEYS),
        date(NOW),
        bundle=LIST,
        body=SDP,
    ),
    row(
        "RFC 7518 3.4",
        "compact, a signature in DER",
        "signature-malformed",
        compact(seal=base64url(bytes(70))),
        date(NOW),
        bundle=LIST,
    ),
]

SIGNATURES = [
    row("RFC 8224 6.2 step 5, E18", "another key", "signature-invalid", line(signed(HEADER, CLAIMS, EVE))),
    row("RFC 8224 6.2 step 5, E18", "C made an A", "signature-invalid", altered(attest="A", origid="other")),
    row("RFC 8224 6.2 step 5, E18", "another iat", "signature-invalid", altered(iat=IAT + 1)),
    row(
        "RFC 7515 5.2",
        "a changed header",
        "signature-invalid",
        line(b".".join((base64url(canonical_json(HEADER | {"x": 1})), *GOOD.split(b".")[1:]))),
    ),
    row("RFC 7518 3.4", "r and s are 0", "signature-invalid", resealed(lambda _: base64url(bytes(64)))),
    row(
        "RFC 7518 3.4",
        "r and s are as large as can be",
        "signature-invalid",
        resealed(lambda _: base64url(b"\xff" * 64)),
    ),
    row(
        "RFC 7518 3.4",
        "r and s swapped",
        "signature-invalid",
        resealed(swapped),
    ),
    row(
        "RFC 8225 7",
        "a signature that was not made in the deterministic way",
        PASSED,
        line(resigned(GOOD.rpartition(b".")[0])),
    ),
]

CERTIFICATES = [
    row("RFC 8224 6.2.2, E8", "the repository is down", "repository-unavailable", original(), down=True),
    of(b"", section="RFC 8226 3", what="nothing", expected="certificate-unreadable"),
    of(b"<html>", section="RFC 8226 3", what="a page", expected="certificate-unreadable"),
    of(
        PKI.signer.bundle.replace(b"MII", b"MIJ"),
        section="RFC 8226 3",
        what="broken",
        expected="certificate-unreadable",
    ),
    of(PKI.signer.bundle * 5, section="RFC 9060 7", what="ten certificates", expected="certificate-unreadable"),
    of(b"#" * 70_000, section="RFC 8226 3", what="too many octets", expected="certificate-unreadable"),
    of(
        OUTSIDER.signer.bundle,
        section="RFC 8224 6.2 step 3, E17",
        what="another authority",
        expected="certificate-untrusted",
    ),
    of(
        OUTSIDER.signer.bundle + OUTSIDER.root.pem,
        section="RFC 8224 6.2 step 3, E17",
        what="its own root beside it",
        expected="certificate-untrusted",
    ),
    of(PKI.signer.pem, section="RFC 9060 7", what="no intermediate", expected="certificate-untrusted"),
    of(
        PKI.signer.pem + OUTSIDER.intermediate.pem,
        section="RFC 9060 7",
        what="another's intermediate",
        expected="certificate-untrusted",
    ),
    of(
        sti_signer(PKI.signer, WINDOW),
        section="RFC 5280 4.2.1.9",
        what="issued by a certificate that is no CA",
        expected="certificate-untrusted",
    ),
    of(
        sti_signer(issue("SHAKEN CA", PKI.root, WINDOW, authority(0)), WINDOW),
        section="RFC 5280 4.2.1.9",
        what="a path length of 0 above it",
        expected=PASSED,
    ),
    of(
        sti_signer(
            issue("SHAKEN CA 2", issue("SHAKEN CA", PKI.root, WINDOW, authority(0)), WINDOW, authority()), WINDOW
        ),
        section="RFC 5280 4.2.1.9",
        what="a longer path than allowed",
        expected="certificate-untrusted",
    ),
    of(pki.expired(INTERMEDIATE), section="RFC 8224 6.2 step 4", what="expired", expected="certificate-expired"),
    of(
        pki.not_yet_valid(INTERMEDIATE),
        section="RFC 8224 6.2 step 4",
        what="not yet valid",
        expected="certificate-expired",
    ),
    of(
        pki.ca_as_signer(INTERMEDIATE),
        section="ATIS-1000080 6.4.1",
        what="a CA",
        expected="certificate-unsuitable",
    ),
    of(
        with_key(INTERMEDIATE, ec.generate_private_key(ec.SECP384R1())),
        section="RFC 8225 8.2",
        what="P-384",
        expected="certificate-unsuitable",
    ),
    of(
        with_key(INTERMEDIATE, rsa.generate_private_key(65_537, 2048)),
        section="RFC 8225 8.2",
        what="RSA",
        expected="certificate-unsuitable",
    ),
    of(
        with_key_usage(INTERMEDIATE, "key_agreement"),
        section="ATIS-1000080 6.4.1",
        what="no digitalSignature",
        expected="certificate-unsuitable",
    ),
    of(
        pki.without_tn_auth_list(INTERMEDIATE),
        section="RFC 8226 9",
        what="no TNAuthList",
        expected="tn-auth-list-missing",
    ),
    of(
        with_tn_auth_list(INTERMEDIATE, b""),
        section="RFC 8226 9",
        what="an empty TNAuthList",
        expected="tn-auth-list-malformed",
    ),
    of(
        with_tn_auth_list(INTERMEDIATE, b"\x30\x00"),
        section="RFC 8226 9",
        what="a TNAuthList of none",
        expected="tn-auth-list-malformed",
    ),
    of(
        with_tn_auth_list(INTERMEDIATE, b"https://a.example"),
        section="RFC 8226 9",
        what="a URL as TNAuthList",
        expected="tn-auth-list-malformed",
    ),
    of(
        with_tn_auth_list(INTERMEDIATE, bytes.fromhex("3006800431323334")),
        section="RFC 8226 9",
        what="implicit tags",
        expected="tn-auth-list-malformed",
    ),
    of(
        with_tn_auth_list(INTERMEDIATE, TnAuthList(("1234",)).der() + b"\x00"),
        section="RFC 8226 9",
        what="octets after the TNAuthList",
        expected="tn-auth-list-malformed",
    ),
]

NUMBERS = [
    of(listing(numbers=(Numbers(ALICE),)), section="RFC 8226 9", what="this very number", expected=PASSED),
    of(
        listing(numbers=(Numbers(CAROL),)),
        section="RFC 8226 9",
        what="another number",
        expected="number-not-authorised",
    ),
    of(
        listing(numbers=(Numbers("12155551200", 13),)), section="RFC 8226 9", what="the end of a range", expected=PASSED
    ),
    of(
        listing(numbers=(Numbers("12155551200", 12),)),
        section="RFC 8226 9",
        what="just beyond a range",
        expected="number-not-authorised",
    ),
    of(
        listing(numbers=(Numbers("2155551200", 100),)),
        section="RFC 8226 9",
        what="a range with a digit less",
        expected="number-not-authorised",
    ),
    of(
        listing("1234", numbers=(Numbers(CAROL),)),
        section="RFC 8226 9",
        what="a provider code beside another number",
        expected=PASSED,
    ),
]

CONSTRAINTS = [
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(must_include=("rcd",))),
        section="RFC 8226 8",
        what="a claim that must be there",
        expected="claim-not-permitted",
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(must_include=("attest",))),
        section="RFC 8226 8",
        what="a claim that is there",
        expected=PASSED,
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(permitted=(("attest", frozenset("BC")),))),
        section="RFC 8226 8",
        what="a value that is not permitted",
        expected="claim-not-permitted",
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(permitted=(("attest", frozenset("AB")),))),
        section="RFC 8226 8",
        what="a value that is permitted",
        expected=PASSED,
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(permitted=(("crn", frozenset("x")),))),
        section="RFC 9118 3",
        what="a permitted value of a claim that is not there",
        expected=PASSED,
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(permitted=(("dest", frozenset("x")),))),
        section="RFC 9118 3",
        what="permitted values of a claim that is no string",
        expected="claim-not-permitted",
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(must_exclude=("attest",))),
        section="RFC 9118 3",
        what="a claim that must not be there",
        expected="claim-not-permitted",
    ),
    of(
        with_constraints(INTERMEDIATE, ClaimConstraints(must_exclude=("iat",), must_include=("rcd",))),
        section="RFC 9118 3",
        what="an extension that excludes iat, and is passed over",
        expected=PASSED,
    ),
    of(
        with_constraints(
            INTERMEDIATE, ClaimConstraints(must_include=("attest",)), ClaimConstraints(must_exclude=("rcd",))
        ),
        section="RFC 9118 3",
        what="both extensions",
        expected="certificate-unsuitable",
    ),
]

DELEGATIONS = [
    of(
        delegated(small_range(1000), TnAuthList(numbers=(Numbers(ALICE),))),
        section="RFC 9060 4",
        what="a number of the issuer's range",
        expected=PASSED,
    ),
    of(
        delegated(small_range(100), TnAuthList(numbers=(Numbers(ALICE),))),
        section="RFC 9060 4",
        what="a number beyond the issuer's range",
        expected="delegation-exceeded",
    ),
    of(
        delegated(small_range(1000), TnAuthList(("1234",))),
        section="RFC 9060 4",
        what="a provider code that the issuer has not",
        expected="delegation-exceeded",
    ),
    of(
        delegated(TnAuthList(("1234",)), TnAuthList(("1234",))),
        section="RFC 9060 4",
        what="the issuer's provider code",
        expected=PASSED,
    ),
    of(
        delegated(TnAuthList(("1234",)), TnAuthList(numbers=(Numbers(ALICE),))),
        section="RFC 9060 4",
        what="numbers of a provider",
        expected=PASSED,
    ),
    of(
        delegated(TnAuthList(("1234",)), TnAuthList(numbers=(Numbers(CAROL),))),
        section="RFC 8226 9",
        what="delegated, and for another number",
        expected="number-not-authorised",
    ),
]

DIVERTED = [
    row("RFC 8946 4.2", "one diversion", "passed div-passed", original(), div(BOB, CAROL), target=CAROL),
    row(
        "RFC 8946 4.2",
        "two diversions in any order",
        "passed div-passed div-passed",
        div(CAROL, "13125550124"),
        original(),
        div(BOB, CAROL),
        target="13125550124",
    ),
    row(
        "RFC 8946 4.2",
        "a link that is missing",
        "dest-diverted",
        original(),
        div(CAROL, "13125550124"),
        target="13125550124",
    ),
    row("RFC 8946 4.2", "it ends elsewhere", "dest-diverted", original(), div(BOB, "13125550124"), target=CAROL),
    row("RFC 8946 4.2", "another orig", "dest-diverted", original(), div(BOB, CAROL, orig="13125550199"), target=CAROL),
    row("RFC 8946 4.2", "a forged diversion", "dest-diverted", original(), div(BOB, CAROL, key=EVE), target=CAROL),
    row(
        "RFC 8946 4.2",
        "a forged original",
        "signature-invalid div-broken",
        line(signed(HEADER, CLAIMS, EVE)),
        div(BOB, CAROL),
        target=CAROL,
    ),
    row("RFC 8946 4.2", "no original at all", "div-broken", div(BOB, CAROL), target=CAROL),
    row(
        "RFC 8946 4.2", "a circle", "dest-diverted", original(), div(BOB, CAROL), div(CAROL, BOB), target="13125550124"
    ),
    row(
        "RFC 8946 4.2",
        "an original of three minutes ago",
        "passed div-passed",
        original(iat=NOW - 180),
        div(BOB, CAROL),
        target=CAROL,
    ),
    row(
        "RFC 8946 4.2",
        "an original of ten minutes ago",
        "iat-stale div-broken",
        original(iat=NOW - 600),
        div(BOB, CAROL),
        target=CAROL,
    ),
    row(
        "RFC 8946 4.2",
        "a last diversion of two minutes ago",
        "dest-diverted",
        original(),
        div(BOB, CAROL, iat=NOW - 120),
        target=CAROL,
    ),
    row("RFC 8946 3", "no div claim", "claim-missing", line(token(header={"ppt": "div"}), "div")),
    row("RFC 8946 3", "div that is no object", "claim-invalid", div(BOB, CAROL, div=BOB), target=CAROL),
    row("RFC 8946 3", "div with a plus", "claim-invalid", div(BOB, CAROL, div={"tn": "+" + BOB}), target=CAROL),
    row("RFC 8946 5", "opt in a div token", "claim-invalid", div(BOB, CAROL, opt="x"), target=CAROL),
    row(
        "RFC 8226 9",
        "by somebody who has not the number",
        "number-not-authorised number-not-authorised",
        original(),
        div(BOB, CAROL),
        target=CAROL,
        bundle=listing(numbers=(Numbers("13125550124"),)).bundle,
    ),
]

PRIORITIES = [
    row("RFC 8443 4.2", "authorised", "passed rph-passed", original(), other("rph", rph={"auth": ["ets.0"]}), PRIORITY),
    row(
        "RFC 8443 4.2", "it passes no number", "no-identity rph-passed", other("rph", rph={"auth": ["ets.0"]}), PRIORITY
    ),
    row(
        "RFC 8443 4.2",
        "another priority",
        "passed rph-failed",
        original(),
        other("rph", rph={"auth": ["ets.1"]}),
        PRIORITY,
    ),
    row(
        "RFC 8443 4.2",
        "forged",
        "passed rph-failed",
        original(),
        other("rph", rph={"auth": ["ets.0"]}, key=EVE),
        PRIORITY,
    ),
    row(
        "RFC 8443 4.2", "stale", "passed rph-failed", original(), other("rph", rph={"auth": ["ets.0"]}, iat=1), PRIORITY
    ),
    row("RFC 8443 3", "no rph claim", "passed rph-failed", original(), other("rph"), PRIORITY),
    row(
        "RFC 8443 3",
        "auth that is no list",
        "passed rph-failed",
        original(),
        other("rph", rph={"auth": "ets.0"}),
        PRIORITY,
    ),
]

NAMES = [
    row(
        "RFC 9795 8",
        "the name that is shown",
        "passed rcd-passed",
        original(),
        other("rcd", rcd={"nam": "Alice"}),
        from_=NAMED,
    ),
    row("RFC 9795 8", "in a SHAKEN token", "passed rcd-passed", original(rcd={"nam": "Alice"}), from_=NAMED),
    row("RFC 9795 8", "another name", "passed rcd-name-mismatch", original(rcd={"nam": "Barclays"}), from_=NAMED),
    row(
        "RFC 9795 8",
        "forged",
        "passed rcd-failed",
        original(),
        other("rcd", rcd={"nam": "Alice"}, key=EVE),
        from_=NAMED,
    ),
    row("RFC 9795 5", "no name", "passed rcd-failed", original(), other("rcd", rcd={}), from_=NAMED),
    row("RFC 9795 5", "it passes no number", "no-identity rcd-passed", other("rcd", rcd={"nam": "Alice"}), from_=NAMED),
]

SEVERAL = [
    row("RFC 8224 6.2", "one good token after a bad one", PASSED, original(orig=CAROL), original()),
    row("RFC 8224 6.2", "one good token before a bad one", PASSED, original(), original(orig=CAROL)),
    row(
        "RFC 8224 6.2", "all are bad, each in its way", "orig-mismatch iat-stale", original(orig=CAROL), original(iat=1)
    ),
    row("RFC 8224 6.2", "a token that cannot be read beside a good one", PASSED, "Identity: ?", original()),
    row("RFC 8224 6.2", "bad ones beside one of an unknown type", "iat-stale", head(ppt="msec"), original(iat=1)),
    row(
        "RFC 8224 6.2",
        "one that could not be checked beside a bad one",
        "repository-unavailable",
        original(),
        original(iat=1),
        down=True,
    ),
]

TABLE = [
    *IDENTITY, *INFO, *TOKEN, *CLAIMED, *TIMES, *ORIGS, *DESTS, *MEDIA, *BASES, *SIGNATURES, *CERTIFICATES, *NUMBERS,
    *CONSTRAINTS, *DELEGATIONS, *DIVERTED, *PRIORITIES, *NAMES, *SEVERAL,
]  # fmt: skip


def test_there_are_rows_enough_and_each_names_its_section() -> None:
    assert len({(each.section, each.what) for each in TABLE}) >= 150
    assert all(each.section.startswith(("RFC ", "ATIS-")) for each in TABLE)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: f"{case.section}: {case.what}"[:80])
def test_a_row(case: Row) -> None:
    trusts = Trusts([Trust("lab", Anchors(PKI.root.pem), profile="lab")])

    def certificates(_: str, when: float) -> Any:
        return DOWN if case.down else trusts.judge(case.bundle, when)

    found = IdentityCheck(certificates, Terms(), trusts).check(case.call)
    assert isinstance(found, list)
    assert " ".join(finding.code.value for finding in found if finding.weighs) == case.expected
    assert all(token_is_not_shown(finding) for finding in found)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: f"{case.section}: {case.what}"[:80])
def test_the_desk_finds_what_is_found_in_line(case: Row) -> None:
    trusts = Trusts([Trust("lab", Anchors(PKI.root.pem), profile="lab")])

    def certificates(_: str, when: float) -> Any:
        return DOWN if case.down else trusts.judge(case.bundle, when)

    call = case.call
    given = Circumstances(call.trunk, Terms(), trusts, certificates, call.arrival)
    reports: list[Any] = []
    Deferred.fromCoroutine(verify(Statement(call.request, frozenset(("orig", "dest"))), given)).addBoth(reports.append)
    (report,) = reports
    assert " ".join(each.code.value for each in report.findings if each.weighs) == case.expected
    in_line = IdentityCheck(certificates, Terms(), trusts).check(call)
    assert isinstance(in_line, list)
    assert sorted(map(summary, report.findings)) == sorted(map(summary, in_line))


def summary(finding: Finding) -> tuple[str, int, bool]:
    return finding.code.value, finding.token, finding.weighs


def token_is_not_shown(finding: Finding) -> bool:
    return GOOD.rpartition(b".")[2].decode()[:20] not in repr(finding)
