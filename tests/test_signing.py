"""Signing as the proxy asks for it: by the trunk that a call leaves by, now, and never in its way."""

from messages import read_request, request
from pki import NOW, pki
from scene import OTHER_TRUNK, TARGET, TRUNK

from sip_guard.peer import Trunk
from sip_guard.signing import Authenticator
from sip_guard.sip.rewrite import Draft
from sip_guard.stir.authentication import Attest, Signing
from sip_guard.stir.credential import Credential, own_certificate

PKI = pki()
SIGNING = Signing(
    Credential(
        key=PKI.signer.signing_key,
        url="https://certificates.example/ours.pem",
        certificate=own_certificate(PKI.signer.bundle),
    ),
    (Attest("A", ("1215",)),),
)


class Signs:
    """An authenticator for Alice's trunk, and what it has to say."""

    def __init__(self, now: float = NOW) -> None:
        self.now: float | Exception = now
        self.said: list[tuple[str, str]] = []
        self.mistakes: list[tuple[str, BaseException | None]] = []
        self.authenticator = Authenticator(
            {TRUNK.name: SIGNING},
            wall=self._wall,
            unsigned=lambda trunk, reason: self.said.append((trunk.name, reason)),
            mistake=lambda where, error: self.mistakes.append((where, error)),
        )

    def _wall(self) -> float:
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def sign(self, trunk: Trunk = TRUNK, caller: str = "+12155551212") -> tuple[bytes, ...]:
        """Sign a call of the PBX."""
        draft = Draft(read_request(request(from_=f"<sip:{caller}@pbx.example>;tag=1")))
        return self.authenticator.sign(draft, trunk, TARGET)


def test_a_call_is_signed_where_its_trunk_is_to_sign() -> None:
    signs = Signs()
    identity, date = signs.sign()
    assert identity.startswith(b"Identity: eyJ")
    assert identity.endswith(b";info=<https://certificates.example/ours.pem>;alg=ES256;ppt=shaken")
    assert date == b"Date: Tue, 14 Nov 2023 22:13:20 GMT"
    assert signs.sign(OTHER_TRUNK) == ()
    assert signs.said == []


def test_why_a_call_is_not_signed_is_told() -> None:
    signs = Signs()
    assert signs.sign(caller="anonymous") == ()
    assert signs.sign(caller="+442079460000") == ()
    signs.now = NOW + 1e9
    assert signs.sign() == ()
    assert signs.said == [
        ("carrier", "it shows no caller's number that is complete, or several of them"),
        ("carrier", "no entry of `attest` is for this caller"),
        ("carrier", "the certificate is out of its time"),
    ]


def test_a_mistake_of_our_own_costs_the_token_and_not_the_call() -> None:
    signs = Signs()
    signs.now = error = OSError("no time")
    assert signs.sign() == ()
    assert signs.mistakes == [("sign", error)]
