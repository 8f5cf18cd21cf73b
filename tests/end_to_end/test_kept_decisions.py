"""The record under the real command: killed, on a full disk, and read by the other commands meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest
from messages import request

from sip_guard.demo.guard import Event, Guard

pytestmark = pytest.mark.end_to_end

CONFIG = """\
listen:
  - udp: 127.0.0.1:0
trunks:
  - name: carrier
    sources: ["127.0.0.1:{carrier}"]
    identity: ignore
targets:
  - name: pbx
    address: 127.0.0.1:{pbx}
state_directory: .
"""
MAY_BE_LOST = 2.0
"""Seconds: decisions that are older than this must survive a kill."""


class Trunk:
    """Places unsigned calls, one after the other, until told to stop; nobody answers them."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self._links = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for link in self._links:
            link.bind(("127.0.0.1", 0))
        carrier, pbx = (link.getsockname()[1] for link in self._links)
        self.config = folder / "guard.yaml"
        self.config.write_text(CONFIG.format(carrier=carrier, pbx=pbx) + more)
        self._done = Flag()
        self._threads: list[Thread] = []

    def calls(self, guard: Guard, name: str, interval: float = 0.005) -> None:
        """Begin to call."""
        self._threads.append(Thread(target=self._run, args=(guard.port, name, interval), daemon=True))
        self._threads[-1].start()

    def hangs_up(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._done.clear()

    def close(self) -> None:
        self.hangs_up()
        for link in self._links:
            link.close()

    def _run(self, port: int, name: str, interval: float) -> None:
        count = 0
        while not self._done.wait(interval):
            branch = f"SIP/2.0/UDP 127.0.0.1:{self._links[0].getsockname()[1]};branch=z9hG4bK-{name}-{count}"
            self._links[0].sendto(request(call_id=f"{name}-{count}", via=branch), ("127.0.0.1", port))
            count += 1


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sip_guard", *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def recorded(config: Path, *options: str) -> list[Event]:
    """Give what `sip-guard calls` finds."""
    lines = command("calls", "--config", str(config), "--json", "--limit", "1000000", *options).splitlines()
    return [json.loads(line) for line in lines]


def at(event: Event) -> float:
    return datetime.fromisoformat(event["ts"]).timestamp()


def test_a_kill_loses_no_decision_older_than_two_seconds_and_the_next_start_is_clean(
    tmp_path: Path, stack: ExitStack
) -> None:
    trunk = Trunk(tmp_path)
    stack.callback(trunk.close)
    before: set[str] = set()
    for round_ in range(3):
        guard = stack.enter_context(Guard(trunk.config))
        trunk.calls(guard, f"round{round_}")
        time.sleep(3.0 + 0.17 * round_)
        killed = time.time()
        os.kill(guard.pid, signal.SIGKILL)
        guard.wait(lambda _: False)
        trunk.hangs_up()
        decided = guard.decisions()
        assert len(decided) > 100
        old = {each["call_id"] for each in decided if at(each) < killed - MAY_BE_LOST}
        assert old
        before |= old
        kept = recorded(trunk.config)
        assert before <= {each["call_id"] for each in kept}
        assert len({each["call_id"] for each in kept}) == len(kept)
        assert [each["event"] for each in guard.events if each["event"].startswith("record")] == []


def test_a_guard_that_is_told_to_stop_has_every_decision_in_the_record(tmp_path: Path, stack: ExitStack) -> None:
    trunk = Trunk(tmp_path)
    stack.callback(trunk.close)
    with Guard(trunk.config) as guard:
        trunk.calls(guard, "call")
        guard.wait(lambda each: each.get("call_id") == "call-200", 20)
        trunk.hangs_up()
    logged = {each["call_id"]: each for each in guard.decisions()}
    kept = {each["call_id"]: each for each in recorded(trunk.config)}
    assert len(kept) > 200
    assert {name: each | {"ts": ""} for name, each in kept.items()} == {
        name: each | {"ts": ""} for name, each in logged.items()
    }


def test_calls_are_found_and_forgotten_while_the_guard_writes(tmp_path: Path, stack: ExitStack) -> None:
    trunk = Trunk(tmp_path)
    stack.callback(trunk.close)
    guard = stack.enter_context(Guard(trunk.config))
    trunk.calls(guard, "call")
    guard.wait(lambda each: each.get("call_id") == "call-400", 20)
    (found,) = recorded(trunk.config, "--call-id", "call-7")
    assert (found["trunk"], found["event"]) == ("carrier", "decision")
    number = found["from"]
    assert len(recorded(trunk.config, "--number", f"+{number}", "--since", "1h")) > 100
    said = command("forget", number, "--config", str(trunk.config), "--yes")
    assert int(said.split()[0]) > 100
    assert recorded(trunk.config, "--call-id", "call-7") == []
    trunk.calls(guard, "later")
    guard.wait(lambda each: each.get("call_id") == "later-100", 20)
    trunk.hangs_up()
    guard.close()
    later = {each["call_id"] for each in guard.decisions() if each["call_id"].startswith("later")}
    assert len(later) > 100
    assert later <= {each["call_id"] for each in recorded(trunk.config)}
    assert [each["event"] for each in guard.events if each["event"] in ("record_incomplete", "mistake")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_calls_go_on_while_the_disk_is_full(tmp_path: Path, stack: ExitStack) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount")
    stack.callback(subprocess.run, ["umount", "--lazy", str(disk)], check=True)
    trunk = Trunk(tmp_path, f"record: {{file: {disk}/decisions.sqlite3, queue: 300}}\n")
    stack.callback(trunk.close)
    guard = stack.enter_context(Guard(trunk.config))
    trunk.calls(guard, "call")
    full = guard.wait(lambda each: each["event"] == "record_not_written", 30)
    assert full is not None
    lost = guard.wait(lambda each: each["event"] == "record_incomplete", 30)
    assert lost is not None
    decided = len(guard.decisions())
    assert guard.wait(lambda _: len(guard.events) > decided + 300, 20)
    assert len(guard.decisions()) > decided
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    resumed = guard.wait(lambda each: each["event"] == "record_resumed", 10)
    assert resumed is not None
    assert resumed["dropped"] > 0
    trunk.hangs_up()
    guard.close()
    assert len(recorded(trunk.config)) + resumed["dropped"] == len(guard.decisions())
