"""Downloads a list to a file, in the process that compiles it: it may be larger than the guard's whole memory."""

import re
import ssl
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, build_opener

TIMEOUT = 30.0
"""Seconds without an octet."""
MAX_DIGEST_FILE = 4096

_BLOCK = 1 << 18
_DIGEST = re.compile(rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")


class DownloadError(Exception):
    """What is at a URL could not be had, and why."""


def download(url: str, file: BinaryIO, max_octets: int) -> str:
    """Write what is at an https URL into a file. Give its SHA-256 in hexadecimal digits. Raises DownloadError."""
    digest, length = sha256(), 0
    try:
        with _opened(url) as answer:
            while block := answer.read(_BLOCK):
                length += len(block)
                if length > max_octets:
                    raise DownloadError(f"is longer than {max_octets} octets; raise `max_octets` if that is right")
                digest.update(block)
                file.write(block)
            if answer.length:
                raise DownloadError(f"ended {answer.length} octets too early")
    except (HTTPException, OSError) as error:
        raise DownloadError(_why(error)) from None
    return digest.hexdigest()


def digest_at(url: str) -> str:
    """Give the SHA-256 that a file at an https URL names first, as `sha256sum` writes it. Raises DownloadError."""
    try:
        with _opened(url) as answer:
            text = answer.read(MAX_DIGEST_FILE)
    except (HTTPException, OSError) as error:
        raise DownloadError(f"no digest from {url}: {_why(error)}") from None
    found = _DIGEST.search(text)
    if found is None:
        raise DownloadError(f"{url} names no SHA-256 of 64 hexadecimal digits")
    return found[0].decode().lower()


def _opened(url: str) -> HTTPResponse:
    """Ask for a URL. The server is believed by the system's authorities, and its redirects must stay https."""
    if not url.startswith("https://"):
        raise DownloadError("is no https URL")
    answer: HTTPResponse = build_opener(HTTPSHandler(context=ssl.create_default_context())).open(url, timeout=TIMEOUT)
    if not answer.url.startswith("https://"):
        raise DownloadError("leads away from https")
    return answer


def _why(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"was answered with {error.code} {error.reason}"[:300]
    reason = error.reason if isinstance(error, URLError) else error
    return f"{reason}"[:300] or type(error).__name__
