"""Calls of our side that leave by the trunk of their route, and calls that come in meanwhile."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from interconnection import ANSWERED, Interconnection
from sipp import Message, Sipp, free_port
from telephones import Agent, field, fields

from sip_guard.demo.calls import ALICE, BOB

pytestmark = pytest.mark.end_to_end

CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
    targets: ivr
  - name: abroad
    trust_asserted: false
targets:
{targets}
  - name: ivr
    address: 127.0.0.1:{pbx}
routes:
  - prefixes: ["+1"]
    trunks: carrier
  - prefixes: ["+44", "+49"]
    trunks: abroad
verification:
  anchors: [anchor.pem]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""
TARGETS = """\
  - name: bob
    address: 127.0.0.1:BOB
  - name: carrier
    address: 127.0.0.1:ALICE
    trunk: carrier
  - name: abroad
    address: 127.0.0.20:ABROAD
    trunk: abroad
"""


class Scene:
    """Bob on our side, alice at the carrier, SIPp abroad, and SIPp for those who call in."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self.alice = running.enter_context(Agent("alice", ALICE, 440, folder))
        self.bob = running.enter_context(Agent("bob", BOB, 700, folder))
        abroad = ("127.0.0.20", free_port("127.0.0.20"))
        self.abroad = running.enter_context(Sipp("pbx", abroad, folder, seconds=60))
        targets = TARGETS.replace("BOB", f"{self.bob.port}").replace("ALICE", f"{self.alice.port}")
        targets = targets.replace("ABROAD", f"{abroad[1]}")
        self.interconnection = running.enter_context(Interconnection(folder, config=CONFIG, targets=targets))
        self.guard = self.interconnection.guard

    def calls(self, number: str, **more: str) -> None:
        """Let bob call somebody."""
        self.bob.does("call", uri=f"sip:{number}@127.0.0.1:{self.guard.port}", fields=more)

    def talk(self) -> str:
        """Let bob call alice and talk; give the INVITE as alice got it."""
        self.calls(f"+{ALICE}")
        invite = self.alice.gets("INVITE ")
        self.alice.says("incoming")
        self.alice.does("answer", code=200)
        for agent in (self.alice, self.bob):
            agent.says("state", state="CONFIRMED")
            agent.says("media", status="active")
        return invite

    def passed(self, message: str, sender: Agent) -> bool:
        """Tell whether a request of `sender` came through the guard."""
        hops = [via.partition(";")[0] for via in fields(message, "Via")]
        return hops == [f"SIP/2.0/UDP 127.0.0.1:{port}" for port in (self.guard.port, sender.port)]


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Start all of them once."""
    with ExitStack() as running:
        yield Scene(tmp_path_factory.mktemp("calls_out"), running)


@pytest.fixture
def scene(cast: Scene) -> Iterator[Scene]:
    """Give all of them, and nobody in a call."""
    yield cast
    cast.alice.idles()
    cast.bob.idles()
    assert not [event for event in cast.guard.events if event.get("level") not in {"info", "warning"}]


@pytest.mark.parametrize("who_holds", ["alice", "bob"])
@pytest.mark.parametrize("who_hangs_up", ["alice", "bob"])
def test_a_call_goes_out_is_held_and_resumed_and_hung_up_by_either_side(
    scene: Scene, who_holds: str, who_hangs_up: str
) -> None:
    sides = {"alice": (scene.alice, scene.bob), "bob": (scene.bob, scene.alice)}
    invite = scene.talk()
    assert scene.passed(invite, scene.bob)
    one, other = sides[who_holds]
    one.does("hold")
    other.says("media", status="remote hold")
    assert scene.passed(other.gets("INVITE "), one)
    one.says("media", status="local hold")
    one.does("resume")
    assert scene.passed(other.gets("INVITE "), one)
    for agent in (one, other):
        agent.says("media", status="active")
    one, other = sides[who_hangs_up]
    one.does("hang_up")
    assert scene.passed(other.gets("BYE "), one)
    for agent in (one, other):
        agent.says("state", state="DISCONNECTED")
    assert not [event for event in scene.guard.decisions() if event["call_id"] == field(invite, "Call-ID")]


def test_the_called_number_says_by_which_trunk_a_call_leaves(scene: Scene) -> None:
    scene.calls("+442079460000")
    answered = scene.bob.gets("SIP/2.0 200", "INVITE")
    scene.bob.says("state", state="CONFIRMED")
    scene.bob.does("hang_up")
    scene.bob.says("state", state="DISCONNECTED")

    def ends(message: Message) -> bool:
        return message.start.startswith("BYE ") and message.value("Call-ID") == field(answered, "Call-ID")

    assert scene.abroad.gets(ends, "BYE of bob")


def test_a_number_that_no_route_takes_is_refused_and_nothing_leaves(scene: Scene) -> None:
    scene.calls("+33142685300")
    refused = scene.bob.gets("SIP/2.0 403 No Route Out\r\n")
    scene.bob.says("state", state="DISCONNECTED", code=403)
    assert scene.guard.wait(lambda event: event["event"] == "refused" and event["reason"] == "INVITE 403 No Route Out")
    call_id = field(refused, "Call-ID")
    assert not [message for message in scene.abroad.messages() if message.value("Call-ID") == call_id]


def test_a_call_comes_in_while_another_one_goes_out(scene: Scene) -> None:
    scene.talk()
    incoming = scene.interconnection.place(scene.interconnection.identity(), duration=0.5)
    incoming.is_talking()
    scene.bob.does("hold")
    scene.alice.says("media", status="remote hold")
    incoming.end()
    assert incoming.answers == ANSWERED
    assert incoming.decision["trunk"] == "carrier"
    assert incoming.decision["rule"] == "attested"
    scene.alice.does("hang_up")
    scene.bob.says("state", state="DISCONNECTED")
