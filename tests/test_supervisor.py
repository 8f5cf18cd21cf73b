"""Systemd is told how the guard is, by datagrams to a socket that it names."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sip_guard.supervisor import Supervisor


class Systemd:
    """The side that listens."""

    def __init__(self, name: str) -> None:
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._link.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self._link.setblocking(False)  # noqa: FBT003
        self.name = name

    def told(self) -> list[list[str]]:
        told = []
        while True:
            try:
                told.append(self._link.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return told

    def close(self) -> None:
        self._link.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(str(tmp_path / "notify") if request.param == "path" else f"@sip_guard-test-{os.getpid()}")
    yield made
    made.close()


def test_it_is_told_of_the_start_a_reload_a_beat_and_the_end(systemd: Systemd) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": systemd.name})
    supervisor.ready("generation 1")
    supervisor.reloading()
    supervisor.ready("generation 2")
    supervisor.beat()
    supervisor.stopping("3 in progress", 30)
    ready, reloading, again, beat, stopping = systemd.told()
    assert (ready, again) == (["READY=1", "STATUS=generation 1"], ["READY=1", "STATUS=generation 2"])
    assert reloading[0] == "RELOADING=1"
    assert reloading[1].startswith("MONOTONIC_USEC=")
    assert beat == ["WATCHDOG=1"]
    assert stopping == ["STOPPING=1", "STATUS=3 in progress", "EXTEND_TIMEOUT_USEC=40000000"]
    supervisor.close()


def test_a_status_is_one_line_whatever_it_says(systemd: Systemd) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": systemd.name})
    supervisor.ready("bad\nWATCHDOG=trigger")
    assert systemd.told() == [["READY=1", "STATUS=bad WATCHDOG=trigger"]]
    supervisor.close()


def test_nobody_listens_and_nothing_is_told() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}):
        supervisor = Supervisor(environment)
        supervisor.ready("generation 1")
        supervisor.close()
        supervisor.ready("generation 2")


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_it_beats_twice_as_often_as_it_is_waited_for(environment: dict[str, str], interval: float | None) -> None:
    assert Supervisor(environment).interval == interval
