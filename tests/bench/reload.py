"""What a reload costs those who ask the guard something meanwhile: `scripts/bench reload [TRUNKS] [RELOADS]`.

Each trunk has a rule of its own. Every few milliseconds the guard is asked by OPTIONS, and how late it answers is told
for two seconds without a reload, and for as long as it is told to reload again and again.
"""

import os
import signal
import socket
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from messages import request

from sip_guard.demo.guard import Guard

HOST = "127.0.0.2"
EVERY = 0.002
"""Seconds from an answer to the next question."""
WITHOUT = 2.0


def configuration(trunks: int) -> str:
    """Write one with so many trunks and rules."""
    of_trunks = [
        f"  - {{name: t{i}, sources: [10.{i >> 8 & 255}.{i & 255}.1], identity: ignore, calls_per_second: 10}}"
        for i in range(trunks)
    ]
    rules = [f"    - {{id: r{i}, when: {{trunk: t{i}}}, then: tag, mode: shadow}}" for i in range(trunks)]
    lines = [
        "listen: [{udp: '127.0.0.1:0'}]",
        "targets: [{name: pbx, address: '127.0.0.1:6000'}]",
        "limits: {lag: 5}",
        "trunks:",
        f"  - {{name: asking, sources: [{HOST}], identity: ignore}}",
        *of_trunks,
        "policy:",
        "  rules:",
        *rules,
    ]
    return "\n".join([*lines, ""])


def _is_generation(number: int, event: dict[str, object]) -> bool:
    return event.get("generation") == number


class Asking:
    """Asks a guard, one question after the other."""

    def __init__(self, port: int) -> None:
        self._guard = ("127.0.0.1", port)
        self._delays: list[float] = []
        self._done = Event()
        self._thread = Thread(target=self._ask)
        self._thread.start()

    def while_(self, what: Callable[[], None]) -> str:
        """Do something, and say how late answers were meanwhile."""
        self._delays.clear()
        what()
        delays = sorted(each * 1e3 for each in self._delays)
        late = f"99 %: {delays[len(delays) * 99 // 100]:.1f}, latest: {delays[-1]:.1f} ms"
        return f"median: {statistics.median(delays):.2f}, {late}, of {len(delays)}"

    def close(self) -> None:
        """Ask no more."""
        self._done.set()
        self._thread.join()

    def _ask(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind((HOST, 0))
            link.settimeout(10)
            number = 0
            while not self._done.wait(EVERY):
                number += 1
                via = f"SIP/2.0/UDP {HOST}:{link.getsockname()[1]};branch=z9hG4bK{number}"
                octets = request("OPTIONS", "sip:guard@127.0.0.1", via=via, call_id=f"{number}")
                began = time.perf_counter()
                link.sendto(octets, self._guard)
                link.recv(65_535)
                self._delays.append(time.perf_counter() - began)


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main(trunks: int = 100, reloads: int = 20) -> None:
    """Measure, and print it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "guard.yaml"
        text = configuration(trunks)
        path.write_text(text)
        with Guard(path) as guard:
            asking = Asking(guard.port)

            def reload() -> None:
                for number in range(2, reloads + 2):
                    path.write_text(text + f"emergency: {{numbers: ['{100 + number % 2}']}}\n")
                    os.kill(guard.pid, signal.SIGHUP)
                    guard.wait(partial(_is_generation, number), 60)

            try:
                say(f"without a reload  {asking.while_(lambda: time.sleep(WITHOUT))}")
                began = time.monotonic()
                say(f"reloading         {asking.while_(reload)}")
                say(f"a reload takes    {(time.monotonic() - began) / reloads * 1e3:.0f} ms")
            finally:
                asking.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
