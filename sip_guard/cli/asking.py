"""Asking a guard that runs, by its control socket."""

from pathlib import Path

import click

from sip_guard.cli.input import FILE
from sip_guard.cli.output import Refused
from sip_guard.config import load
from sip_guard.config.fault import Placed
from sip_guard.control import Reply, ask
from sip_guard.desk.bad_input import BadInput

control_option = click.option(
    "--control",
    type=FILE,
    envvar="SIP_GUARD_CONTROL",
    show_envvar=True,
    help="Control socket of the guard.  [default: that of the configuration]",
)


def answer_of(command: str, path: Path, control: Path | None, seconds: float = 10.0) -> Reply:
    """Ask, and wait for so many seconds. Raises Refused."""
    if control is None:
        control = load(path).control
    if control is None:
        raise BadInput(f"{path}: there is no control socket: set `control` or `state_directory`, or use signals")
    reply = ask(control, command, seconds)
    if "errors" in reply:
        raise Refused([Placed.of(line) for line in reply["errors"]])
    return reply
