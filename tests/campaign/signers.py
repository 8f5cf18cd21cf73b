"""Who signs the calls of the campaign: a carrier at home, a gateway, and a bank."""

import hashlib
from random import Random
from typing import NamedTuple, Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from sip_guard.demo.pki import Issued, Window, end_entity, issue, sti_intermediate, sti_root, tn_auth_list
from sip_guard.stir.sign import div, sign
from sip_guard.stir.tn_auth_list import TnAuthList

SPC = {"carrier": "1001", "gateway": "1002", "bank": "1003"}
"""Service provider codes by signer."""


class Signers(NamedTuple):
    """The certificates, and where verifiers get them."""

    root: Issued
    issued: dict[str, Issued]
    where: str
    """URL of their folder."""

    @classmethod
    def of(cls, seed: int, start: float, where: str) -> Self:
        """Make them for a day that begins at `start`. Keys follow from the seed, so that tokens do, too."""
        window = Window.around(start)
        root = sti_root(window)
        issuer = sti_intermediate(root, window)
        issued = {
            name: issue(
                f"SHAKEN {spc}", issuer, window, [*end_entity(), tn_auth_list(TnAuthList((spc,)))], _key(seed, spc)
            )
            for name, spc in SPC.items()
        }
        return cls(root, issued, where)

    def url(self, signer: str) -> str:
        """Give where a certificate is."""
        return f"{self.where}/{signer}.pem"

    def shaken(self, signer: str, level: str, *, caller: str, called: str, iat: int, random: Random) -> str:
        """Give the header line with a SHAKEN token."""
        origid = str(UUID(int=random.getrandbits(128), version=4))
        key = self.issued[signer].signing_key
        value = sign(
            attest=level, dest_tn=[called], iat=iat, orig_tn=caller, origid=origid, key=key, x5u=self.url(signer)
        )
        return f"Identity: {value.decode()}"

    def diverted(self, caller: str, by: str, to: str, iat: int) -> str:
        """Give the header line with the token of whoever sent a call on."""
        key = self.issued["carrier"].signing_key
        value = div(orig=caller, dest=[to], diverted=by, iat=iat, key=key, x5u=self.url("carrier"))
        return f"Identity: {value.decode()}"


def _key(seed: int, spc: str) -> ec.EllipticCurvePrivateKey:
    """Give a key that anyone can work out: it signs made-up calls only."""
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(f"{seed} {spc}".encode()).digest()[:31]), ec.SECP256R1())
