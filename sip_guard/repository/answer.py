"""What a repository answers, and for how long HTTP allows it to be kept (RFC 9110, RFC 9111)."""

import re
from collections.abc import Callable, Iterator
from email.utils import mktime_tz, parsedate_tz
from typing import Final, NamedTuple

import msgspec
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

MOST_SECONDS: Final = 2.0**31
"""What any longer lifetime is taken for (RFC 9111 1.2.2)."""

_DIRECTIVE = re.compile(rb"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,;\"]*)))?\s*(?:,|\Z)")
_ENTITY_TAG = re.compile(rb"(?:W/)?\"[\x21\x23-\x7e]{0,256}\"").fullmatch
_DATE = re.compile(rb"[A-Za-z0-9,:+\- ]{1,64}").fullmatch


class Validators(NamedTuple):
    """What tells one version of something from another (RFC 9110 8.8); empty where it is not known."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS: Final = Validators()


class Answer(msgspec.Struct, frozen=True):
    """A good answer."""

    body: bytes | None
    """None: what the validators stand for has not been modified (304)."""
    validators: Validators
    """Those of the version that is there now."""
    lifetime: float | None
    """Seconds that it may be kept by Cache-Control, Expires and Age; None: it says nothing of that."""


Fetch = Callable[[str, Validators], Deferred[Answer]]
"""Gets what is at a URL, if it is not the version that is known. Fails with `Unavailable` or `Forbidden`."""


def validators(headers: Headers) -> Validators:
    """Read ETag and Last-Modified. What does not have their form is not sent back to anybody."""
    etag, last_modified = _first(headers, b"etag"), _first(headers, b"last-modified")
    return Validators(
        etag.decode("ascii") if _ENTITY_TAG(etag) else "",
        last_modified.decode("ascii") if _DATE(last_modified) else "",
    )


def lifetime(headers: Headers) -> float | None:
    """Give the seconds for which an answer that has just come is fresh (RFC 9111 4.2), None if it does not say.

    What cannot be read, or says two things, makes it stale at once, as RFC 9111 4.2.1 asks.
    """
    directives = list(_directives(b",".join(headers.getRawHeaders(b"cache-control") or [])))
    if any(name in (b"no-store", b"no-cache") for name, _ in directives):
        return 0.0
    ages = [_seconds(value) for name, value in directives if name == b"max-age"]
    fresh = min(ages) if ages else _until_expiry(headers)
    if fresh is None:
        return None
    return max(fresh - _seconds(_first(headers, b"age")), 0.0)


def _directives(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the directives of Cache-Control that can be read, each with its value."""
    for piece in _DIRECTIVE.finditer(text):
        yield piece[1].lower(), piece[2] or piece[3] or b""


def _seconds(text: bytes) -> float:
    """Read delta-seconds; none at all if it is no number."""
    return min(float(text), MOST_SECONDS) if text.isdigit() else 0.0


def _until_expiry(headers: Headers) -> float | None:
    if not headers.hasHeader(b"expires"):
        return None
    end, date = _moment(_first(headers, b"expires")), _moment(_first(headers, b"date"))
    if end is None:
        return 0.0
    return None if date is None else min(max(end - date, 0.0), MOST_SECONDS)


def _moment(text: bytes) -> float | None:
    """Read an HTTP date, in seconds since the epoch; None if it is none."""
    if not _DATE(text):
        return None
    try:
        parsed = parsedate_tz(text.decode("ascii"))
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError):
        return None


def _first(headers: Headers, name: bytes) -> bytes:
    found = headers.getRawHeaders(name)
    return found[0].strip() if found else b""
