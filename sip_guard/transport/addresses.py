"""The addresses of web servers, for `repository/`: asked of the name servers without a thread for each name."""

import ipaddress

from twisted.internet.defer import Deferred

from sip_guard.repository.endpoint import Unavailable, Untried, shown
from sip_guard.transport.dns import Busy, Unlocatable
from sip_guard.transport.locate import Locator


class Addresses:
    """Looks hosts up that others have named, with a `Locator` for nothing else."""

    def __init__(self, locator: Locator) -> None:
        self._locator = locator

    def look_up(self, host: str) -> Deferred[list[str]]:
        """Give the addresses of a host, a numeric one as it stands: a `repository.endpoint.LookUp`."""
        return Deferred.fromCoroutine(self._found(host))

    async def _found(self, host: str) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        try:
            return await self._locator.addresses(host)
        except Busy as error:
            raise Untried(str(error)) from None
        except Unlocatable as error:
            raise Unavailable(f"{shown(host)} cannot be looked up: {error}") from None
