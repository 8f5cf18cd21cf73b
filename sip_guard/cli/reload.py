"""`sip-guard reload`: another configuration for a guard that runs."""

from pathlib import Path

import click

from sip_guard.cli.asking import answer_of, control_option
from sip_guard.cli.input import config_option
from sip_guard.cli.output import tell

PATIENCE = 600.0
"""Seconds: lists of millions of rows take some minutes."""


@click.command()
@config_option
@control_option
def reload(path: Path, control: Path | None) -> None:
    """Have the guard read its configuration again, and all that it names, and go by it if all of it is good.

    Ends with 0, and the number of the configuration that is in force then; with 1 if the guard has refused it, and with
    2 if the configuration is bad or no guard answers. Then all is as it was.
    """
    reply = answer_of("reload", path, control, PATIENCE)
    tell(reply, f"reloaded: generation {reply['generation']}")
