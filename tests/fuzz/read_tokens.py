"""Identity values, and the tokens in them."""

import json
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from incoming import ALICE_NUMBER, BOB_NUMBER, ORIGID, call
from pki import NOW, pki
from twisted.internet.task import Clock

from sip_guard.call import Code, Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.checks.replay import Options, ReplayCheck
from sip_guard.sip.headers import split_list
from sip_guard.stir import sign
from sip_guard.stir.jws import Jws
from sip_guard.stir.passport import claims
from sip_guard.stir.sign import base64url, canonical_json
from sip_guard.stir.strict_json import members
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Judgement, Trust, Trusts

URL = "https://certs.example.com/signer.pem"
CAROL_NUMBER = "13125550123"
PKI = pki()
KEY = PKI.signer.signing_key
TRUSTS = Trusts([Trust("lab", PKI.anchors)])
JUDGEMENT = TRUSTS.judge(PKI.signer.bundle, NOW)
assert isinstance(JUDGEMENT, Judgement)
GOOD = JUDGEMENT
IDENTITY = IdentityCheck(lambda _url, _when: GOOD, Terms(), TRUSTS)
REPLAY = ReplayCheck(Options(entries=1000), 120, Clock())
CALL = call("Date: Tue, 14 Nov 2023 22:13:20 GMT")
HEADER: Mapping[str, object] = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": URL}
CLAIMS: Mapping[str, object] = {
    "attest": "A",
    "dest": {"tn": [BOB_NUMBER]},
    "iat": int(NOW),
    "orig": {"tn": ALICE_NUMBER},
    "origid": ORIGID,
}


def identities() -> list[bytes]:
    """Give values of each type and form."""
    iat = int(NOW)
    shaken = sign.sign(attest="A", dest_tn=[BOB_NUMBER], iat=iat, orig_tn=ALICE_NUMBER, origid=ORIGID, key=KEY, x5u=URL)
    base = sign.base(orig=ALICE_NUMBER, dest=[BOB_NUMBER], iat=iat, key=KEY, x5u=URL)
    below = sign.base(orig=ALICE_NUMBER, dest=[CAROL_NUMBER], iat=iat - 90, key=KEY, x5u=URL)
    div = sign.div(orig=ALICE_NUMBER, dest=[BOB_NUMBER], diverted=CAROL_NUMBER, iat=iat, key=KEY, x5u=URL)
    rcd = sign.rcd(orig=ALICE_NUMBER, dest=[BOB_NUMBER], rcd={"nam": "Alice"}, iat=iat, key=KEY, x5u=URL)
    compact = b".." + base.split(b".", 2)[2]
    return [shaken, base, below + b", " + div, shaken + b"," + rcd, compact, b'x.y.z ; info = <x> ; ppt = "\\"a"']


def _signed(value: bytes) -> bytes:
    return value.partition(b";")[0].strip(b" \t").rpartition(b".")[0]


SIGNED = frozenset((b".", *(_signed(value) for values in identities() for value in split_list(values))))
"""What was signed; a compact form has nothing between its dots."""


def passports() -> list[bytes]:
    """Give JOSE headers and claims, with a NUL between."""
    further = [
        CLAIMS,
        {**CLAIMS, "dest": {"tn": [BOB_NUMBER, CAROL_NUMBER], "uri": ["sip:bob@guard.example"]}},
        {**CLAIMS, "rcd": {"nam": "Alice"}, "mky": [{"alg": "sha-256", "dig": "4A"}]},
        {**CLAIMS, "origid": "\u00e9\U0001f600", "x": [1.5, -1, None, True, {"y": []}]},
    ]
    texts = [canonical_json(HEADER) + b"\0" + canonical_json(each) for each in further]
    spaced = json.dumps(HEADER).encode() + b"\0" + json.dumps(CLAIMS, indent=1).encode()
    escaped = texts[0].replace(b"orig", b"\\u006frig")
    return [*texts, spaced, escaped, texts[0].replace(b'"A"', b'"A","attest":"B"')]


def identity(data: bytes) -> None:
    """Whatever stands in the field, each check gives findings; what passes is what was signed, octet by octet."""
    values = tuple(split_list(data.replace(b"\r", b" ").replace(b"\n", b" ")))
    asked = msgspec.structs.replace(CALL, identities=values)
    found = _checked(asked.identities)
    assert found
    assert _checked(asked.identities) == found
    for each in found:
        assert 0 <= each.token <= len(values)
        if each.code is Code.PASSED:
            assert _signed(values[each.token - 1]) in SIGNED
    assert all(each.code is Code.TOKEN_REPLAYED for each in REPLAY.check(asked))


def passport(data: bytes) -> None:
    """Whatever a signer signs, the claims are what another reader of JSON finds, and those of the call if it passes."""
    head, _, payload = data.partition(b"\0")
    signed = base64url(head) + b"." + base64url(payload)
    jws = Jws.parse(signed + b"." + base64url(bytes(64)))
    for text in (head, payload):
        _one_reading(text)
    if isinstance(jws, Finding):
        return
    assert (jws.payload, jws.signed) == (payload, signed)
    read = claims(jws)
    if isinstance(read, Finding):
        return
    other = json.loads(payload)
    assert (read.iat, read.attest, read.origid) == (other["iat"], other.get("attest"), other.get("origid"))
    assert (read.orig_tn, read.orig_uri) == (other["orig"].get("tn"), other["orig"].get("uri"))
    assert list(read.dest_tn) == other["dest"].get("tn", [])
    parameters = b";info=<%s>;alg=ES256" % jws.x5u.encode() + (b";ppt=%s" % jws.ppt.encode() if jws.ppt else b"")
    if Code.SIGNATURE_INVALID not in _codes(signed + b"." + base64url(bytes(63) + b"\1") + parameters):
        return
    if Code.PASSED in _codes(sealed(signed, KEY) + parameters):
        assert other["orig"] == {"tn": ALICE_NUMBER}
        assert BOB_NUMBER in other["dest"]["tn"]
        assert abs(other["iat"] - NOW) <= 60
        assert jws.ppt is None or other["attest"] in ("A", "B", "C")
        assert json.loads(head)["alg"] == "ES256"


def sealed(signed: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Put a genuine signature under any `header.payload`."""
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + b"." + base64url(r.to_bytes(32) + s.to_bytes(32))


def _checked(values: tuple[bytes, ...]) -> list[Finding]:
    found = IDENTITY.check(msgspec.structs.replace(CALL, identities=values))
    assert isinstance(found, list)
    return found


def _codes(value: bytes) -> set[Code]:
    return {finding.code for finding in _checked((value,))}


def _one_reading(text: bytes) -> None:
    """What is read strictly is what Python's own reader finds, with every name once."""
    found = members(text)
    if found is not None:
        assert _same(json.loads(text, object_pairs_hook=_distinct), found), text


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return float(one) == float(other) and (type(one) is type(other) or abs(one) > 2**53)
    return type(one) is type(other) and one == other
