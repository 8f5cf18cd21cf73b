"""Calls through networks that fail: packets that are lost, and targets that vanish without a word."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import telephones
from interconnection import ANSWERED, Interconnection, PlacedCall
from namespaces import Cable, Namespace, missing
from sipp import Sipp
from telephones import Agent, field

from sip_guard.demo.calls import ALICE, BOB
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory

pytestmark = pytest.mark.end_to_end

CARRIER = "10.0.1.2"
PBX = "10.0.2.2"
GUARD = "10.0.1.1"
PACKETS = 10
"""RTP packets that are a conversation: 0.2 s of it without losses."""
LAST = 32.0
"""Seconds after which SIP gives up what gets lost again and again (timers B, F and H)."""

CONFIG = """\
listen:
  - udp: 10.0.1.1:5060
trunks:
  - name: carrier
    sources: [10.0.1.2]
targets:
  - name: pbx
    address: 10.0.2.2:{bob}
verification:
  anchors: [anchors]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""


SWITCHED = """\
  - name: pbx-1
    address: 10.0.2.2:5060
    transport: {0}
    patience: 0.5
    down_after: 1
    {1}
  - name: pbx-2
    address: 10.0.3.2:5060
    transport: {0}
    priority: 1
    down_after: 1
    {1}
"""
PROBED = """\
probe:
      every: 1.0
      timeout: 0.5
      up_after: 1
"""


class Network(NamedTuple):
    """The guard's host, and on a cable each the carrier's and the PBX's."""

    guard: Namespace
    carrier: Namespace
    pbx: Namespace
    to_carrier: Cable
    to_pbx: Cable


@pytest.fixture
def network() -> Iterator[Network]:
    """Make it anew."""
    if reason := missing(loss=True):
        pytest.skip(reason)
    with Namespace() as guard, Namespace() as carrier, Namespace() as pbx:
        to_carrier = Cable((guard, GUARD), (carrier, CARRIER))
        yield Network(guard, carrier, pbx, to_carrier, Cable((guard, "10.0.2.1"), (pbx, PBX)))


def arrived(network: Network, datagrams: int) -> int:
    """Give how many datagrams from the guard's host arrive at the PBX's, of so many."""
    with network.guard.inside():
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with network.pbx.inside():
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with here, there:
        there.bind((PBX, 0))
        there.settimeout(0)
        count = 0
        for _ in range(datagrams):
            here.sendto(b"", there.getsockname())
            try:
                there.recv(1)
            except BlockingIOError:
                continue
            count += 1
        return count


def acknowledged(callee: Agent) -> None:
    """Wait until an INVITE and its ACK have come: before that, the callee would refuse the next one."""
    sequence, _ = field(callee.gets("INVITE "), "CSeq").split()
    callee.gets("ACK ", f"{sequence} ACK")


def test_a_cable_loses_what_it_is_told_to_and_nothing_passes_once_it_is_cut(network: Network) -> None:
    # The first datagram makes the neighbours known to each other.
    while not arrived(network, 1):
        pass
    assert arrived(network, 200) == 200
    network.to_pbx.lose(50)
    assert 50 < arrived(network, 200) < 150
    network.to_pbx.lose(0)
    assert arrived(network, 200) == 200
    network.to_pbx.cut()
    assert arrived(network, 200) == 0


def test_calls_over_lines_that_lose_every_tenth_packet_are_talked_held_and_hung_up(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephones, "WAIT", LAST)
    with ExitStack() as stack:
        with network.carrier.inside():
            alice = stack.enter_context(Agent("alice", ALICE, 440, tmp_path, host=CARRIER))
        with network.pbx.inside():
            bob = stack.enter_context(Agent("bob", BOB, 700, tmp_path, host=PBX))
        config = tmp_path / "guard.yaml"
        with network.guard.inside():
            laboratory = stack.enter_context(Laboratory(tmp_path))
            config.write_text(CONFIG.format(bob=bob.port, repository=laboratory.repository.port))
            guard = stack.enter_context(Guard(config))
        network.to_carrier.lose(10)
        network.to_pbx.lose(10)
        sides = (alice, bob)
        for one, other in (sides, sides[::-1]):
            name, _, value = laboratory.identity(ALICE, BOB).partition(": ")
            alice.does("call", uri=f"sip:+{BOB}@{GUARD}", fields={name: value})
            bob.says("incoming")
            bob.does("answer", code=200)
            for agent in sides:
                agent.says("state", state="CONFIRMED")
                agent.says("media", status="active")
            acknowledged(bob)
            one.does("hold")
            acknowledged(other)
            other.says("media", status="remote hold")
            one.says("media", status="local hold")
            one.does("resume")
            acknowledged(other)
            for agent in sides:
                agent.says("media", status="active")
                agent.does("listen", packets=PACKETS)
            for agent in sides:
                agent.says("heard")
            one.does("hang_up")
            for agent in sides:
                agent.says("state", state="DISCONNECTED")
                agent.idles()
        assert [event["rule"] for event in guard.decisions()] == ["attested"] * 2
        assert not [event for event in guard.events if event.get("level") not in {"info", "warning"}]


class Switch:
    """The guard and its callers on one host, and two PBXs that are not far away, on a cable each."""

    def __init__(self, folder: Path, running: ExitStack, transport: str = "udp", *, probed: bool = False) -> None:
        if reason := missing():
            pytest.skip(reason)
        hosts = [running.enter_context(Namespace()) for _ in range(3)]
        self.cables = [Cable((hosts[0], f"10.0.{i}.1"), (hosts[i - 1], f"10.0.{i}.2")) for i in (2, 3)]
        self.pbxs = []
        for i in (2, 3):
            with hosts[i - 1].inside():
                over = ("-t", "t1") if transport == "tcp" else ()
                self.pbxs.append(running.enter_context(Sipp("pbx", (f"10.0.{i}.2", 5060), folder, *over, seconds=120)))
        self._here = hosts[0]
        targets = SWITCHED.format(transport, PROBED if probed else "")
        with self._here.inside():
            self._interconnection = Interconnection(folder, host="10.0.2.1", targets=targets)
        running.enter_context(self._interconnection)
        self._guard = self._interconnection.guard

    def place(self, scenario: str = "answered", duration: float = 0) -> PlacedCall:
        """Place an attested call."""
        with self._here.inside():
            identity = self._interconnection.identity()
            return self._interconnection.place(identity, scenario=scenario, duration=duration)

    def way(self, call: PlacedCall) -> int:
        """Give which PBX took a call, at its end: the caller heard nothing but the answers of that one."""
        call.end()
        assert call.answers == ANSWERED
        assert call.decision["rule"] == "attested"
        (taken,) = (number for number, pbx in enumerate(self.pbxs) if call.invites_at(pbx))
        return taken

    def marked(self, event: str, target: str) -> bool:
        """Tell whether the guard says that a PBX is up or down; wait for it if need be."""
        return self._guard.wait(lambda each: each["event"] == event and each["target"] == target) is not None


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Give what ends all that was started."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_pbx_that_vanishes_without_a_word_costs_no_call(tmp_path: Path, running: ExitStack, transport: str) -> None:
    switch = Switch(tmp_path, running, transport)
    assert switch.way(switch.place()) == 0
    switch.cables[0].cut()
    assert switch.way(switch.place()) == 1
    assert switch.marked("target_down", "pbx-1")
    assert switch.way(switch.place()) == 1


def test_a_pbx_that_vanishes_in_a_call_and_comes_back_still_gets_the_end_of_it(
    tmp_path: Path, running: ExitStack
) -> None:
    switch = Switch(tmp_path, running)
    call = switch.place(duration=1.0)
    call.is_talking(switch.pbxs[0])
    switch.cables[0].cut()
    assert switch.way(switch.place()) == 1
    assert switch.marked("target_down", "pbx-1")
    call.caller.gets(lambda message: message.sent and message.start.startswith("BYE "), "BYE of the caller")
    switch.cables[0].mend()
    assert switch.way(call) == 0


def test_calls_are_refused_at_once_while_every_pbx_is_gone_and_pass_when_one_is_back(
    tmp_path: Path, running: ExitStack
) -> None:
    switch = Switch(tmp_path, running, probed=True)
    for cable in switch.cables:
        cable.cut()
    assert switch.marked("target_down", "pbx-1")
    assert switch.marked("target_down", "pbx-2")
    refused = switch.place("refused").end()
    assert refused.answers == ["100 Trying", "503 Service Unavailable"]
    switch.cables[1].mend()
    assert switch.marked("target_up", "pbx-2")
    assert switch.way(switch.place()) == 1
