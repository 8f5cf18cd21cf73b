"""Tells whoever started the guard how it is: systemd, by the protocol of sd_notify(3). Elsewhere nothing is told."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Supervisor:
    """What waits for the guard to be ready, and ends it if it hangs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` has `NOTIFY_SOCKET` and `WATCHDOG_USEC` where somebody wants to be told."""
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if name else None
        if self._link is not None:
            self._link.setblocking(False)  # noqa: FBT003
        given = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.interval = int(given) / 2e6 if given.isdecimal() and int(given) and meant else None
        """Seconds from one beat to the next, half of those after which the guard hangs; None: nobody waits for them."""

    def ready(self, status: str) -> None:
        """Tell that it works, at the start and at the end of each reload."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that it reads its configuration."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str, seconds: float) -> None:
        """Tell that it is about to end, within so many seconds."""
        self._tell("STOPPING=1", f"STATUS={status}", f"EXTEND_TIMEOUT_USEC={int((seconds + 10) * 1e6)}")

    def beat(self) -> None:
        """Tell that it does not hang."""
        self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Tell nothing any more."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _tell(self, *lines: str) -> None:
        if self._link is not None:
            with suppress(OSError):
                said = "\n".join(line.replace("\n", " ") for line in lines)
                self._link.sendto(said.encode(), self._address)
