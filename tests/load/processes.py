"""The guard and SIPp as processes, each on a core of its own, and what they cost."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sip_guard.sip.flow import Address

START = 20.0
"""Seconds that a process may take until it is there."""
RUN = (sys.executable, "-m", "sip_guard")
"""The command `sip-guard`, as it stands here."""
_CORES = sorted(os.sched_getaffinity(0))
_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A program on a core, until it is closed; what it says goes to a file."""

    def __init__(self, command: Sequence[str], core: int, folder: Path, said: str) -> None:
        """Start it on one of the cores that there are, in `folder`."""
        self.said = folder / said
        pinned = [_program("taskset"), "--cpu-list", str(_CORES[core % len(_CORES)]), *command]
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                pinned, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self.process.poll() is None

    def family(self) -> Sequence[int]:
        """Give the processes that it consists of."""
        return [self.process.pid]

    def times(self) -> tuple[float, float]:
        """Give the seconds of CPU time that it has used as a program, and that the system has used for it."""
        family = self.family()
        fields = [_proc(each, "stat").rpartition(")")[2].split() for each in family]
        user, system = sum(int(each[11]) for each in fields), sum(int(each[12]) for each in fields)
        # Their sum is known to the nanosecond, each by itself only to the tick.
        ran = sum(int(_proc(each, "schedstat").split()[0]) for each in self._threads()) / 1e9
        return ran * user / max(1, user + system), ran * system / max(1, user + system)

    def _threads(self) -> list[str]:
        return [
            f"{each}/task/{thread.name}" for each in self.family() for thread in Path(f"/proc/{each}/task").iterdir()
        ]

    def cpu(self) -> float:
        """Give the seconds of CPU time that it has used."""
        return sum(self.times())

    def waited(self) -> float:
        """Give the seconds for which it could have run and something else was on its core."""
        return int(_proc(self.process.pid, "schedstat").split()[1]) / 1e9

    def resident(self) -> float:
        """Give the MB of memory that it holds."""
        lines = _proc(self.process.pid, "status").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def close(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once: it has no time to say anything to anyone."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Guard(Process):
    """`sip-guard run` with a configuration, on the first core unless told otherwise."""

    def __init__(self, config: str, folder: Path, name: str, core: int = 0, command: Sequence[str] = RUN) -> None:
        """Start it and wait until it listens. Raises RuntimeError with what it said if it does not."""
        path = folder / f"{name}.yaml"
        path.write_text(config)
        super().__init__([*command, "run", "--config", str(path)], core, folder, f"{name}.log")
        if not eventually(lambda: bool(self.events("started")) or not self.running, START) or not self.running:
            self.close()
            raise RuntimeError(f"the guard did not start: {self.said.read_text('utf-8', 'replace')[-3000:]}")
        self.ports: dict[str, int] = {event["transport"]: event["port"] for event in self.events("listening")}
        """Where it listens, by transport."""

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give the lines of its log about one kind of event."""
        wanted = f'"event":"{name}"'.encode()
        with self.said.open("rb") as lines:
            return [json.loads(line) for line in lines if wanted in line and line.endswith(b"\n")]


def children(process: int) -> list[int]:
    """Give the processes that it has started and that are there."""
    there = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    return [each for each in there if _parent(each) == process]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run this thread, and what it starts meanwhile, on one of the cores that there are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_CORES[core % len(_CORES)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _parent(process: int) -> int:
    try:
        return int(_proc(process, "stat").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _proc(process: int | str, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text()


def free_port(host: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """Ask the system for a port of `host`."""
    with socket.socket(socket.AF_INET, kind) as link:
        link.bind((host, 0))
        port: int = link.getsockname()[1]
        return port


def free_address(host: str, transport: str = "UDP") -> Address:
    """Ask the system for a port of `host`."""
    return host, free_port(host, socket.SOCK_DGRAM if transport == "UDP" else socket.SOCK_STREAM)


def eventually(happened: Callable[[], bool], seconds: float) -> bool:
    """Wait until something has happened; False if it does not in so many seconds."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is missing")
    return found
