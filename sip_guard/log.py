"""Sets up structlog: one JSON object a line, written as bytes."""

from contextlib import suppress
from typing import BinaryIO

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

Logger = structlog.typing.FilteringBoundLogger

_encoder = msgspec.json.Encoder(enc_hook=str)


def logger(file: BinaryIO, least: str = "info") -> Logger:
    """Give a logger that writes to `file`: time (UTC), event, level, and what each call adds; from level `least` on.

    A line that cannot be written, on a full disk or into a pipe that nobody reads, is lost: calls go on without it.
    """
    bound: Logger = structlog.wrap_logger(
        structlog.BytesLogger(_Lossy(file)),  # type: ignore[arg-type]
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
    """A file whose failures are nobody's concern. What is written is flushed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, octets: bytes) -> None:
        with suppress(OSError):
            self._file.write(octets)
            self._file.flush()

    def flush(self) -> None:
        """Nothing is left to flush."""


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return _encoder.encode({"ts": event.pop("ts"), "event": event.pop("event"), "level": event.pop("level"), **event})
