"""`sip-guard status`: how a guard that runs is."""

from pathlib import Path

import click

from sip_guard.cli.asking import answer_of, control_option
from sip_guard.cli.input import config_option
from sip_guard.cli.output import tell


@click.command()
@config_option
@control_option
def status(path: Path, control: Path | None) -> None:
    """Say which configuration a guard goes by, how long it runs, and how many calls are in progress.

    Ends with 0, or with 2 if no guard answers.
    """
    reply = answer_of("status", path, control)
    state = "draining" if reply["draining"] else "running"
    tell(
        reply,
        f"{state} for {reply['uptime']} s: version {reply['version']}, generation {reply['generation']}, "
        f"{reply['calls']} calls and requests in progress",
    )
