"""Asking a guard that runs, by its control socket."""

import sys
from pathlib import Path

import click

from sip_guard.cli.input import FILE, loaded
from sip_guard.control import Reply, Unreachable, ask

control_option = click.option(
    "--control",
    type=FILE,
    envvar="SIP_GUARD_CONTROL",
    show_envvar=True,
    help="Control socket of the guard.  [default: that of the configuration]",
)


def answer_of(command: str, path: Path, control: Path | None, seconds: float = 10.0) -> Reply:
    """Ask, and wait for so many seconds. Ends with 1 if it is refused, with 2 if nobody can be asked."""
    if control is None:
        control = loaded(path).control
    if control is None:
        click.echo(f"{path}: there is no control socket: set `control` or `state_directory`, or use signals", err=True)
        sys.exit(2)
    try:
        reply = ask(control, command, seconds)
    except Unreachable as error:
        click.echo(error, err=True)
        sys.exit(2)
    for line in reply.get("errors", ()):
        click.echo(line, err=True)
    if "errors" in reply:
        sys.exit(1)
    return reply
