"""Real user agents (pjsua2), each a process of user_agent.py."""

import json
import queue
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest

WAIT = 5.0
"""Seconds after which what did not happen will not: never waited for in a test that passes."""

Event = dict[str, Any]


class Agent:
    """A process of user_agent.py: what it is told, and what it says."""

    def __init__(
        self, name: str, number: str, hertz: int, folder: Path, *, host: str = "127.0.0.1", tls: Path | None = None
    ) -> None:
        """Start it at `host`; over TLS with the files `tls`.pem, .key and .ca if that is given."""
        if find_spec("pjsua2") is None:
            pytest.fail("pjsua2 is missing: scripts/test installs it, or pip install '.[agent]'")
        self.name = name
        self._said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._untaken: list[Event] = []
        self._log = folder / f"{name}.log"
        program = Path(__file__).with_name("user_agent.py")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, program, f"sip:+{number}@{name}.example", str(hertz), host, str(tls or "")],
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
