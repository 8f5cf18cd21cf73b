"""Certificates are fetched for the desk, if that was asked for: each once, into a folder as the guard keeps them."""

import random
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

from twisted.internet.threads import blockingCallFromThread

from sip_guard.call import Finding
from sip_guard.repository.answer import NO_VALIDATORS, Answer
from sip_guard.repository.atomic import replace
from sip_guard.repository.breaker import Breakers
from sip_guard.repository.document import Document, file_name, write
from sip_guard.repository.endpoint import Forbidden, Unavailable
from sip_guard.repository.https import Fetcher
from sip_guard.repository.options import Options
from sip_guard.repository.reach import Public
from sip_guard.sip.headers import split_list
from sip_guard.stir import identity

MAX_TRIED: Final = 10_000
"""URLs that are asked in one run: whoever made the calls chose them."""


class Fetching:
    """Fetches in a thread of its own, under the same rules as in line, while the caller waits."""

    def __init__(self, options: Options, folder: Path) -> None:
        """`folder` is there already; what is in it is not fetched again."""
        from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported

        self._reactor: Any = reactor
        reach = Public(options.laboratories, options.repositories)
        fetcher = Fetcher(reactor, reach, timeout=options.timeout, max_octets=options.max_octets)
        self._fetch: Any = Breakers(
            fetcher.get,
            self._reactor,
            random.random,
            lambda *_, **__: None,
            down_after=options.down_after,
            retry_after=options.retry_after,
        ).get
        self._folder = folder
        self._tried: set[str] = set()
        self._thread = Thread(target=self._reactor.run, kwargs={"installSignalHandlers": False}, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; it cannot begin again in this process."""
        self._reactor.callFromThread(self._reactor.stop)
        self._thread.join()

    def certify(self, identities: Iterable[bytes]) -> None:
        """Have at hand the certificates that these Identity fields name, as far as they can be had."""
        for value in identities:
            for item in split_list(value):
                found = identity.parse(item)
                if not isinstance(found, Finding):
                    self._certify(found.info)

    def _certify(self, url: str) -> None:
        if url in self._tried or len(self._tried) >= MAX_TRIED:
            return
        self._tried.add(url)
        path = self._folder / file_name(url)
        if path.exists():
            return
        try:
            answer: Answer = blockingCallFromThread(self._reactor, self._fetch, url, NO_VALIDATORS)
        except (Unavailable, Forbidden):
            return
        until = int(time.time() + (answer.lifetime or 0))
        replace(path, write(Document(url, answer.validators, until, answer.body or b"")))
