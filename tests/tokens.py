"""Tokens of every type about one call, and what the verification service says of them together."""

from typing import Any

from calls import CLAIMS, HEADER, PKI, X5U
from calls import token as shaken_token
from incoming import call
from pki import NOW
from scene import TRUNK

from sip_guard.call import Call, Finding
from sip_guard.checks.identity import IdentityCheck
from sip_guard.peer import Trunk
from sip_guard.stir.certificate import Signer
from sip_guard.stir.sign import token
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Judgement, Trust, Trusts

ALICE, BOB, CAROL, DAVE = "12155551212", "12155551213", "12155551214", "12155551215"
TRUSTS = Trusts([Trust("lab", PKI.anchors)])
FINGERPRINT = "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF"


def line(text: bytes, ppt: str | None = "shaken", info: str = X5U) -> str:
    """Give the header field line of a token."""
    type_ = f";ppt={ppt}" if ppt else ""
    return f"Identity: {text.decode()};info=<{info}>;alg=ES256{type_}"


def original(to: str = BOB, *, orig: str = ALICE, iat: float = NOW, **claims: Any) -> str:
    """A SHAKEN token for a call from `orig` to `to`."""
    return line(shaken_token(dest={"tn": [to]}, orig={"tn": orig}, iat=int(iat), **claims))


def div(before: str, after: str, *, orig: str = ALICE, iat: float = NOW, key: Any = None, **claims: Any) -> str:
    """A token of who diverted the call from `before` to `after`."""
    made = {"dest": {"tn": [after]}, "div": {"tn": before}, "iat": int(iat), "orig": {"tn": orig}} | claims
    return line(token(HEADER | {"ppt": "div"}, made, key or PKI.signer.signing_key), "div")


def other(ppt: str, *, key: Any = None, without: str = "", **claims: Any) -> str:
    """A token of another type about the same call."""
    made = {name: CLAIMS[name] for name in ("dest", "iat", "orig") if name != without} | claims
    return line(token(HEADER | {"ppt": ppt}, made, key or PKI.signer.signing_key), ppt)


def base(signed_by: Any = None, info: str = X5U, **claims: Any) -> str:
    """A base PASSporT, which has no type."""
    header = {name: value for name, value in HEADER.items() if name != "ppt"} | {"x5u": info}
    made = {name: CLAIMS[name] for name in ("dest", "iat", "orig")} | claims
    return line(token(header, made, signed_by or PKI.signer.signing_key), None, info)


def about(*lines: str, to: str = BOB, target: str = BOB, trunk: Trunk = TRUNK, **changed: Any) -> Call:
    """Alice's call to `to`, which goes to `target`."""
    return call(*lines, uri=f"sip:+{target}@192.0.2.1", to=f"<sip:+{to}@192.0.2.1>", trunk=trunk, **changed)


def found(of: Call, certificates: "dict[str, Judgement | Finding | Signer] | None" = None) -> list[Finding]:
    """Ask the check about a call whose certificates are at hand."""

    def at(url: str, when: float) -> Judgement | Finding:
        there = (certificates or {}).get(url)
        if isinstance(there, Signer):
            return Judgement.of({"lab": there})
        return there or TRUSTS.judge(PKI.signer.bundle, when)

    result = IdentityCheck(at, Terms(), TRUSTS).check(of)
    assert isinstance(result, list)
    return result


def codes(findings: list[Finding]) -> list[tuple[str, int]]:
    """Give the codes of those that weigh, each with its token."""
    return [(finding.code.value, finding.token) for finding in findings if finding.weighs]
