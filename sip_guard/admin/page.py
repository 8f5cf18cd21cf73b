"""A page: what is asked for, and what is answered. Pages know nothing of the web server."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from twisted.internet.defer import Deferred


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    method: str
    path: str
    """Without the query."""
    query: Mapping[str, str] = {}
    """Of a name that stands twice, the last value."""
    host: str = ""
    """Without the port, in lower case."""
    accept: str = ""
    authorization: bytes = b""
    source: str = ""
    """The client's address."""


class Answer(msgspec.Struct, frozen=True):
    """What is answered."""

    body: bytes
    media_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    fields: tuple[tuple[str, str], ...] = ()
    """Further header fields."""


Page = Callable[[Asked], Answer | Deferred[Answer]]
"""Answers requests for one path."""


def told(status: HTTPStatus, what: str, *fields: tuple[str, str]) -> Answer:
    """Give an answer of one line."""
    return Answer(f"{what}\n".encode(), status=status, fields=fields)
