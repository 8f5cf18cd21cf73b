"""`sip-guard run`: the guard itself."""

import signal
import sys
from pathlib import Path
from typing import BinaryIO

import click
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import globalLogBeginner

from sip_guard import __version__
from sip_guard.cli.complaints import Complaints
from sip_guard.cli.input import config_option, loaded
from sip_guard.log import logger
from sip_guard.memory import settle


@click.command()
@config_option
def run(path: Path) -> None:
    """Stand between the trunks and the targets of the configuration, until told to stop (TERM or INT).

    HUP reads the files of the TLS certificate again, and looks whether lists have changed.
    """
    config = loaded(path)
    from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported

    from sip_guard.service import Service, steady  # noqa: PLC0415

    try:
        file: BinaryIO = sys.stdout.buffer if config.log.file == "-" else open(config.log.file, "ab")  # noqa: PTH123, SIM115
    except OSError as error:
        raise click.ClickException(f"{config.log.file} cannot be written: {error.strerror}; see `log.file`") from None
    steady(reactor)
    log = logger(file)
    globalLogBeginner.beginLoggingTo([Complaints(log)], redirectStandardIO=False, discardBuffer=True)
    try:
        service = Service(config, reactor, log)
    except OSError as error:
        raise click.ClickException(str(error.strerror)) from None
    started = {"version": __version__, "config": str(path), "trunks": len(config.trunks)}
    reactor.callWhenRunning(log.info, "started", **started)
    reactor.callWhenRunning(settle)
    reactor.addSystemEventTrigger("before", "shutdown", service.stop)
    signal.signal(signal.SIGHUP, lambda *_: IReactorFromThreads(reactor).callFromThread(service.reload))
    reactor.run()
    log.info("stopped")
