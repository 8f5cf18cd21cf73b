"""The admin listener, over configurations: opened before another one is given up."""

import errno
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError

from sip_guard.admin.options import Options
from sip_guard.admin.page import Page
from sip_guard.admin.site import Admin
from sip_guard.log import Logger
from sip_guard.screen import Mistake
from sip_guard.sip.flow import written
from sip_guard.transport.tls import Tls


class Administering:
    """Has the listener that the configuration in force asks for, or none."""

    def __init__(self, pages: Mapping[str, Page], reactor: Any, log: Logger, mistake: Mistake) -> None:
        self._pages = pages
        self._reactor = reactor
        self._log = log
        self._mistake = mistake
        self._admin: Admin | None = None

    def open(self, options: Options | None, tls: Tls | None) -> Callable[[], None]:
        """Open what is asked for, if it is not open, and give what puts it in force, at once.

        `tls` is made of the files that `options` names. Raises OSError, and all stays as it is then.
        """
        before = self._admin
        if options is None:
            return self._close
        if before is not None and before.options.address == options.address:
            # With the same options its certificate alone may be another one.
            return (lambda: before.certify(tls)) if before.options == options else lambda: before.change(options, tls)
        try:
            opened = Admin(options, tls, self._pages, self._reactor, self._mistake)
        except CannotListenError as error:
            taken = error.socketError.errno == errno.EADDRINUSE
            why = "is another guard running?" if taken else "see `admin.listen`"
            where = f"cannot listen on {written(options.address)} for `admin`: {error.socketError.strerror}"
            raise OSError(error.socketError.errno, f"{where}; {why}") from None

        def take() -> None:
            self._close()
            self._admin = opened
            self._log.info("admin", url=str(opened))

        return take

    def _close(self) -> None:
        self.stop()

    def stop(self) -> Deferred[None]:
        """Close it. Fires when that is done."""
        admin, self._admin = self._admin, None
        return succeed(None) if admin is None else admin.stop()
