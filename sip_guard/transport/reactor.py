"""The reactor of a guard at work: Twisted's, without the context of its log, which it makes anew around each event."""

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor


class Reactor(EPollReactor):
    """Has whatever is ready read and write. Nobody here asks Twisted's log whose event it was."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802 - Twisted's name
        """Wait for events for so many seconds, None: for as long as it takes, and see to them."""
        for fd, event in self._poller.poll(timeout, len(self._selectables)):
            selectable = self._selectables.get(fd)
            if selectable is not None:
                self._doReadOrWrite(selectable, fd, event)  # type: ignore[no-untyped-call]

    doIteration = doPoll  # noqa: N815 - Twisted's name


def install() -> None:
    """Make it the reactor of this process, before anybody asks for one."""
    installReactor(Reactor())  # type: ignore[no-untyped-call]
