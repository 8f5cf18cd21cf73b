"""What verifying a call's token costs, its certificate being in the cache, beside the bare ES256 check.

The bare check is of a signature as a token has it (R and S, RFC 7518 3.4), by what the cryptography package offers: its
`encode_dss_signature`, and `verify`. What `verify` takes by itself is printed, too.

Both are measured one right after the other, over and over, so that whatever else the machine does touches both alike.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from incoming import ALICE_NUMBER, BOB_NUMBER, ORIGID, call
from pki import NOW, pki
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sip_guard.call import Call, Code
from sip_guard.checks.identity import IdentityCheck
from sip_guard.checks.replay import Options as ReplayOptions
from sip_guard.checks.replay import ReplayCheck
from sip_guard.repository.answer import NO_VALIDATORS, Answer
from sip_guard.repository.certificates import Certificates
from sip_guard.repository.options import Options
from sip_guard.stir.certificate import Signer
from sip_guard.stir.sign import sign
from sip_guard.stir.token import Terms, Token
from sip_guard.stir.trust import Judgement, Trust, Trusts
from sip_guard.stir.verify import attested, examine, read, verify

LIMIT = 1.5
"""How many times the bare check one verification may cost."""
CALLS = 64
"""Calls with a token each, so that nothing is quick because it was just there."""
PAIRS = 20_000
PARTS = ("read", "examine", "certificate", "verify", "attested")
"""Of one verification; what is left is the passing on between them."""
Part = Callable[[], object]
URL = "https://certs.example.com/signer.pem"


class Laboratory:
    """Signed calls, a check that has their certificate, and the bare signatures."""

    def __init__(self) -> None:
        self._pki = pki()
        trusts = Trusts([Trust("lab", self._pki.anchors)])
        self.certificates = Certificates(
            lambda _url, _known: succeed(Answer(self._pki.signer.bundle, NO_VALIDATORS, None)),
            Options(),
            trusts.judge,
            Clock(),
            random.random,
            generation=lambda: trusts.generation,
            mistake=_raise,
        )
        self.terms = Terms()
        self.check = IdentityCheck(self.certificates.get, self.terms, trusts)
        self.replay = ReplayCheck(ReplayOptions(), 120, Clock())
        self.calls = [self._call(number) for number in range(CALLS)]
        self.check.check(self.calls[0])
        self.key = self._pki.signer.signing_key.public_key()
        self.tokens = [self._token(each) for each in self.calls]
        self.bare = [(token.jws.signature, token.jws.signed) for token in self.tokens]
        for each in self.calls:
            assert self.found(each) == [Code.PASSED]

    def found(self, asked: Call) -> list[Code]:
        """Give what is found about a call at once."""
        found = self.check.check(asked)
        return [] if isinstance(found, Deferred) else [finding.code for finding in found]

    def _call(self, number: int) -> Call:
        value = sign(
            attest="A",
            dest_tn=[BOB_NUMBER],
            iat=int(NOW),
            orig_tn=ALICE_NUMBER,
            origid=f"{number:08x}{ORIGID[8:]}",
            key=self._pki.signer.signing_key,
            x5u=URL,
        )
        return call(f"Identity: {value.decode()}", call_id=f"{number}@carrier.example")

    def _token(self, asked: Call) -> Token:
        """Give a token on which every step was done."""
        token = Token(1, asked.identities[0], asked, self.terms)
        assert read(token) is None
        assert examine(token) is None
        judgement = self.certificates.get(token.identity.info, NOW)
        assert isinstance(judgement, Judgement)
        signer = judgement.by(())
        assert isinstance(signer, Signer)
        token.signer = signer
        return token


def measure(laboratory: Laboratory, pairs: int) -> dict[str, float]:
    """Give medians in microseconds: of the bare check and one verification, in turn, and then of its parts."""
    algorithm, key = ec.ECDSA(hashes.SHA256()), laboratory.key
    fresh = [Token(1, asked.identities[0], asked, laboratory.terms) for asked in laboratory.calls]

    def es256(signature: bytes, signed: bytes) -> None:
        key.verify(_der(signature), signed, algorithm)

    bare = [partial(es256, *each) for each in laboratory.bare]
    only = [partial(key.verify, _der(signature), signed, algorithm) for signature, signed in laboratory.bare]
    whole = [partial(laboratory.check.check, asked) for asked in laboratory.calls]
    found = _medians(pairs, {"bare": bare, "verification": whole, "in DER": only})
    parts: dict[str, list[Part]] = {
        "read": [partial(read, token) for token in fresh],
        "examine": [partial(examine, token) for token in fresh],
        "certificate": [partial(laboratory.certificates.get, URL, NOW)] * CALLS,
        "verify": [partial(verify, token) for token in laboratory.tokens],
        "attested": [partial(attested, token) for token in laboratory.tokens],
        "replay": [partial(laboratory.replay.check, asked) for asked in laboratory.calls],
    }
    for name, each in parts.items():
        found |= _medians(pairs // 4, {name: each})
    return found


def _medians(times: int, parts: Mapping[str, Sequence[Part]]) -> dict[str, float]:
    """Let each part run in turn, `times` times, and give the medians in microseconds."""
    taken: dict[str, list[int]] = {name: [] for name in parts}
    for turn in range(times):
        for name, each in parts.items():
            part = each[turn % CALLS]
            begin = perf_counter_ns()
            part()
            taken[name].append(perf_counter_ns() - begin)
    return {name: median(each) / 1000 for name, each in taken.items()}


def main() -> int:
    """Measure, print, and give 1 where verifying costs too much."""
    parser = argparse.ArgumentParser(prog="scripts/bench stir", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"default: {PAIRS}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    found = measure(Laboratory(), given.pairs)
    ratio = found["verification"] / found["bare"]
    lines = [f"ES256 alone        {found['bare']:7.1f} us", f"  given in DER     {found['in DER']:7.1f} us"]
    lines += [f"one verification   {found['verification']:7.1f} us"]
    lines += [f"  {name:<16} {value:7.1f} us" for name, value in found.items() if name in PARTS]
    lines += [f"beside it, replay  {found['replay']:7.1f} us", f"ratio              {ratio:7.2f}    (limit {LIMIT})"]
    sys.stdout.write("\n".join([f"medians of {given.pairs} interleaved runs", *lines, ""]))
    if given.json:
        given.json.write_text(json.dumps({"ratio": ratio, "limit": LIMIT, "microseconds": found}, indent=2) + "\n")
    return 0 if ratio < LIMIT else 1


def _der(signature: bytes) -> bytes:
    """Write R and S as `cryptography` wants them."""
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def _raise(_where: str, error: BaseException | None) -> None:
    raise error or AssertionError


if __name__ == "__main__":
    sys.exit(main())
