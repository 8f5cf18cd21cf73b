"""A certificate as a file: PEM, and before it in plain words where it is from and until when it is fresh."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from sip_guard.repository.answer import Validators

MAX_HEAD: Final = 4096
"""Octets of all that stands before the PEM text."""

_TITLE = b"# A signing certificate that sip_guard judged good. It is judged anew before it is used.\n"
_FORM = re.compile(
    re.escape(_TITLE)
    + rb"URL: ([!-~]{1,2048})\nETag: ([ -~]{0,300})\nLast-Modified: ([ -~]{0,64})\nFresh-Until: ([0-9TZ:\-]{20})\n\n"
    rb"(-----BEGIN [A-Z0-9 ]*CERTIFICATE-----.*)",
    re.DOTALL,
)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class Document(NamedTuple):
    """A certificate that was judged good, with what has to be known of it after a restart."""

    url: str
    validators: Validators
    fresh_until: int
    """Seconds since the epoch."""
    pem: bytes


def write(document: Document) -> bytes:
    """Give the octets of the file. OpenSSL passes over what stands before the PEM text."""
    until = datetime.fromtimestamp(document.fresh_until, UTC).strftime(_MOMENT)
    etag, last_modified = document.validators
    head = f"URL: {document.url}\nETag: {etag}\nLast-Modified: {last_modified}\nFresh-Until: {until}\n\n"
    return _TITLE + head.encode("ascii") + document.pem


def read(octets: bytes) -> Document | None:
    """Read a file; None if it is not one that was written here."""
    m = _FORM.fullmatch(octets)
    if m is None:
        return None
    url, etag, last_modified, until = (value.decode("ascii") for value in m.groups()[:4])
    try:
        moment = datetime.strptime(until, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Document(url, Validators(etag, last_modified), int(moment.timestamp()), m[5])


def file_name(url: str) -> str:
    """Name the file of a URL."""
    return f"{sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()}.pem"
