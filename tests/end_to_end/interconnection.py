"""Trunks and a PBX, all of SIPp, with the real guard between them and a certificate repository beside it."""

import socket
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest
from pki import pki, without_tn_auth_list
from sipp import Message, Sipp, free_port

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.demo.guard import Event, Guard
from sip_guard.demo.pki import Window, web_root, web_server
from sip_guard.demo.repository import Repository
from sip_guard.sip.flow import Address
from sip_guard.stir.sign import base64url, sign

TRUNKS = {
    "carrier": "127.0.0.2",
    "signed-only": "127.0.0.3",
    "no-outage": "127.0.0.4",
    "lenient": "127.0.0.8",
    "hidden": "127.0.0.9",
}
"""By which addresses the guard knows them."""
REPOSITORY = "repository.example"
"""A name that the repository's web certificate has too."""
ANSWERED = ["100 Trying", "180 Ringing", "200 OK"]
"""What a caller gets whose call goes through."""

CONFIG = """\
listen:
  - udp: {host}:0
  - tcp: {host}:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
  - name: signed-only
    sources: [127.0.0.3]
    identity: require
  - name: no-outage
    sources: [127.0.0.4]
  - name: lenient
    sources: [127.0.0.8]
  - name: hidden
    sources: [127.0.0.9]
targets:
{targets}
verification:
  anchors: [anchor.pem]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
      - {{host: 127.0.0.1, port: {closed}, private_address: true, web_ca: web_ca.pem}}
record:
  file: {folder}/record.sqlite3
policy:
  rules:
    - id: would-be-refused
      when: {{trunk: hidden}}
      then: reject 603
      mode: shadow
    - id: withheld
      when: {{trunk: hidden}}
      then: anonymise
    - id: outage-is-refused
      when: {{finding: unavailable, trunk: no-outage}}
      then: reject 436
    - id: failed-is-told
      when: {{finding: [bad-signature, mismatch, stale], trunk: lenient}}
      then: tag
    - id: failed-goes-on
      when: {{finding: [bad-signature, mismatch, stale], trunk: lenient}}
      then: allow
"""

PBX = """\
  - name: pbx
    address: 127.0.0.1:{pbx}
    transport: {transport}
"""


class PlacedCall:
    """A call by SIPp, and what becomes of it at the caller, in the guard's log and at the PBX."""

    def __init__(self, call_id: str, caller: Sipp, pbx: Sipp, guard: Guard) -> None:
        self.call_id = call_id
        self.caller = caller
        self._pbx = pbx
        self._guard = guard

    def end(self) -> Self:
        """Wait until it is over. Raises AssertionError unless all went as its scenario says."""
        try:
            self.caller.wait()
        finally:
            self.caller.close()
            events = [event for event in self._guard.events if event.get("call_id", self.call_id) == self.call_id]
            log = "\n".join(map(str, events[-50:]))
            sys.stdout.write(f"\nSIPp as the caller:\n{self.caller.said()}\nThe guard's log:\n{log}\n")
        return self

    @property
    def answers(self) -> list[str]:
        """Codes and phrases of the answers to its INVITE, in the order that they reached the caller."""
        received = (message for message in self.caller.messages() if not message.sent)
        return [m.start.removeprefix("SIP/2.0 ") for m in received if m.value("CSeq") == "1 INVITE"]

    @property
    def reasons(self) -> list[str]:
        """Reasons in the answers to its INVITE, in the order that they reached the caller."""
        received = (message for message in self.caller.messages() if not message.sent)
        return [value for m in received if m.value("CSeq") == "1 INVITE" for value in m.values("Reason")]

    @property
    def at_the_pbx(self) -> list[Message]:
        """All that the PBX got and sent of it so far."""
        return [message for message in self._pbx.messages() if message.value("Call-ID") == self.call_id]

    @property
    def decision(self) -> Event:
        """The one line of the log about it."""
        self._guard.decision(self.call_id)
        (decision,) = self.decisions
        return decision

    @property
    def decisions(self) -> list[Event]:
        """All lines of the log about it so far."""
        return [event for event in self._guard.decisions() if event["call_id"] == self.call_id]

    @property
    def invites(self) -> list[Message]:
        """The INVITEs of it that reached the PBX so far."""
        return self.invites_at(self._pbx)

    def invites_at(self, callee: Sipp) -> list[Message]:
        """Give the INVITEs of it that reached a callee so far."""
        return [message for message in callee.messages() if self._is_invite(message)]

    @property
    def invite(self) -> Message:
        """The one INVITE of it that reached the PBX."""
        self._pbx.gets(self._is_invite, "INVITE at the PBX")
        (invite,) = self.invites
        return invite

    def is_talking(self, callee: Sipp | None = None) -> None:
        """Wait until the ACK of the answer has reached the PBX, or another callee."""
        (callee or self._pbx).gets(
            lambda message: message.start.startswith("ACK ") and message.value("Call-ID") == self.call_id,
            "ACK at the PBX",
        )

    def _is_invite(self, message: Message) -> bool:
        return message.start.startswith("INVITE ") and message.value("Call-ID") == self.call_id


class Interconnection:
    """All of it in one folder, until it is closed."""

    def __init__(
        self,
        folder: Path,
        *,
        pbx_transport: str = "udp",
        host: str = "127.0.0.1",
        targets: str = PBX,
        config: str = CONFIG,
    ) -> None:
        """Start it, with the guard at `host` and its `targets` as in the configuration, or with another `config`."""
        self._folder = folder
        self._host = host
        with ExitStack() as running:
            self._start(folder, pbx_transport, config, targets, running)
            self._running = running.pop_all()

    def _start(self, folder: Path, transport: str, text: str, targets: str, running: ExitStack) -> None:
        now = time.time()
        window = Window.around(now)
        web = web_root(window)
        good = pki(now)
        self.signer = good.signer
        self._signers = {
            "signer.pem": good.signer,
            "slow.pem": good.signer,
            "stranger.pem": pki(now).signer,
            "no_list.pem": without_tn_auth_list(good.intermediate, now),
        }
        # A port that is taken, so that nobody else can have it, and where nobody listens.
        nobody = running.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        nobody.bind(("127.0.0.1", 0))
        closed: int = nobody.getsockname()[1]
        self.nowhere = f"https://127.0.0.1:{closed}/signer.pem"
        """A certificate's URL where nobody listens."""
        self.repository = running.enter_context(Repository(web_server(web, window, REPOSITORY), folder))
        for name, issued in self._signers.items():
            self.repository.add(name, issued.bundle)
        (folder / "anchor.pem").write_bytes(good.root.pem)
        (folder / "web_ca.pem").write_bytes(web.pem)
        pbx = ("127.0.0.1", free_port("127.0.0.1"))
        self.config = config = folder / "sip_guard.yaml"
        config.write_text(
            text.format(
                folder=folder,
                host=self._host,
                pbx=pbx[1],
                targets=targets.format(pbx=pbx[1], transport=transport),
                repository=self.repository.port,
                closed=closed,
            )
        )
        over = ("-t", "t1") if transport == "tcp" else ()
        self.pbx = running.enter_context(Sipp("pbx", pbx, folder, *over, seconds=120))
        self.guard = running.enter_context(Guard(config))
        assert self.pbx.running, self.pbx.said()

    @property
    def address(self) -> Address:
        """Where the guard listens."""
        return self._host, self.guard.port

    def close(self) -> None:
        """Stop all of it."""
        self._running.close()
        events = "\n".join(map(str, self.guard.events[-20:]))
        sys.stdout.write(f"\nThe end of the guard's log:\n{events}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def identity(
        self,
        caller: str = ALICE,
        callee: str = BOB,
        *,
        attest: str = "A",
        age: int = 0,
        certificate: str = "signer.pem",
        origid: str = "",
    ) -> str:
        """Give an Identity line, signed `age` seconds ago; each is another one, unless it has an `origid`.

        `certificate` is the signer's, by its name in the repository or by another URL.
        """
        signer = self._signers.get(certificate, self._signers["signer.pem"])
        value = sign(
            attest=attest,
            dest_tn=[callee],
            iat=int(time.time()) - age,
            orig_tn=caller,
            origid=origid or f"{uuid4()}",
            key=signer.signing_key,
            x5u=certificate if "//" in certificate else self.repository.url(certificate),
        )
        return f"Identity: {value.decode()}"

    def place(
        self,
        *lines: str,
        scenario: str = "answered",
        trunk: str = "carrier",
        caller: str = f"<sip:+{ALICE}@carrier.example>",
        called: str = f"+{BOB}",
        to_tag: str = "",
        contact: str = "",
        duration: float = 0,
        transport: str = "UDP",
    ) -> PlacedCall:
        """Place a call with further header lines.

        `trunk` is its name or an address, `caller` is From without its tag, `called` a user part, `duration` the
        scenario's pause in seconds.
        """
        host = TRUNKS.get(trunk, trunk)
        local = (host, free_port(host))
        call_id = f"{uuid4()}"
        uri = f"sip:{called}@{self.address[0]}:{self.address[1]}"
        keys = {
            "uri": uri,
            "caller": caller,
            "callee": f"<{uri}>{to_tag}",
            "contact": contact or f"<sip:{local[0]}:{local[1]};transport={transport.lower()}>",
            "more": "\r\n".join(("User-Agent: SIPp", *lines)),
        }
        options = ["-cid_str", call_id, "-d", f"{round(duration * 1000)}", "-nr"]
        options += ["-t", "t1"] if transport == "TCP" else []
        guard = self.address[0], self.guard.ports[transport]
        sipp = Sipp(scenario, local, self._folder, *options, remote=guard, calls=1, keys=keys)
        return PlacedCall(call_id, sipp, self.pbx, self.guard)


def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interconnection]:
    """Make a fixture of this, for all tests of a module: it takes a second to start."""
    with Interconnection(tmp_path_factory.mktemp("interconnection")) as interconnection:
        yield interconnection


def tampered(identity: str) -> str:
    """Give a genuine Identity line with attestation C, made an A afterwards."""
    header, claims, rest = identity.split(".", 2)
    plain = urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    forged = plain.replace(b'"attest":"C"', b'"attest":"A"')
    assert forged != plain
    return f"{header}.{base64url(forged).decode()}.{rest}"
