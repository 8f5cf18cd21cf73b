"""Where the desk has certificates from that are not fetched: one file, or a folder of them."""

from pathlib import Path
from typing import Final

from sip_guard.call import Code, Finding
from sip_guard.repository.document import file_name
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
        """Give the file of a URL. What stands before the PEM text is passed over when it is judged."""
        if self._folder is None:
            return b""
        try:
            return (self._folder / file_name(url)).read_bytes()
        except OSError:
            return b""


def _not_fetched(url: str) -> Finding:
    return Finding(Code.REPOSITORY_UNAVAILABLE, f"{url[:200]} is not fetched, and not among the certificates at hand")
