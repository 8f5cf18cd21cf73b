"""`sip-guard simulate`: a configuration tried on captured calls."""

from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from sip_guard.cli.input import FILE, certificates_option, fetch_option, trunk_option
from sip_guard.cli.output import tell
from sip_guard.config import load


@click.command()
@click.option("--capture", "captures", multiple=True, required=True, type=FILE, help="pcap or pcapng, plain or gzip.")
@click.option("--policy", required=True, type=FILE, help="The configuration that is tried.")
@click.option("--against", type=FILE, help="The one that it is compared with; without it: no guard at all.")
@trunk_option
@certificates_option
@fetch_option
@click.option("--decisions", type=FILE, help="Write a JSON line about each call to this file.")
@click.option("--workers", type=click.IntRange(0, 256), help="Processes that decide, beside the one that reads.")
def simulate(policy: Path, against: Path | None, **given: Any) -> None:
    """Say what a configuration would do with captured calls, and which of them another one treats otherwise.

    Captures are taken at their own time and in the order in which they are given. Only new calls that come from trunks
    are looked at. Ends with 0, or with 2 if the input is bad.
    """
    from sip_guard.desk.simulate import command, show  # noqa: PLC0415 - costs nothing where it is not asked for

    wanted = command.Wanted(
        policy=(policy, load(policy)), against=None if against is None else (against, load(against)), **given
    )
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading")
        report = command.simulate(wanted, lambda done, octets: progress.update(task, completed=done, total=octets))
    tell(show.fields(report), partial(show.tables, report))
