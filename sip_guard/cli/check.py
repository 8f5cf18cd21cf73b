"""`sip-guard check`: what a configuration file means."""

from pathlib import Path

import click
from rich.console import Console

from sip_guard.cli.input import loaded
from sip_guard.cli.tables import tables


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
def check(path: Path) -> None:
    """Say what a configuration file means, or what is wrong with it."""
    config = loaded(path)
    console = Console(markup=False, highlight=False)
    for table in tables(config):
        console.print(table)
    console.print(f"{path}: good", soft_wrap=True)
