"""The real command as a process, and its log as it is written."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Self

START = 20.0
"""Seconds that the guard may take until it listens."""

Event = dict[str, Any]


class Guard:
    """`sip-guard run` with a configuration, until it is closed."""

    def __init__(self, config: Path) -> None:
        """Start it and wait until it listens. Raises RuntimeError with what it said if it does not."""
        self.events: list[Event] = []
        """What it logged so far."""
        self._changed = Condition()
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "sip_guard", "run", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._ended = False
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        started = self.wait(lambda event: event["event"] == "started", START)
        if started is None:
            self.close()
            raise RuntimeError(f"the guard did not start: {self.events}")
        listening = [event for event in self.events if event["event"] == "listening"]
        self.port: int = listening[0]["port"]
        self.ports: dict[str, int] = {event["transport"]: event["port"] for event in listening}
        """Where it listens, by transport."""

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def wait(self, wanted: Callable[[Event], bool], seconds: float = 5.0) -> Event | None:
        """Give the first event that is wanted, waiting for it if need be; None if it does not come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or any(map(wanted, self.events)), seconds)
            return next(filter(wanted, self.events), None)

    def decision(self, call_id: str) -> Event | None:
        """Give the decision about a call."""
        return self.wait(lambda event: event["event"] == "decision" and event["call_id"] == call_id)

    def decisions(self) -> list[Event]:
        """Give all decisions so far."""
        with self._changed:
            return [event for event in self.events if event["event"] == "decision"]

    def close(self) -> None:
        """Tell it to stop at once, and wait until it has."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "text", "text": line.decode("utf-8", "replace").rstrip()}
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
