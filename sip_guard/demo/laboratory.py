"""All that stands around the guard in the demonstration: authorities, repository, PBX and callers."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Self
from uuid import uuid4

from sip_guard.demo import pki
from sip_guard.demo.phones import Caller, Pbx
from sip_guard.demo.repository import Repository
from sip_guard.stir.sign import sign

CONFIG = """\
# Written by `sip-guard demo`: everything is on loopback. A real one: configs/quickstart.yaml.
listen:
  - udp: 127.0.0.1:0

trunks:
  - name: carrier
    sources: ["127.0.0.1:{carrier}"]
  - name: wholesale
    sources: ["127.0.0.1:{wholesale}"]
    identity: require
  - name: anyone-on-this-machine
    sources: [127.0.0.0/8]

targets:
  - name: pbx
    address: {pbx}

verification:
  anchors: [anchors]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""


class Laboratory:
    """A caller's world in one folder: until it is closed."""

    def __init__(self, folder: Path) -> None:
        """Make certificates and a configuration in `folder`, and start the repository, the PBX and the callers."""
        window = pki.Window.around(time.time())
        root = pki.sti_root(window)
        self._signer = pki.sti_signer(pki.sti_intermediate(root, window), window)
        stranger_root = pki.sti_root(window, "SHAKEN ROOT nobody knows")
        self._stranger = pki.sti_signer(pki.sti_intermediate(stranger_root, window), window)
        web_root = pki.web_root(window)
        (folder / "anchors").mkdir()
        (folder / "anchors" / "root.pem").write_bytes(root.pem)
        (folder / "web_ca.pem").write_bytes(web_root.pem)
        self.repository = Repository(pki.web_server(web_root, window), folder)
        self.repository.add("signer.pem", self._signer.bundle)
        self.repository.add("stranger.pem", self._stranger.bundle)
        self.pbx = Pbx("127.0.0.9")
        self.carrier = Caller()
        self.wholesale = Caller()
        self.config = folder / "sip_guard.yaml"
        text = CONFIG.format(
            carrier=self.carrier.port,
            wholesale=self.wholesale.port,
            pbx=f"{self.pbx.host}:{self.pbx.port}",
            repository=self.repository.port,
        )
        self.config.write_text(text)

    def identity(
        self, caller: str, callee: str, *, age: int = 0, certificate: str = "signer.pem", attest: str = "A"
    ) -> str:
        """Give the Identity line of a call from `caller` to `callee`, signed `age` seconds ago."""
        return self._sign(self._signer, (caller, callee), self.repository.url(certificate), age=age, attest=attest)

    def stranger(self, caller: str, callee: str) -> str:
        """Give an Identity line signed under an authority that the guard does not trust."""
        return self._sign(self._stranger, (caller, callee), self.repository.url("stranger.pem"))

    def tampered(self, caller: str, callee: str) -> str:
        """Give a genuine Identity line with attestation C, made an A afterwards."""
        header, claims, rest = self.identity(caller, callee, attest="C").split(".", 2)
        plain = urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
        forged = urlsafe_b64encode(plain.replace(b'"attest":"C"', b'"attest":"A"')).decode().rstrip("=")
        return f"{header}.{forged}.{rest}"

    def close(self) -> None:
        """Stop all of it."""
        self.carrier.close()
        self.wholesale.close()
        self.pbx.close()
        self.repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sign(self, signer: pki.Issued, numbers: tuple[str, str], x5u: str, *, age: int = 0, attest: str = "A") -> str:
        value = sign(
            attest=attest,
            dest_tn=[numbers[1]],
            iat=int(time.time()) - age,
            orig_tn=numbers[0],
            origid=str(uuid4()),
            key=signer.signing_key,
            x5u=x5u,
        )
        return "Identity: " + value.decode()
