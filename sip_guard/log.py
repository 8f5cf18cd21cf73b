"""Sets up structlog: one JSON object a line, written as bytes."""

from typing import BinaryIO

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

Logger = structlog.typing.FilteringBoundLogger

_encoder = msgspec.json.Encoder(enc_hook=str)


def logger(file: BinaryIO) -> Logger:
    """Give a logger that writes to `file`: time (UTC), event, level, and what each call adds."""
    bound: Logger = structlog.wrap_logger(
        structlog.BytesLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return bound


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return _encoder.encode({"ts": event.pop("ts"), "event": event.pop("event"), "level": event.pop("level"), **event})
