"""`sip-guard drain`: a guard that runs takes its leave."""

from pathlib import Path

import click

from sip_guard.cli.asking import answer_of, control_option
from sip_guard.cli.input import config_option
from sip_guard.cli.output import tell


@click.command()
@config_option
@control_option
def drain(path: Path, control: Path | None) -> None:
    """Have the guard take no new calls, and end once those in progress have, as TERM does. The second time, at once.

    Ends with 0 when the guard has begun with it, and with 2 if no guard answers.
    """
    reply = answer_of("drain", path, control)
    tell(reply, f"draining: {reply['calls']} in progress")
