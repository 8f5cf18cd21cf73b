"""Where the desk has certificates from: a file, the repository that the token names, or nowhere."""

from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred

from sip_guard.call import Code, Finding
from sip_guard.repository.answer import NO_VALIDATORS, Fetch
from sip_guard.repository.document import file_name, read
from sip_guard.repository.endpoint import Forbidden, Unavailable
from sip_guard.repository.kept import Kept
from sip_guard.stir.trust import Judgement, Trusts

MAX_CERTIFICATES: Final = 10_000
"""Of which what was judged is kept at a time."""
MAX_AGE: Final = 60.0
"""Seconds between two calls for which the same is wrong with a certificate."""

Found = Judgement | Finding


class FromFile:
    """One bundle, for whatever URL."""

    def __init__(self, pem: bytes, trusts: Trusts) -> None:
        self._pem = pem
        self._trusts = trusts

    def get(self, url: str, when: float) -> Found:  # noqa: ARG002
        """Judge the bundle."""
        return self._trusts.judge(self._pem, when)


class FromNowhere:
    """None at all."""

    def get(self, url: str, when: float) -> Found:  # noqa: ARG002
        """Say that nothing is fetched."""
        return Finding(Code.REPOSITORY_UNAVAILABLE, f"{url} is not asked: offline")


class FromRepository:
    """What the token's URL leads to, under the same rules as in line."""

    def __init__(self, fetch: Fetch, trusts: Trusts) -> None:
        self._fetch = fetch
        self._trusts = trusts

    def get(self, url: str, when: float) -> Deferred[Found]:
        """Fetch and judge."""
        return Deferred.fromCoroutine(self._get(url, when))

    async def _get(self, url: str, when: float) -> Found:
        try:
            answer = await self._fetch(url, NO_VALIDATORS)
        except Unavailable as error:
            return Finding(Code.REPOSITORY_UNAVAILABLE, str(error))
        except Forbidden as error:
            return Finding(Code.REPOSITORY_FORBIDDEN, str(error))
        return self._trusts.judge(answer.body or b"", when)


class FromFolder:
    """Files as the guard keeps them in its state directory, each looked at when it is first asked for."""

    def __init__(self, folder: Path | None, trusts: Trusts) -> None:
        """`folder`: None: there are none."""
        self._folder = folder
        self._trusts = trusts
        self._kept: Kept[tuple[bytes, Found, float]] = Kept(MAX_CERTIFICATES)

    def get(self, url: str, when: float) -> Found:
        """Judge the certificate of a URL."""
        kept = self._kept.get(url)
        if kept is not None:
            pem, found, judged = kept
            if isinstance(found, Judgement):
                if found.not_before <= when <= found.not_after:
                    return found
            elif abs(when - judged) < MAX_AGE:
                return found
        else:
            pem = self._pem(url)
        found = self._trusts.judge(pem, when) if pem else _not_fetched(url)
        self._kept.put(url, (pem, found, when))
        return found

    def _pem(self, url: str) -> bytes:
        if self._folder is None:
            return b""
        try:
            document = read((self._folder / file_name(url)).read_bytes())
        except OSError:
            return b""
        return document.pem if document is not None and document.url == url else b""


def _not_fetched(url: str) -> Finding:
    return Finding(Code.REPOSITORY_UNAVAILABLE, f"{url[:200]} is not fetched, and not among the certificates at hand")
