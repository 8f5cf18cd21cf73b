"""Real user agents (pjsua2) on both sides of the real command: alice calls by a trunk, bob is the PBX."""

import json
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, Self

import pytest

from sip_guard.demo.calls import ALICE, BOB, OTHER
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory

pytestmark = pytest.mark.end_to_end

WAIT = 5.0
"""Seconds after which what did not happen will not: never waited for in a test that passes."""

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

Event = dict[str, Any]


class Agent:
    """A process of user_agent.py: what it is told, and what it says."""

    def __init__(self, name: str, number: str, hertz: int, folder: Path) -> None:
        self.name = name
        self._said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._untaken: list[Event] = []
        self._log = folder / f"{name}.log"
        program = Path(__file__).with_name("user_agent.py")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(program), f"sip:+{number}@{name}.example", str(hertz)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.port: int = self.says("ready")["port"]
        except AssertionError:
            self.close()
            raise

    def does(self, what: str, **more: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()

    def says(self, event: str, **more: object) -> Event:
        """Take the first event of this kind and with these values that was not taken yet; wait for it if need be."""
        wanted = {"event": event, **more}
        return self._take(lambda each: wanted.items() <= each.items(), wanted)

    def gets(self, start: str, method: str = "") -> str:
        """Take the first message that starts so (and is of or answers `method`); wait for it if need be."""
        return str(
            self._take(
                lambda each: (
                    each["event"] == "received"
                    and each["message"].startswith(start)
                    and field(each["message"], "CSeq").endswith(method)
                ),
                f"{start} {method}",
            )["message"]
        )

    def idles(self) -> None:
        """Hang up if there is a call, and forget all that was said."""
        self.does("idle")
        self.says("idle")
        self._untaken.clear()

    def close(self) -> None:
        """Let it end; kill it if it does not. Raises AssertionError if it did not end cleanly."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        assert self._process.returncode == 0, f"{self.name} ended badly\n{self._end_of_log()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, wanted: Callable[[Event], bool], what: object) -> Event:
        end = time.monotonic() + WAIT
        looked_at = 0
        while True:
            for place in range(looked_at, len(self._untaken)):
                if wanted(self._untaken[place]):
                    return self._untaken.pop(place)
            looked_at = len(self._untaken)
            try:
                said = self._said.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name}: no {what}, only {self._untaken}") from None
            assert said["event"] not in {"ended", "fault", "refused"}, f"{self.name}: {said}\n{self._end_of_log()}"
            self._untaken.append(said)

    def _end_of_log(self) -> str:
        return self._log.read_text("utf-8", "replace")[-2000:]

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._said.put(json.loads(line))
        self._said.put({"event": "ended"})


def fields(message: str, name: str) -> list[str]:
    """Give the values of a header field, in order."""
    lines = message.partition("\r\n\r\n")[0].split("\r\n")[1:]
    split = (line.partition(":") for line in lines)
    return [value.strip() for key, _, value in split if key.strip().lower() == name.lower()]


def field(message: str, name: str) -> str:
    """Give the value of a header field that stands there once."""
    (value,) = fields(message, name)
    return value


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
    if find_spec("pjsua2") is None:
        pytest.fail("pjsua2 is missing: scripts/test installs it, or pip install '.[agent]'")
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
