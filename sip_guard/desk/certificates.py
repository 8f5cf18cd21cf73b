"""Where the desk has certificates from: a file, the repository that the token names, or nowhere."""

from twisted.internet.defer import Deferred

from sip_guard.call import Code, Finding
from sip_guard.repository.answer import NO_VALIDATORS, Fetch
from sip_guard.repository.endpoint import Forbidden, Unavailable
from sip_guard.stir.trust import Judgement, Trusts

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
