"""Whoever asks for another configuration is told what became of it; one is read at a time."""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from sip_guard.config import ConfigError
from sip_guard.lists.keeper import RefusedLists
from sip_guard.log import Logger
from sip_guard.supervisor import Supervisor


class Refused(Exception):  # noqa: N818 - what it is
    """A configuration that was not taken: all is as it was."""

    def __init__(self, lines: list[str]) -> None:
        """`lines`: everything that is wrong, for people."""
        super().__init__("\n".join(lines))
        self.lines = lines


class Reloading:
    """Reloads on demand. Who asks while it is being done gets the next one, for he may have changed something since."""

    def __init__(self, reload: Callable[[], Coroutine[Any, Any, int]], log: Logger, supervisor: Supervisor) -> None:
        """`reload` gives the new generation, or raises what `Refused` is made of and has changed nothing."""
        self._reload = reload
        self._supervisor = supervisor
        self._log = log
        self._asked: list[Deferred[int]] = []
        self._at_work = False
        self.taken = True
        """Whether what was read last is in force, and was not refused."""

    def ask(self) -> Deferred[int]:
        """Reload. Gives the generation of the configuration that is in force then; fails with Refused."""
        asked: Deferred[int] = Deferred()
        self._asked.append(asked)
        self._next()
        return asked

    def _next(self) -> None:
        if self._at_work or not self._asked:
            return
        self._at_work = True
        self._supervisor.reloading()
        asked, self._asked = self._asked, []

        def done(result: int | Failure) -> None:
            self._at_work = False
            outcome = self._told(result)
            for each in asked:
                each.callback(outcome)
            self._next()

        Deferred.fromCoroutine(self._reload()).addBoth(done)

    def _told(self, result: int | Failure) -> int | Failure:
        self.taken = not isinstance(result, Failure)
        if not isinstance(result, Failure):
            self._log.info("reloaded", generation=result)
            self._supervisor.ready(f"generation {result}")
            return result
        lines = _lines(result.value)
        if lines is None:
            self._log.error("mistake", where="reload", exc_info=result.value)
            lines = ["a mistake of sip_guard, see its log"]
        self._supervisor.ready(f"the last reload was refused: {lines[0]}")
        for line in lines:
            self._log.error("not_reloaded", reason=line)
        return Failure(Refused(lines))  # type: ignore[no-untyped-call]


def _lines(error: BaseException | None) -> list[str] | None:
    """Give what is wrong with a configuration; None if that is something else."""
    if isinstance(error, ConfigError):
        return error.lines
    if isinstance(error, RefusedLists):
        return [*error.faults]
    if isinstance(error, OSError):
        return [error.strerror or str(error) if error.filename is None else f"{error.filename}: {error.strerror}"]
    return [str(error)] if isinstance(error, ValueError) else None
