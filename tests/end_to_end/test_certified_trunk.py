"""A trunk that may call from anywhere, as its TLS client certificate tells who it is (RFC 5922)."""

import os
import signal
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from speaker import SDP, Speaker
from streams import Files, named, root
from telephones import Agent, field

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.demo.guard import Event, Guard
from sip_guard.demo.pki import Issued

pytestmark = pytest.mark.end_to_end

CARRIER = "sip.carrier.example"
NOWHERE = "127.0.0.66"
"""An address that no trunk has."""

CONFIG = """\
listen:
  - tls: 127.0.0.1:0
  - udp: 127.0.0.1:0
trunks:
  - name: certified
    certificates: [{carrier}]
    identity: ignore
  - name: from-another-address
    sources: [127.0.0.67]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.1:{bob}
tls: {{certificate: guard.pem, key: guard.key, ca: ca.pem, client_ca: client_ca.pem}}
"""


class Scene:
    """The guard, bob as the PBX, and the authority that all trust."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._taken: list[Event] = []
        self.root = root()
        self.files = Files(folder)
        self.files.tls(named(self.root, "127.0.0.1"), ca=self.root, client_ca=self.root)
        self.bob = running.enter_context(Agent("bob", BOB, 700, folder))
        config = folder / "certified.yaml"
        config.write_text(CONFIG.format(carrier=CARRIER, bob=self.bob.port))
        self.guard = running.enter_context(Guard(config))

    def speaker(self, *names: str) -> Speaker:
        """Connect from nowhere known, with a certificate for these names or without any."""
        own = named(self.root, *names, NOWHERE) if names else None
        return Speaker.to(("127.0.0.1", self.guard.ports["TLS"]), NOWHERE, tls=self.files.client(self.root, own))

    def talks(self, speaker: Speaker) -> None:
        """Let a speaker and bob have a call."""
        speaker.invites()
        self.bob.says("incoming")
        self.bob.does("answer", code=200)
        speaker.acknowledges(speaker.gets_answer("200"))
        self.bob.says("state", state="CONFIRMED")

    def renews(self, certificate: bytes, key: bytes) -> None:
        """Replace the files, and tell the guard."""
        self.files.write("guard.pem", certificate)
        self.files.write("guard.key", key)
        os.kill(self.guard.pid, signal.SIGHUP)

    def shown(self) -> bytes | None:
        """Give the certificate (DER) that a new connection is shown."""
        with self.speaker(CARRIER) as speaker:
            return speaker.shown

    def says(self, event: str, **parts: str) -> Event:
        """Wait for a line of the log that was not taken yet, with these parts of its values."""

        def wanted(each: Event) -> bool:
            fits = each["event"] == event and all(part in each[name] for name, part in parts.items())
            return fits and not any(each is other for other in self._taken)

        said = self.guard.wait(wanted)
        assert said, f"no {event} {parts}"
        self._taken.append(said)
        return said


def der(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Start all of it once."""
    with ExitStack() as running:
        yield Scene(tmp_path_factory.mktemp("certified"), running)


@pytest.fixture
def scene(cast: Scene) -> Iterator[Scene]:
    """Give it, with nobody in a call."""
    yield cast
    cast.bob.idles()
    assert not [event for event in cast.guard.events if event["event"] in {"mistake", "text"}]


def test_who_shows_the_certificate_of_a_trunk_calls_as_that_trunk_from_anywhere(scene: Scene, tmp_path: Path) -> None:
    issued = named(scene.root, f"sip:{CARRIER}", "another.example", NOWHERE)
    Files(tmp_path).certificate(issued, "alice")
    (tmp_path / "alice.ca").write_bytes(scene.root.pem)
    with Agent("alice", ALICE, 440, tmp_path, host=NOWHERE, tls=tmp_path / "alice") as alice:
        alice.does("call", uri=f"sip:+{BOB}@127.0.0.1:{scene.guard.port};transport=tls", fields={})
        invite = scene.bob.gets("INVITE ")
        scene.bob.says("incoming")
        scene.bob.does("answer", code=200)
        for agent in (alice, scene.bob):
            agent.says("state", state="CONFIRMED")
            agent.says("media", status="active")
        decision = scene.guard.decision(field(invite, "Call-ID"))
        assert decision
        assert decision["trunk"] == "certified"
        assert decision["source"].startswith(f"{NOWHERE}:")
        scene.bob.does("hold")
        alice.says("media", status="remote hold")
        scene.bob.does("hang_up")
        alice.says("state", state="DISCONNECTED")


@pytest.mark.parametrize("names", [(), ("sip.other.example",), (f"sub.{CARRIER}",), ("*.carrier.example",)])
def test_who_shows_none_or_another_one_is_not_answered_and_the_pbx_hears_nothing(
    scene: Scene, names: tuple[str, ...]
) -> None:
    with scene.speaker(*names) as speaker:
        with suppress(ConnectionError, ssl.SSLError):
            speaker.invites()
        assert speaker.ends() == b""
    with scene.speaker(CARRIER) as trunk:
        scene.talks(trunk)
        invite = scene.bob.gets("INVITE ")
        assert field(invite, "Call-ID") == trunk.call_id
    assert not [event for event in scene.guard.decisions() if event["call_id"] == speaker.call_id]


def test_a_renewed_certificate_is_shown_to_new_connections_and_a_call_in_progress_goes_on(scene: Scene) -> None:
    before = scene.shown()
    renewed = named(scene.root, "127.0.0.1")
    with scene.speaker(CARRIER) as speaker:
        scene.talks(speaker)
        scene.renews(renewed.bundle, renewed.key_pem)
        assert scene.says("reloaded")
        assert before != scene.shown() == der(renewed)

        scene.bob.does("hold")
        speaker.answers(speaker.gets_request("INVITE"))
        speaker.gets("ACK ")
        scene.bob.says("media", status="local hold")
        speaker.asks("INVITE", "Content-Type: application/sdp", body=SDP)
        speaker.acknowledges(speaker.gets_answer("200"))
        scene.bob.does("hang_up")
        speaker.answers(speaker.gets_request("BYE"))
        scene.bob.says("state", state="DISCONNECTED")
    with scene.speaker(CARRIER) as speaker:
        scene.talks(speaker)
        speaker.asks("BYE")
        speaker.gets_answer("200")
        scene.bob.says("state", state="DISCONNECTED")


def test_files_that_are_no_certificate_and_key_leave_the_old_one_in_use_and_the_log_says_why(scene: Scene) -> None:
    before = scene.shown()
    good, other = named(scene.root, "127.0.0.1"), named(scene.root, "127.0.0.1")
    with scene.speaker(CARRIER) as speaker:
        scene.talks(speaker)
        for certificate, key, reason in [
            (good.bundle[:200], good.key_pem, "guard.pem: not certificates in PEM form"),
            (good.bundle, other.key_pem, "guard.key: not the key of the first certificate in "),
        ]:
            scene.renews(certificate, key)
            assert scene.says("not_reloaded", reason=reason)["level"] == "error"
            assert scene.shown() == before
        speaker.asks("BYE")
        speaker.gets_answer("200")
        scene.bob.says("state", state="DISCONNECTED")
    scene.renews(good.bundle, good.key_pem)
    scene.says("reloaded")
    assert before != scene.shown() == der(good)
