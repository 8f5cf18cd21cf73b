"""A guard that is told to go by another configuration, or to go: no call is lost over it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from interconnection import Interconnection
from messages import request
from sipp import Sipp, free_port

from sip_guard.demo.guard import Event

pytestmark = pytest.mark.end_to_end

CARRIER, OTHER = "127.0.0.2", "127.0.0.3"
RATE, CALLS, SIGNALS = 200, 2000, 100

CONFIG = """\
listen:
  - udp: {host}:0
trunks:
  - name: carrier
    sources: [127.0.0.2]
    identity: ignore
    concurrent_calls: 100000
  - name: other
    sources: [127.0.0.3]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.1:{pbx}
emergency: {{numbers: ["112"]}}
# A machine that has other tests to run pauses for longer than the usual 0.1 s.
limits: {{lag: 5}}
state_directory: .
"""


@pytest.fixture
def interconnection(tmp_path: Path) -> Iterator[Interconnection]:
    folder = tmp_path / "guard"
    folder.mkdir()
    with Interconnection(folder, config=CONFIG) as made:
        with suppress(PermissionError):
            # As the unit for systemd has it: what else goes on here makes no call wait until it is sent again.
            os.setpriority(os.PRIO_PROCESS, made.guard.pid, -5)
        yield made


def placing(interconnection: Interconnection, folder: Path, calls: int, pause: int) -> Sipp:
    """Begin to place calls, each answered, held for `pause` milliseconds, and hung up."""
    injected = folder / "callers.csv"
    injected.write_text("\n".join(["SEQUENTIAL", *(f"1202555{number:04};-;-;-;-" for number in range(calls)), ""]))
    options = ("-inf", str(injected), "-s", "12155551213", "-cid_str", f"%u-{uuid4()}", "-r", f"{RATE}")
    return Sipp(
        "load",
        (CARRIER, free_port(CARRIER)),
        folder,
        *options,
        *("-d", f"{pause}"),
        remote=interconnection.address,
        calls=calls,
        seconds=60,
    )


def command(interconnection: Interconnection, word: str) -> "subprocess.CompletedProcess[str]":
    """Ask the guard, as an operator does."""
    arguments = [sys.executable, "-m", "sip_guard", word, "--config", str(interconnection.config)]
    return subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=30)


def events(interconnection: Interconnection, name: str) -> list[Event]:
    return [event for event in interconnection.guard.events if event["event"] == name]


def test_a_hundred_reloads_under_200_calls_a_second_lose_no_call(
    interconnection: Interconnection, tmp_path: Path
) -> None:
    good = interconnection.config.read_text()
    rule = "policy: {rules: [{id: changed, when: {trunk: other}, then: tag}]}\n"
    variants = [good, good + rule, good.replace("127.0.0.3", "127.0.0.4"), good + "policy: {rules: [{id: broken}]}\n"]
    with placing(interconnection, tmp_path, CALLS, pause=700) as sipp:
        for number in range(SIGNALS):
            written = interconnection.config.with_suffix(".new")
            written.write_text(variants[number % len(variants)])
            written.replace(interconnection.config)
            os.kill(interconnection.guard.pid, signal.SIGHUP)
            time.sleep(CALLS / RATE / SIGNALS)
        sipp.wait()
    reloaded, refused = events(interconnection, "reloaded"), events(interconnection, "not_reloaded")
    assert len(reloaded) + len(refused) > SIGNALS / 2
    assert refused
    assert {str(line["reason"]) for line in refused} == {
        f"{interconnection.config}:18: policy.rules[0]: the key `then` is missing"
    }
    decided = [event["generation"] for event in interconnection.guard.decisions()]
    assert len(decided) == CALLS
    assert decided == sorted(decided)
    assert len(set(decided)) > SIGNALS / 4
    assert events(interconnection, "mistake") == []


def test_who_asks_for_a_reload_is_told_what_became_of_it(interconnection: Interconnection) -> None:
    good = interconnection.config.read_text()
    assert command(interconnection, "reload").stdout == "reloaded: generation 2\n"

    interconnection.config.write_text(good.replace("identity: ignore", "identity: ignored", 1))
    broken = command(interconnection, "reload")
    assert (broken.returncode, broken.stdout) == (2, "")
    assert broken.stderr.startswith(f"{interconnection.config}:6: trunks[0].identity: there is no choice `ignored`")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        interconnection.config.write_text(good.replace("trunks:", f"  - udp: {where}\ntrunks:", 1))
        in_use = command(interconnection, "reload")
    assert (in_use.returncode, in_use.stdout) == (1, "")
    why = "Address already in use; is another guard running?"
    assert in_use.stderr == f"cannot listen on UDP {where}: {why}\n"
    assert command(interconnection, "status").stdout.split(", ")[1:] == [
        "generation 2",
        "0 calls and requests in progress\n",
    ]


class Peer:
    """A trunk of its own, which asks without a phone."""

    def __init__(self, interconnection: Interconnection) -> None:
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.bind((OTHER, 0))
        self._link.settimeout(5)
        self._guard = interconnection.address

    def asks(self, method: str, called: str) -> bytes:
        """Send a request and give the first answer that is not provisional."""
        via = f"SIP/2.0/UDP {OTHER}:{self._link.getsockname()[1]};branch=z9hG4bK{uuid4()}"
        self._link.sendto(request(method, f"sip:{called}@127.0.0.1", via=via, call_id=f"{uuid4()}"), self._guard)
        while (answer := self._link.recv(65_535)).startswith(b"SIP/2.0 1"):
            pass
        return answer

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()


def test_a_guard_that_is_told_to_go_sees_its_calls_to_their_end(
    interconnection: Interconnection, tmp_path: Path
) -> None:
    calls = 200
    with placing(interconnection, tmp_path, calls, pause=2500) as sipp, Peer(interconnection) as peer:
        assert interconnection.guard.wait(lambda _: len(interconnection.guard.decisions()) == calls, 20)
        os.kill(interconnection.guard.pid, signal.SIGTERM)
        assert interconnection.guard.wait(lambda event: event["event"] == "draining")
        for method in ("INVITE", "OPTIONS"):
            answer = peer.asks(method, "+12155551213")
            assert answer.startswith(b"SIP/2.0 503 Going Away\r\n")
            assert b"\r\nRetry-After: " in answer
        assert peer.asks("INVITE", "112").startswith(b"SIP/2.0 200 ")
        sipp.wait()
        os.kill(interconnection.guard.pid, signal.SIGTERM)
        assert interconnection.guard.wait(lambda event: event["event"] == "stopped", 20)
    assert [event["calls"] for event in events(interconnection, "draining")] != [0]
