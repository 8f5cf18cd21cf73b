# ruff: noqa: ARG002, N802, N803 - the interface's names
"""A name server of the test's own."""

from collections.abc import Sequence

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        raise NotImplementedError


@implementer(IHostnameResolver)
class Names:
    """Resolves what it is told to, with the next answer each time and the last one from then on; or keeps silent."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        """`answers`: by host, with `_` for `.`."""
        self._answers = {host.replace("_", "."): list(answer) for host, answer in answers.items()}
        self.asked: list[str] = []
        self.silent: list[IResolutionReceiver] | None = None

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        self.asked.append(hostName)
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        if self.silent is not None:
            self.silent.append(resolutionReceiver)
            return resolution
        answers = self._answers.get(hostName, [[]])
        for address in answers.pop(0) if len(answers) > 1 else answers[0]:
            kind = IPv6Address if ":" in address else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution
