"""Real user agents (pjsua2) on both sides of the real command: alice calls by a trunk, bob is the PBX."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from telephones import Agent, field, fields

from sip_guard.demo.calls import ALICE, BOB, OTHER
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory

pytestmark = pytest.mark.end_to_end

PACKETS = 10
"""RTP packets that are a conversation: 0.2 s of it."""

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: ["127.0.0.1:{alice}"]
targets:
  - name: pbx
    address: 127.0.0.1:{bob}
verification:
  anchors: [anchors]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""


class Scene(NamedTuple):
    """Who takes part."""

    alice: Agent
    bob: Agent
    guard: Guard
    laboratory: Laboratory

    def call(self, *lines: str) -> None:
        """Let alice call bob with further header lines."""
        extra = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.alice.does("call", uri=f"sip:+{BOB}@127.0.0.1:{self.guard.port}", fields=extra)

    def ring(self, *lines: str) -> str:
        """Let alice's call make bob's telephone ring; give the INVITE as bob got it."""
        self.call(*lines)
        invite = self.bob.gets("INVITE ")
        self.bob.says("incoming")
        self.bob.does("answer", code=180)
        self.alice.gets("SIP/2.0 180", "INVITE")
        return invite

    def talk(self) -> str:
        """Let them talk by an attested call; give the INVITE as bob got it."""
        invite = self.ring(self.laboratory.identity(ALICE, BOB))
        self.bob.does("answer", code=200)
        self.alice.gets("SIP/2.0 200", "INVITE")
        for agent in (self.alice, self.bob):
            agent.says("state", state="CONFIRMED")
            agent.says("media", status="active")
        return invite

    def hear(self) -> None:
        """Wait until each of them has heard the other."""
        for agent in (self.alice, self.bob):
            agent.does("listen", packets=PACKETS)
        for agent in (self.alice, self.bob):
            agent.says("heard")

    def end(self) -> None:
        """Wait until the call is over for both."""
        for agent in (self.alice, self.bob):
            agent.says("state", state="DISCONNECTED")

    def rules(self, message: str) -> list[str]:
        """Give the rules of all decisions on the call of a message."""
        call_id = field(message, "Call-ID")
        assert self.guard.decision(call_id)
        return [each["rule"] for each in self.guard.decisions() if each["call_id"] == call_id]

    def passed(self, request: str, sender: Agent) -> bool:
        """Tell whether a request of `sender` came through the guard, and without the guard's own Route."""
        hops = [via.partition(";")[0] for via in fields(request, "Via")]
        ports = (self.guard.port, sender.port)
        return hops == [f"SIP/2.0/UDP 127.0.0.1:{port}" for port in ports] and not fields(request, "Route")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Alice, bob, the guard and the laboratory: started once, for they live through many calls."""
    folder = tmp_path_factory.mktemp("user_agents")
    with ExitStack() as stack:
        laboratory = stack.enter_context(Laboratory(folder))
        alice = stack.enter_context(Agent("alice", ALICE, 440, folder))
        bob = stack.enter_context(Agent("bob", BOB, 700, folder))
        config = folder / "user_agents.yaml"
        config.write_text(CONFIG.format(alice=alice.port, bob=bob.port, repository=laboratory.repository.port))
        yield Scene(alice, bob, stack.enter_context(Guard(config)), laboratory)


@pytest.fixture
def scene(cast: Scene) -> Iterator[Scene]:
    """All of them, and nobody in a call; the guard makes no mistake."""
    yield cast
    cast.alice.idles()
    cast.bob.idles()
    assert not [event for event in cast.guard.events if event.get("level") not in {"info", "warning"}]


def test_an_attested_call_is_set_up_with_audio_both_ways(scene: Scene) -> None:
    invite = scene.talk()
    assert scene.passed(invite, scene.alice)
    assert field(invite, "Record-Route").startswith(f"<sip:127.0.0.1:{scene.guard.port};lr;")
    assert scene.passed(scene.bob.gets("ACK "), scene.alice)
    assert ";verstat=TN-Validation-Passed@" in field(invite, "From")
    assert field(invite, "P-Attestation-Indicator") == "A"
    assert field(invite, "X-SIP-Guard").startswith("v=1;verdict=passed;")
    assert fields(invite, "Identity")
    assert scene.rules(invite) == ["attested"]
    assert "signer.pem" in scene.laboratory.repository.fetched
    scene.hear()


def test_an_unsigned_call_is_tagged_and_rings(scene: Scene) -> None:
    invite = scene.ring("P-Attestation-Indicator: A", "X-SIP-Guard: v=1;verdict=passed")
    assert "verstat" not in field(invite, "From")
    assert fields(invite, "P-Attestation-Indicator") == []
    assert field(invite, "X-SIP-Guard").startswith("v=1;verdict=absent;")
    assert scene.rules(invite) == ["unsigned"]


@pytest.mark.parametrize("holder", ["alice", "bob"])
def test_a_call_is_held_and_resumed_by_re_invites_of_either_side(scene: Scene, holder: str) -> None:
    one, other = (scene.alice, scene.bob) if holder == "alice" else (scene.bob, scene.alice)
    invite = scene.talk()

    one.does("hold")
    hold = other.gets("INVITE ")
    assert "a=sendonly" in hold
    assert "a=recvonly" in one.gets("SIP/2.0 200", "INVITE")
    one.says("media", status="local hold")
    other.says("media", status="remote hold")

    one.does("resume")
    resume = other.gets("INVITE ")
    assert "a=sendrecv" in resume
    assert "a=sendrecv" in one.gets("SIP/2.0 200", "INVITE")
    one.says("media", status="active")
    other.says("media", status="active")
    scene.hear()

    assert scene.passed(hold, one)
    assert scene.passed(resume, one)
    assert scene.rules(invite) == ["attested"]


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_either_side_hangs_up_and_its_bye_passes_the_guard(scene: Scene, who: str) -> None:
    one, other = (scene.alice, scene.bob) if who == "alice" else (scene.bob, scene.alice)
    scene.talk()
    one.does("hang_up")
    assert scene.passed(other.gets("BYE "), one)
    scene.end()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_update_and_info_pass_in_a_call_and_are_not_screened(scene: Scene, who: str) -> None:
    one, other = (scene.alice, scene.bob) if who == "alice" else (scene.bob, scene.alice)
    invite = scene.talk()
    one.does("update")
    assert scene.passed(other.gets("UPDATE "), one)
    one.gets("SIP/2.0 200", "UPDATE")
    one.does("info", type="application/dtmf-relay", body="Signal=5\r\nDuration=160\r\n")
    info = other.gets("INFO ")
    assert scene.passed(info, one)
    assert info.endswith("Signal=5\r\nDuration=160\r\n")
    one.gets("SIP/2.0 200", "INFO")
    assert scene.rules(invite) == ["attested"]


def test_a_tampered_token_is_refused_and_nothing_rings(scene: Scene) -> None:
    scene.call(scene.laboratory.tampered(ALICE, BOB))
    answer = scene.alice.gets("SIP/2.0 438 Invalid Identity Header\r\n")
    scene.alice.says("state", state="DISCONNECTED", code=438)
    assert scene.rules(answer) == ["bad-signature"]
    next_invite = scene.ring(scene.laboratory.identity(ALICE, BOB))
    assert field(next_invite, "Call-ID") != field(answer, "Call-ID")


def test_a_token_for_another_callee_is_refused(scene: Scene) -> None:
    scene.call(scene.laboratory.identity(ALICE, OTHER))
    answer = scene.alice.gets("SIP/2.0 438 Invalid Identity Header\r\n")
    scene.alice.says("state", state="DISCONNECTED", code=438)
    assert scene.rules(answer) == ["mismatch"]


def test_a_caller_who_gives_up_cancels_the_ringing(scene: Scene) -> None:
    scene.ring(scene.laboratory.identity(ALICE, BOB))
    scene.alice.does("hang_up")
    scene.alice.gets("SIP/2.0 200", "CANCEL")
    scene.bob.gets("CANCEL ")
    scene.alice.gets("SIP/2.0 487", "INVITE")
    scene.bob.gets("ACK ")
    scene.end()


def test_a_callee_who_is_busy_is_busy_for_the_caller(scene: Scene) -> None:
    scene.ring(scene.laboratory.identity(ALICE, BOB))
    scene.bob.does("answer", code=486)
    scene.bob.gets("ACK ")
    scene.alice.gets("SIP/2.0 486 Busy Here\r\n", "INVITE")
    scene.alice.says("state", state="DISCONNECTED", code=486)
