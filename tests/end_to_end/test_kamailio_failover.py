"""Two Kamailios as the fronts of one PBX: the guard goes on with the second when the first one is no use."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from interconnection import ANSWERED, Interconnection, PlacedCall
from kamailio import Kamailio, front
from sipp import Message, free_port

pytestmark = pytest.mark.end_to_end

HOSTS = ("127.0.0.10", "127.0.0.11")

TARGETS = """\
  - name: front-1
    address: {0[0]}:{0[1]}
    transport: {2}
    patience: 0.5
    down_after: 1
    {3}
  - name: front-2
    address: {1[0]}:{1[1]}
    transport: {2}
    priority: 1
"""
PROBED = """\
probe:
      every: 1.0
      timeout: 0.5
      up_after: 1
"""


class Fronts:
    """Both of them in front of SIPp as the PBX, and the guard."""

    def __init__(self, folder: Path, running: ExitStack, transport: str, *, probed: bool = False) -> None:
        self._folder = folder
        self._running = running
        self._addresses = [(host, free_port(host)) for host in HOSTS]
        targets = TARGETS.format(*self._addresses, transport, PROBED if probed else "")
        self.interconnection = running.enter_context(Interconnection(folder, targets=targets))
        self.guard = self.interconnection.guard
        self.fronts = [self.start(0), self.start(1)]

    def start(self, number: int, *, with_telephones: bool = True) -> Kamailio:
        """Start one of them: at the same address if it was there before."""
        host, port = self.interconnection.pbx.local
        behind = [f"sip:{host}:{port}"] if with_telephones else []
        return self._running.enter_context(front(self._folder, self._addresses[number], behind=behind))

    def place(self, duration: float = 0) -> PlacedCall:
        """Place an attested call."""
        return self.interconnection.place(self.interconnection.identity(), duration=duration)

    def way(self, call: PlacedCall) -> int:
        """Give by which of them a call came, at its end: it came once, and the caller heard nothing but its answers."""
        call.end()
        assert call.answers == ANSWERED
        assert call.decision["rule"] == "attested"
        return self.front(call.invite)

    def front(self, message: Message) -> int:
        """Give which of them sent a message to the PBX."""
        return HOSTS.index(message.values("Via")[0].removeprefix("SIP/2.0/UDP ").partition(":")[0])

    def marked(self, event: str) -> bool:
        """Tell whether the guard says that front-1 is up or down; wait for it if need be."""
        return self.guard.wait(lambda each: each["event"] == event and each["target"] == "front-1") is not None


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """Give what ends all that was started."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_goes_by_the_second_front_when_the_first_has_ended(
    tmp_path: Path, running: ExitStack, transport: str
) -> None:
    fronts = Fronts(tmp_path, running, transport)
    assert fronts.way(fronts.place()) == 0
    fronts.fronts[0].close()
    assert fronts.way(fronts.place()) == 1
    assert fronts.marked("target_down")
    assert fronts.way(fronts.place()) == 1


def test_a_call_goes_by_the_second_front_when_the_first_has_no_telephone_to_send_it_to(
    tmp_path: Path, running: ExitStack
) -> None:
    fronts = Fronts(tmp_path, running, "udp")
    fronts.fronts[0].close()
    fronts.start(0, with_telephones=False)
    call = fronts.place()
    assert fronts.way(call) == 1
    assert "Nobody Is There" not in call.caller.said()


def test_a_front_that_is_asked_whether_it_is_there_gets_calls_again_when_it_is_back(
    tmp_path: Path, running: ExitStack
) -> None:
    fronts = Fronts(tmp_path, running, "udp", probed=True)
    fronts.fronts[0].close()
    assert fronts.marked("target_down")
    assert fronts.way(fronts.place()) == 1
    fronts.start(0)
    assert fronts.marked("target_up")
    assert fronts.way(fronts.place()) == 0


def test_a_call_keeps_to_its_front_though_that_was_away_and_is_marked_down(tmp_path: Path, running: ExitStack) -> None:
    fronts = Fronts(tmp_path, running, "udp")
    call = fronts.place(duration=1.0)
    call.is_talking()
    fronts.fronts[0].close()
    assert fronts.way(fronts.place()) == 1
    assert fronts.marked("target_down")
    call.caller.gets(lambda message: message.sent and message.start.startswith("BYE "), "BYE of the caller")
    fronts.start(0)
    assert fronts.way(call) == 0
    bye = fronts.interconnection.pbx.gets(
        lambda message: message.start.startswith("BYE ") and message.value("Call-ID") == call.call_id, "BYE at the PBX"
    )
    assert fronts.front(bye) == 0
