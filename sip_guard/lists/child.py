"""Runs the compiler as a child process and waits for its report."""

import sys
from contextlib import suppress
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from sip_guard.lists.compile import Job, Report

TIME_LIMIT = 3600.0
"""Seconds that one list may take, with a slow download."""
MAX_REPORT = 65_536
"""Octets that are read from it."""

_COMMAND = (sys.executable, "-P", "-m", "sip_guard.lists.compile")


def compile_list(job: Job, reactor: Any) -> Deferred[Report]:
    """Compile a list. Never fails: what goes wrong is in the report. Cancelling ends the process at once.

    Without a folder or user to change to, Twisted starts it by posix_spawn: the reactor is not copied by a fork.
    """
    child = _Child(job)
    reactor.spawnProcess(child, _COMMAND[0], _COMMAND, env=None)
    too_late = reactor.callLater(TIME_LIMIT, child.stop, f"took longer than {TIME_LIMIT:g} s")

    def ended(report: Report) -> Report:
        if too_late.active():
            too_late.cancel()
        return report

    return child.report.addCallback(ended)


class _Child(ProcessProtocol):
    """The compiler at work."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._said = bytearray()
        self._complained = b""
        self._stopped = ""
        self.report: Deferred[Report] = Deferred(lambda _: self._abandon())

    def stop(self, why: str) -> None:
        """End it. The report comes when it has ended."""
        self._stopped = why
        if self.transport is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")

    def _abandon(self) -> None:
        self.stop("was stopped")
        self.report.callback(self._failed(self._stopped))

    def _failed(self, why: str) -> Report:
        return Report(faults=(f"{self._job.url or self._job.file}: compiling it {why}",))

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's
        assert self.transport is not None  # noqa: S101 - just connected
        self.transport.write(msgspec.json.encode(self._job))
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's
        self._said += data[: MAX_REPORT - len(self._said)]

    def errReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's
        self._complained = (self._complained + data)[-500:]

    def processEnded(self, reason: Failure) -> None:  # noqa: N802 - Twisted's
        if self.report.called:
            return
        try:
            report = msgspec.json.decode(self._said, type=Report)
        except (msgspec.DecodeError, UnicodeDecodeError):
            last = self._complained.decode("utf-8", "replace").strip().rpartition("\n")[2]
            report = self._failed(self._stopped or f"ended without a report: {reason.getErrorMessage()} {last}".strip())
        self.report.callback(report)
