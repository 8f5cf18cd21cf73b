"""Sets up structlog: one JSON object a line, written as bytes, many lines at a time."""

import atexit
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO, Final

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger
from twisted.internet.interfaces import IReactorTime

Logger = structlog.typing.FilteringBoundLogger

_encoder = msgspec.json.Encoder(enc_hook=str)

SOON: Final = 0.05
"""Seconds that a line may wait for others to be written with it."""
MOST: Final = 256
"""Lines that wait at most."""


def logger(file: BinaryIO, least: str = "info", clock: IReactorTime | None = None) -> Logger:
    """Give a logger that writes to `file`: time (UTC), event, level, and what each call adds; from level `least` on.

    With a `clock`, lines wait up to 50 ms to be written together, which spares a call of the system for each;
    without one, each is written at once. A line that cannot be written, on a full disk or into a pipe that nobody
    reads, is lost: calls go on without it.
    """
    bound: Logger = structlog.wrap_logger(
        _Lossy(file, clock),
        # One instead of the usual chain, for every call has its line.
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(least),
    ).bind()
    return bound


class _Lossy:
    """A file whose failures are nobody's concern."""

    def __init__(self, file: BinaryIO, clock: IReactorTime | None) -> None:
        self._file = file
        self._clock = clock
        self._waiting: list[bytes] = []
        if clock is not None:
            atexit.register(self._write)

    def info(self, line: bytes) -> None:
        """Take a line, of whatever level."""
        self._waiting.append(line)
        if self._clock is None or len(self._waiting) >= MOST:
            self._write()
        elif len(self._waiting) == 1:
            self._clock.callLater(SOON, self._write)

    debug = warning = error = critical = info

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        with suppress(OSError):
            self._file.write(b"".join(lines))
            self._file.flush()


def _line(logger: WrappedLogger, level: str, event: EventDict) -> bytes:
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, level, event)
    at = datetime.now(UTC).isoformat().removesuffix("+00:00") + "Z"
    return _encoder.encode({"ts": at, "event": event.pop("event"), "level": level, **event}) + b"\n"
