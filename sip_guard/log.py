"""Sets up structlog: one JSON object a line, written as bytes, many lines at a time."""

import atexit
from contextlib import suppress
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
        structlog.BytesLogger(_Lossy(file, clock)),  # type: ignore[arg-type]
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _json,
        ],
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

    def write(self, octets: bytes) -> None:
        self._waiting.append(octets)
        if self._clock is None or len(self._waiting) >= MOST:
            self._write()
        elif len(self._waiting) == 1:
            self._clock.callLater(SOON, self._write)

    def flush(self) -> None:
        """Leave it to the clock."""

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        with suppress(OSError):
            self._file.write(b"".join(lines))
            self._file.flush()


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return _encoder.encode({"ts": event.pop("ts"), "event": event.pop("event"), "level": event.pop("level"), **event})
