"""`sip-guard status`: how a guard that runs is."""

from pathlib import Path

import click
import msgspec

from sip_guard.cli.asking import answer_of, control_option
from sip_guard.cli.input import config_option


@click.command()
@config_option
@control_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(path: Path, control: Path | None, as_json: bool) -> None:
    """Say which configuration a guard goes by, how long it runs, and how many calls are in progress.

    Ends with 0, or with 2 if no guard answers.
    """
    reply = answer_of("status", path, control)
    if as_json:
        click.echo(msgspec.json.encode(reply))
        return
    state = "draining" if reply["draining"] else "running"
    click.echo(
        f"{state} for {reply['uptime']} s: version {reply['version']}, generation {reply['generation']}, ", nl=False
    )
    click.echo(f"{reply['calls']} calls and requests in progress")
