"""Runs SIPp, and reads what it sent and received."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from sip_guard.sip.flow import Address

SCENARIOS = Path(__file__).with_name("sipp")
WAIT = 5.0
"""Seconds after which what did not happen will not."""

_ENTRY = re.compile(rb"-{40,} [^\n]*\n(?:UDP|TCP) message (sent|received) [\[(](\d+)[^\n]*:\n\n")


class Message(NamedTuple):
    """A message as it was on the wire."""

    sent: bool
    """False: received."""
    octets: bytes

    @property
    def start(self) -> str:
        """The first line."""
        return self.octets.partition(b"\r\n")[0].decode()

    def values(self, name: str) -> list[str]:
        """Give the values of a header field, one a line."""
        lines = self.octets.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return [value.strip() for key, _, value in pairs if key.strip().lower() == name.lower()]

    def value(self, name: str) -> str:
        """Give the value of a header field that must stand there once."""
        (value,) = self.values(name)
        return value


class Sipp:
    """One SIPp process from `local`, until it is closed or its time is over."""

    def __init__(
        self,
        scenario: str,
        local: Address,
        folder: Path,
        *options: str,
        remote: Address | None = None,
        calls: int | None = None,
        seconds: int = 20,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Start `scenario` (a file of the folder sipp/) towards `remote`; without it, wait for calls.

        It ends after so many `calls`, and in any case after so many `seconds`, which is then an error. `keys` are what
        the scenario has in brackets. Everything it writes goes to `folder`.
        """
        program = shutil.which("sipp")
        if program is None:
            pytest.fail("SIPp is missing: scripts/test installs it, or apt-get install sip-tester", pytrace=False)
        self.local = local
        name = f"{scenario}-{local[0]}-{local[1]}"
        self._trace = folder / f"{name}.messages"
        self._errors = folder / f"{name}.errors"
        self._screen = folder / f"{name}.screen"
        self._messages: list[Message] = []
        self._read_up_to = 0
        command = [program, *([f"{remote[0]}:{remote[1]}"] if remote else [])]
        command += ["-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", local[0], "-p", str(local[1]), "-bind_local"]
        command += ["-ci", "127.0.0.1", "-nostdin", "-skip_rlimit"]
        command += ["-trace_msg", "-message_file", str(self._trace), "-trace_err", "-error_file", str(self._errors)]
        command += ["-timeout", f"{seconds}s", "-timeout_error", *(["-m", str(calls)] if calls else [])]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        with self._screen.open("wb") as screen:
            self._process = subprocess.Popen(
                [*command, *options],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        self._seconds = seconds

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait until all calls are over. Raises AssertionError with what it said unless all of them went well."""
        code = self._process.wait(self._seconds + WAIT)
        assert code == 0, f"SIPp ended with {code}\n{self.said()}"

    def messages(self) -> list[Message]:
        """Give what it sent and received so far."""
        if self._trace.exists():
            with self._trace.open("rb") as file:
                file.seek(self._read_up_to)
                self._take(file.read())
        return self._messages

    def gets(self, wanted: Callable[[Message], bool], what: str) -> Message:
        """Wait for a message. Raises AssertionError with what it said if none comes."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            for message in self.messages():
                if wanted(message):
                    return message
            time.sleep(0.01)
        raise AssertionError(f"no {what}\n{self.said()}")

    def said(self) -> str:
        """Give what it shows, its errors and its last messages."""
        screen = self._screen.read_text("utf-8", "replace").partition("-- Statistics Screen")[0]
        errors = self._errors.read_text("utf-8", "replace") if self._errors.exists() else ""
        arrows = [f"{'->' if m.sent else '<-'} {m.octets[:3000].decode('utf-8', 'replace')}" for m in self.messages()]
        return "\n".join([screen[-3000:], errors[-3000:], *arrows[-20:]])

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, text: bytes) -> None:
        """Add the entries in `text` that are whole."""
        at = 0
        while (m := _ENTRY.search(text, at)) is not None:
            end = m.end() + int(m[2])
            if end > len(text):
                break
            self._messages.append(Message(m[1] == b"sent", text[m.end() : end]))
            at = end
        self._read_up_to += at


def free_port(host: str) -> int:
    """Ask the system for a UDP port of `host`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((host, 0))
        port: int = link.getsockname()[1]
        return port
