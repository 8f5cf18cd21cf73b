"""Whether the guard lives and is ready, and its metrics."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from sip_guard.admin.page import Answer, Asked, Page, told


class Readiness(msgspec.Struct, frozen=True):
    """Whether new calls should be sent here."""

    generation: int
    """Of the configuration in force."""
    draining: bool
    """Whether calls in progress end, and no new ones are taken."""
    reasons: tuple[str, ...]
    """Why no new calls should come, for people; none: they should."""


def pages(registry: CollectorRegistry, readiness: Callable[[], Readiness]) -> dict[str, Page]:
    """Give them by their paths. `readiness` is asked each time."""
    return {
        "/healthz": lambda _: told(HTTPStatus.OK, "alive"),
        "/readyz": lambda _: _ready(readiness()),
        "/metrics": lambda asked: _metrics(registry, asked),
    }


def _ready(found: Readiness) -> Answer:
    """Answer 503 where new calls should go elsewhere, and say why."""
    body = msgspec.json.encode({"ready": not found.reasons, **msgspec.structs.asdict(found)}) + b"\n"
    status = HTTPStatus.SERVICE_UNAVAILABLE if found.reasons else HTTPStatus.OK
    return Answer(body, "application/json", status)


def _metrics(registry: CollectorRegistry, asked: Asked) -> Answer:
    """Give all metrics in the format that the reader asks for, Prometheus's text or OpenMetrics.

    Not in a thread: it reads what the reactor changes.
    """
    encode, media_type = choose_encoder(asked.accept)
    return Answer(encode(registry), media_type)
