"""What Twisted has to complain of."""

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from sip_guard.log import Logger


@implementer(ILogObserver)
class Complaints:
    """Puts what Twisted has to complain of into our log."""

    def __init__(self, log: Logger) -> None:
        self._log = log

    def __call__(self, event: LogEvent) -> None:
        """Take an event: from errors on, it is a mistake of ours."""
        if event["log_level"] >= LogLevel.error:
            failure = event.get("log_failure")
            self._log.error(
                "mistake",
                where="reactor",
                exc_info=failure.value if failure else None,
                text=formatEvent(event),
            )
