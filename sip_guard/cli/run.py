"""`sip-guard run`: the guard itself."""

import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import globalLogBeginner

from sip_guard import __version__
from sip_guard.cli.complaints import Complaints
from sip_guard.cli.input import config_option
from sip_guard.config import load
from sip_guard.control import Control
from sip_guard.log import logger
from sip_guard.memory import settle
from sip_guard.sip import message
from sip_guard.supervisor import Supervisor

if TYPE_CHECKING:
    from sip_guard.service import Service


@click.command()
@config_option
def run(path: Path) -> None:
    """Stand between the trunks and the targets of the configuration, until told to stop.

    TERM takes no new calls, and stops once those in progress have ended; a second one, or INT, stops at once. HUP reads
    the configuration again, and all that it names, and goes by it if all of it is good. The log tells.
    """
    config = load(path)
    with suppress(ImportError):  # Where there is no epoll, it is one that Twisted chooses.
        from sip_guard.transport.reactor import install  # noqa: PLC0415 - needs epoll

        install()
    from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported, if it is not yet

    from sip_guard.service import Service, commands, steady  # noqa: PLC0415

    try:
        file: BinaryIO = sys.stdout.buffer if config.log.file == "-" else open(config.log.file, "ab")  # noqa: PTH123, SIM115
    except OSError as error:
        raise click.ClickException(f"{config.log.file} cannot be written: {error.strerror}; see `log.file`") from None
    steady(reactor)
    log = logger(file, clock=IReactorTime(reactor))
    globalLogBeginner.beginLoggingTo([Complaints(log)], redirectStandardIO=False, discardBuffer=True)
    control = None
    try:
        service = Service(config, reactor, log, again=partial(load, path), supervisor=Supervisor(os.environ))
        if config.control is not None:
            control = Control(commands(service), reactor)
            control.listen(config.control)
    except OSError as error:
        raise click.ClickException(str(error.strerror)) from None
    compiled = not message.__file__.endswith(".py")
    started = {"version": __version__, "compiled": compiled, "config": str(path), "trunks": len(config.trunks)}
    reactor.callWhenRunning(log.info, "started", **started)
    reactor.callWhenRunning(settle)
    soon = IReactorFromThreads(reactor).callFromThread
    signal.signal(signal.SIGHUP, lambda *_: soon(_reload, service))
    # The reactor has INT and TERM stop it when it begins to run.
    reactor.callWhenRunning(signal.signal, signal.SIGTERM, lambda *_: soon(service.drain))
    service.draining.done.addCallback(lambda _: reactor.stop())
    if control is not None:
        reactor.addSystemEventTrigger("before", "shutdown", control.stop)
    reactor.addSystemEventTrigger("before", "shutdown", service.stop)
    reactor.run()
    log.info("stopped")


def _reload(service: "Service") -> None:
    """Reload for somebody who reads the log."""
    service.reload().addErrback(lambda _: None)
