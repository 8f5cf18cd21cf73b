"""Two PBXs that share the calls, and are asked whether they are there: while one is gone, no new call fails."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from interconnection import Interconnection
from sipp import Sipp, free_port

from sip_guard.demo.calls import BOB

pytestmark = pytest.mark.end_to_end

CALLER = "127.0.0.2"
HOSTS = ("127.0.0.20", "127.0.0.21")
CALLS = 30
CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
    identity: ignore
targets:
{targets}
"""
TARGET = """\
  - name: {name}
    address: {host}:{port}
    patience: 0.5
    down_after: 2
    probe:
      every: 1.0
      timeout: 0.5
      up_after: 1
"""


class Pair:
    """Both of them, and the guard."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._addresses = [(host, free_port(host)) for host in HOSTS]
        self.pbxs = [self.start(0), self.start(1)]
        targets = [TARGET.format(name=f"pbx-{i}", host=at[0], port=at[1]) for i, at in enumerate(self._addresses)]
        self.interconnection = running.enter_context(Interconnection(folder, config=CONFIG, targets="".join(targets)))
        self._callers = folder / "callers.csv"
        self._callers.write_text("SEQUENTIAL\n12025550142;a;b;c;d\n")
        self._bursts = 0

    def start(self, number: int) -> Sipp:
        """Start one of them: at the same address if it was there before."""
        return self._running.enter_context(Sipp("pbx", self._addresses[number], self._folder, seconds=60))

    def calls(self) -> list[int]:
        """Place many calls, none of which may fail; give how many came to each PBX."""
        self._bursts += 1
        run = f"burst-{self._bursts}"
        options = ("-inf", str(self._callers), "-s", BOB, "-cid_str", f"%u-{run}", "-r", "300")
        local = (CALLER, free_port(CALLER))
        guard = self.interconnection.address
        with Sipp("load", local, self._folder, *options, remote=guard, calls=CALLS) as sipp:
            sipp.wait()
            answers = [m.start for m in sipp.messages() if not m.sent and m.value("CSeq") == "1 INVITE"]
        assert len(answers) >= 3 * CALLS
        assert not [start for start in answers if start > "SIP/2.0 3"]
        confirmed = [{m.value("Call-ID") for m in pbx.messages() if m.start.startswith("BYE ")} for pbx in self.pbxs]
        return [sum(call_id.endswith(run) for call_id in each) for each in confirmed]

    @contextmanager
    def heard(self) -> Iterator[list[bytes]]:
        """Give what is sent to the first PBX in its absence."""
        heard: list[bytes] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind(self._addresses[0])
            yield heard
            link.settimeout(0)
            with suppress(BlockingIOError):
                while True:
                    heard.append(link.recv(65_535))

    def marked(self, event: str) -> None:
        """Wait until the log says that the first PBX is up or down."""
        host, port = self._addresses[0]
        wanted = {"event": event, "target": "pbx-0", "address": f"{host}:{port}"}
        assert self.interconnection.guard.wait(lambda each: wanted.items() <= each.items()), wanted


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as running:
        yield Pair(tmp_path, running)


def test_while_one_of_two_is_gone_no_new_call_fails_and_when_it_is_back_it_gets_calls_again(pair: Pair) -> None:
    first, second = pair.calls()
    assert first + second == CALLS
    assert first
    assert second
    pair.pbxs[0].close()
    assert pair.calls() == [0, CALLS]
    pair.marked("target_down")
    with pair.heard() as heard:
        assert pair.calls() == [0, CALLS]
    assert not [start for start in heard if start.startswith(b"INVITE ")]
    pair.pbxs[0] = pair.start(0)
    pair.marked("target_up")
    first, second = pair.calls()
    assert first + second == CALLS
    assert first
    assert second
