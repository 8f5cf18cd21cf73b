"""Real user agents (pjsua2) that speak TLS with the guard on both sides."""

import ipaddress
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from cryptography import x509
from telephones import Agent, field, fields

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory
from sip_guard.demo.pki import Window, end_entity, issue, web_root

pytestmark = pytest.mark.end_to_end

HOSTS = ("127.0.0.1", "127.0.0.2")

CONFIG = """\
listen:
  - tls: 127.0.0.1:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
targets:
  - name: pbx
    address: 127.0.0.1:{bob}
    transport: tls
tls: {{certificate: all.pem, key: all.key, ca: all.ca}}
verification:
  anchors: [anchors]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""


class Scene(NamedTuple):
    alice: Agent
    bob: Agent
    guard: Guard
    laboratory: Laboratory


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Alice on a trunk, bob as the PBX; one certificate serves all, for both addresses."""
    folder = tmp_path_factory.mktemp("tls_agents")
    window = Window.around(time.time())
    root = web_root(window)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host)) for host in HOSTS])
    certificate = issue("telephones", root, window, [*end_entity(), (names, False)])
    (folder / "all.pem").write_bytes(certificate.bundle)
    (folder / "all.key").write_bytes(certificate.key_pem)
    (folder / "all.ca").write_bytes(root.pem)
    with ExitStack() as stack:
        laboratory = stack.enter_context(Laboratory(folder))
        alice = stack.enter_context(Agent("alice", ALICE, 440, folder, host=HOSTS[1], tls=folder / "all"))
        bob = stack.enter_context(Agent("bob", BOB, 700, folder, tls=folder / "all"))
        config = folder / "tls_agents.yaml"
        config.write_text(CONFIG.format(bob=bob.port, repository=laboratory.repository.port))
        guard = stack.enter_context(Guard(config))
        yield Scene(alice, bob, guard, laboratory)
        assert not [event for event in guard.events if event.get("level") not in {"info", "warning"}]


@pytest.mark.parametrize("who_hangs_up", ["alice", "bob"])
def test_an_attested_call_over_tls_is_set_up_held_and_hung_up(scene: Scene, who_hangs_up: str) -> None:
    name, _, identity = scene.laboratory.identity(ALICE, BOB).partition(": ")
    uri = f"sip:+{BOB}@127.0.0.1:{scene.guard.port};transport=tls"
    scene.alice.does("call", uri=uri, fields={name: identity})
    invite = scene.bob.gets("INVITE ")
    assert "verstat=TN-Validation-Passed" in field(invite, "From")
    assert field(invite, "Record-Route").startswith(f"<sips:127.0.0.1:{scene.guard.port};lr;")
    assert [via.split()[0] for via in fields(invite, "Via")] == ["SIP/2.0/TLS", "SIP/2.0/TLS"]
    scene.bob.says("incoming")
    scene.bob.does("answer", code=200)
    for agent in (scene.alice, scene.bob):
        agent.says("state", state="CONFIRMED")
        agent.says("media", status="active")
    scene.alice.does("hold")
    scene.bob.says("media", status="remote hold")
    sides = {"alice": scene.alice, "bob": scene.bob}
    sides[who_hangs_up].does("hang_up")
    for agent in (scene.alice, scene.bob):
        agent.says("state", state="DISCONNECTED")
        agent.idles()
    decision = scene.guard.decision(field(invite, "Call-ID"))
    assert decision
    assert decision["rule"] == "attested"
