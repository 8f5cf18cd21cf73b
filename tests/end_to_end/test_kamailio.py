"""A Kamailio on each side of the guard, as the carrier and as the front of the PBX, between two real user agents.

alice (pjsua2) - carrier (Kamailio) - the guard - front (Kamailio) - bob (pjsua2)
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from kamailio import VERIFIED, Kamailio, front
from sipp import free_port
from telephones import Agent, field, fields

from sip_guard.demo.calls import ALICE, BOB, OTHER
from sip_guard.demo.guard import Guard
from sip_guard.demo.laboratory import Laboratory

pytestmark = pytest.mark.end_to_end

CARRIER = "127.0.0.2"
FRONT = "127.0.0.3"
SUBSCRIBER = "127.0.0.4"
TELEPHONE = "127.0.0.5"
PACKETS = 10
"""RTP packets that are a conversation: 0.2 s of it."""

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
  - tcp: 127.0.0.1:0
trunks:
  - name: carrier
targets:
  - name: front
    address: {front}
    transport: {inner}
  - name: carrier
    address: {carrier}
    transport: {outer}
    trunk: carrier
routes:
  - prefixes: ["+1"]
    trunks: carrier
verification:
  anchors: [anchors]
  repository:
    laboratories:
      - {{host: 127.0.0.1, port: {repository}, private_address: true, web_ca: web_ca.pem}}
"""


class Chain(NamedTuple):
    """All who take part, in the order of the way of a call."""

    alice: Agent
    carrier: Kamailio
    guard: Guard
    front: Kamailio
    bob: Agent
    laboratory: Laboratory
    transports: tuple[str, str]
    """Between carrier and guard, and between guard and front."""

    def call(self, *lines: str, called: str = BOB) -> None:
        """Let alice call with further header lines."""
        extra = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        host, port = self.carrier.address
        self.alice.does("call", uri=f"sip:+{called}@{host}:{port}", fields=extra)

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
        self.answer(self.alice, self.bob)
        return invite

    def answer(self, caller: Agent, callee: Agent) -> None:
        """Answer the call that came."""
        callee.does("answer", code=200)
        for agent in (caller, callee):
            agent.says("state", state="CONFIRMED")
            agent.says("media", status="active")
        assert self.passed(callee.gets("ACK "), caller)

    def hold_resume_and_end(self, one: Agent, other: Agent) -> None:
        """Let one of them do all that: each request goes by all proxies, and they hear each other in between."""
        one.does("hold")
        self._invites_again(one, other)
        other.says("media", status="remote hold")
        one.says("media", status="local hold")
        one.does("resume")
        self._invites_again(one, other)
        for agent in (one, other):
            agent.says("media", status="active")
        self.hear()
        one.does("hang_up")
        assert self.passed(other.gets("BYE "), one)
        self.end()

    def _invites_again(self, one: Agent, other: Agent) -> None:
        assert self.passed(other.gets("INVITE "), one)
        assert self.passed(other.gets("ACK "), one)

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
        """Tell whether a request came by all three proxies, the way that it should, and no Route of theirs is left."""
        outer, inner = self.transports
        between = [
            (outer, self.carrier.address),
            (inner, ("127.0.0.1", self.guard.ports[inner])),
            ("UDP", self.front.address),
        ]
        if sender is self.bob:
            between = [
                (inner, self.front.address),
                (outer, ("127.0.0.1", self.guard.ports[outer])),
                ("UDP", self.carrier.address),
            ]
        way = [f"SIP/2.0/{transport} {host}:{port}" for transport, (host, port) in between]
        first, *hops = reversed([via.partition(";")[0] for via in fields(request, "Via")])
        return hops == way and first.endswith(f":{sender.port}") and not fields(request, "Route")


class Ends(NamedTuple):
    """Those who call, and who signs their calls."""

    alice: Agent
    bob: Agent
    laboratory: Laboratory
    folder: Path


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    """Start them once for all."""
    folder = tmp_path_factory.mktemp("kamailio")
    with ExitStack() as stack:
        laboratory = stack.enter_context(Laboratory(folder))
        alice = stack.enter_context(Agent("alice", ALICE, 440, folder, host=SUBSCRIBER))
        yield Ends(alice, stack.enter_context(Agent("bob", BOB, 700, folder, host=TELEPHONE)), laboratory, folder)


@pytest.fixture(scope="module", params=[("UDP", "UDP"), ("TCP", "UDP"), ("UDP", "TCP")], ids="-".join)
def cast(request: pytest.FixtureRequest, ends: Ends) -> Iterator[Chain]:
    """All of them, with the proxies started once for each pair of transports at the guard."""
    outer, inner = request.param
    alice, bob, laboratory, folder = ends
    front_at = (FRONT, free_port(FRONT))
    carrier_at = (CARRIER, free_port(CARRIER))
    config = laboratory.config
    config.write_text(
        CONFIG.format(
            front=f"{front_at[0]}:{front_at[1]}",
            inner=inner.lower(),
            carrier=f"{carrier_at[0]}:{carrier_at[1]}",
            outer=outer.lower(),
            repository=laboratory.repository.port,
        )
    )
    with Guard(config) as guard:
        to_guard = {each: f"sip:127.0.0.1:{guard.ports[each]};transport={each.lower()}" for each in ("UDP", "TCP")}
        before_bob = front(
            folder,
            front_at,
            behind=[f"sip:{TELEPHONE}:{bob.port}"],
            beyond=[to_guard[inner]],
            private=f"+{OTHER}",
        )
        with before_bob:
            before_alice = front(
                folder,
                carrier_at,
                behind=[f"sip:{SUBSCRIBER}:{alice.port}"],
                beyond=[to_guard[outer]],
            )
            with before_alice:
                yield Chain(alice, before_alice, guard, before_bob, bob, laboratory, (outer, inner))


@pytest.fixture
def chain(cast: Chain) -> Iterator[Chain]:
    """All of them, and nobody in a call; no proxy makes a mistake."""
    yield cast
    cast.alice.idles()
    cast.bob.idles()
    assert not [event for event in cast.guard.events if event.get("level") not in {"info", "warning"}]
    assert "ERROR" not in cast.carrier.said() + cast.front.said()


def test_an_attested_call_is_verified_for_the_front_which_rings_it_as_such(chain: Chain) -> None:
    invite = chain.talk()
    assert chain.passed(invite, chain.alice)
    assert ";verstat=TN-Validation-Passed@" in field(invite, "From")
    assert field(invite, "Alert-Info") == VERIFIED
    assert chain.rules(invite) == ["attested"]
    chain.hear()


def test_an_unsigned_call_rings_otherwise(chain: Chain) -> None:
    invite = chain.ring("X-SIP-Guard: v=1;verdict=passed;reason=passed")
    assert fields(invite, "Alert-Info") == []
    assert chain.rules(invite) == ["unsigned"]


def test_the_front_refuses_an_unsigned_call_to_whom_it_wants_verified_callers_for(chain: Chain) -> None:
    chain.call("X-SIP-Guard: v=1;verdict=passed;reason=passed", called=OTHER)
    answer = chain.alice.gets("SIP/2.0 603 Only For Verified Callers\r\n")
    chain.alice.says("state", state="DISCONNECTED", code=603)
    assert chain.rules(answer) == ["unsigned"]


def test_a_call_with_a_tampered_token_never_reaches_the_front(chain: Chain) -> None:
    chain.call(chain.laboratory.tampered(ALICE, OTHER), called=OTHER)
    answer = chain.alice.gets("SIP/2.0 438 Invalid Identity Header\r\n")
    chain.alice.says("state", state="DISCONNECTED", code=438)
    assert chain.rules(answer) == ["bad-signature"]


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_either_side_holds_resumes_and_ends_the_call(chain: Chain, who: str) -> None:
    one, other = (chain.alice, chain.bob) if who == "alice" else (chain.bob, chain.alice)
    invite = chain.talk()
    chain.hold_resume_and_end(one, other)
    assert chain.rules(invite) == ["attested"]


def test_a_caller_who_gives_up_cancels_the_ringing(chain: Chain) -> None:
    chain.ring(chain.laboratory.identity(ALICE, BOB))
    chain.alice.does("hang_up")
    chain.alice.gets("SIP/2.0 200", "CANCEL")
    chain.bob.gets("CANCEL ")
    chain.alice.gets("SIP/2.0 487", "INVITE")
    chain.bob.gets("ACK ")
    chain.end()


def test_a_callee_who_is_busy_is_busy_for_the_caller(chain: Chain) -> None:
    chain.ring(chain.laboratory.identity(ALICE, BOB))
    chain.bob.does("answer", code=486)
    chain.bob.gets("ACK ")
    chain.alice.gets("SIP/2.0 486 Busy Here\r\n", "INVITE")
    chain.end()


def test_a_call_out_finds_its_way_and_either_side_holds_resumes_and_ends_it(chain: Chain) -> None:
    host, port = chain.front.address
    for one, other in ((chain.alice, chain.bob), (chain.bob, chain.alice)):
        chain.bob.does("call", uri=f"sip:+{ALICE}@{host}:{port}", fields={})
        assert chain.passed(chain.alice.gets("INVITE "), chain.bob)
        chain.alice.says("incoming")
        chain.answer(chain.bob, chain.alice)
        chain.hold_resume_and_end(one, other)


def test_a_call_out_that_is_given_up_is_cancelled(chain: Chain) -> None:
    host, port = chain.front.address
    chain.bob.does("call", uri=f"sip:+{ALICE}@{host}:{port}", fields={})
    chain.alice.says("incoming")
    chain.alice.does("answer", code=180)
    chain.bob.gets("SIP/2.0 180", "INVITE")
    chain.bob.does("hang_up")
    chain.alice.gets("CANCEL ")
    chain.bob.gets("SIP/2.0 487", "INVITE")
    chain.alice.gets("ACK ")
    chain.end()
