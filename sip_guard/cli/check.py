"""`sip-guard check`: what a configuration file means."""

from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from sip_guard.cli.input import FILE
from sip_guard.cli.output import tell
from sip_guard.cli.tables import rows, tables
from sip_guard.config import load


@click.command()
@click.argument("path", type=FILE, metavar="FILE")
def check(path: Path) -> None:
    """Say what a configuration file means, or what is wrong with it.

    Ends with 0 if it is good, and with 2 if not. JSON has the rows of each table, by its title.
    """
    shown = tables(load(path))
    about = {"file": str(path), "good": True, "tables": {str(table.title): rows(table) for table in shown}}
    tell(about, partial(_print, path, shown))


def _print(path: Path, shown: list[Table], console: Console) -> None:
    for table in shown:
        console.print(table)
    console.print(f"{path}: good", soft_wrap=True)
