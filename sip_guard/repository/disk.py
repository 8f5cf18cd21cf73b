"""A folder of certificates that outlives a restart. Nobody waits for it, and nothing is believed for being there."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from sip_guard.repository.atomic import UNFINISHED, replace
from sip_guard.repository.breaker import Tell
from sip_guard.repository.document import MAX_HEAD, Document, file_name, read, write

FOLDER: Final = "certificates"
"""In the state directory: certificates that were fetched and judged good."""
BATCH: Final = 64
"""Files that are read or written at a time."""
MAX_PENDING: Final = 10_000
"""URLs whose files have yet to be written or removed. What is beyond it, on a disk that hangs, is not kept."""

_T = TypeVar("_T")
_ours = re.compile(r"[0-9a-f]{64}\.pem").fullmatch
_unfinished = re.compile(UNFINISHED + r"\w+").fullmatch


class InThread(Protocol):
    """Runs something that blocks beside the reactor."""

    def __call__(self, work: Callable[[], _T], /) -> Deferred[_T]:
        """Give what comes of it."""


class Disk:
    """Files of certificates, one for each URL. What has a name of ours and is not sound is removed."""

    def __init__(
        self,
        folder: Path,
        in_thread: InThread,
        tell: Tell,
        *,
        max_octets: int,
        mistake: Callable[[str, BaseException | None], None],
    ) -> None:
        """`tell` gets `certificates_not_kept`, once until it works again. `max_octets`: of one PEM text."""
        self._folder = folder
        self._in_thread = in_thread
        self._tell = tell
        self._largest = max_octets + MAX_HEAD
        self._mistake = mistake
        self._pending: dict[str, Document | None] = {}
        self._working = False
        self._broken = False

    def keep(self, document: Document) -> None:
        """Write the file of a URL anew, soon."""
        self._change(document.url, document)

    def drop(self, url: str) -> None:
        """Remove the file of a URL, soon."""
        self._change(url, None)

    def load(self, most: int, wanted: Callable[[Document], bool], loaded: Callable[[int], None]) -> None:
        """Hand over what is there, the newest first, at most so many; what is not `wanted` is removed.

        In the end, `loaded` is told how many were wanted.
        """
        Deferred.fromCoroutine(self._load(most, wanted)).addCallback(loaded).addErrback(self._failed)

    async def _load(self, most: int, wanted: Callable[[Document], bool]) -> int:
        names, reason = await self._in_thread(partial(self._names, most))
        self._told(reason)
        left, count = iter(names), 0
        while batch := [*islice(left, BATCH)]:
            for document in await self._in_thread(partial(self._read, batch)):
                if wanted(document):
                    count += 1
                else:
                    self.drop(document.url)
        return count

    def _change(self, url: str, document: Document | None) -> None:
        if url not in self._pending and len(self._pending) >= MAX_PENDING:
            return
        self._pending[url] = document
        if not self._working:
            self._working = True
            Deferred.fromCoroutine(self._work()).addErrback(self._failed)

    async def _work(self) -> None:
        try:
            while batch := [*islice(self._pending.items(), BATCH)]:
                for url, _ in batch:
                    del self._pending[url]
                self._told(await self._in_thread(partial(self._write, batch)))
        finally:
            self._working = False

    def _told(self, reason: str) -> None:
        """Take note of why files cannot be written; empty: they can."""
        if reason and not self._broken:
            self._tell("certificates_not_kept", folder=str(self._folder), reason=reason)
        self._broken = bool(reason)

    def _failed(self, failure: Failure) -> None:
        self._mistake("repository", failure.value)

    # What follows runs in a thread, one at a time but for loading, and touches nothing but files.

    def _names(self, most: int) -> tuple[list[str], str]:
        """Make the folder, remove what is left over in it, and name the newest files."""
        found: list[tuple[float, str]] = []
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if _unfinished(entry.name):
                        self._remove(entry.name)
                    elif _ours(entry.name):
                        found.append((entry.stat(follow_symlinks=False).st_mtime, entry.name))
        except OSError as error:
            return [], str(error.strerror)
        found.sort(reverse=True)
        for _, name in found[most:]:
            self._remove(name)
        return [name for _, name in found[:most]], ""

    def _read(self, names: Iterable[str]) -> list[Document]:
        found = []
        for name in names:
            with suppress(OSError):
                octets = self._octets(name)
                document = read(octets) if octets is not None else None
                if document is not None and file_name(document.url) == name:
                    found.append(document)
                else:
                    self._remove(name)
        return found

    def _octets(self, name: str) -> bytes | None:
        """Give what is in a file; None if it is no file, or too large. Raises OSError if that cannot be found out."""
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                return None
            raise
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_size > self._largest:
                return None
            return file.read(self._largest)

    def _write(self, batch: Iterable[tuple[str, Document | None]]) -> str:
        """Write and remove files; say why one of them could not be."""
        reason = ""
        for url, document in batch:
            path = self._folder / file_name(url)
            try:
                if document is None:
                    path.unlink(missing_ok=True)
                else:
                    replace(path, write(document))
            except OSError as error:
                reason = str(error.strerror)
        return reason

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            (self._folder / name).unlink()
