"""`sip-guard shadow`: what rules in shadow would have done."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from sip_guard.cli.input import of_record_option, record_option
from sip_guard.cli.output import tell
from sip_guard.config import load


@click.command()
@of_record_option
@record_option
@click.option("--rule", help="This rule alone.")
@click.option("--trunk", help="Calls of this trunk alone.")
@click.option("--since", help="From then on: 2026-11-26T12:00:00Z, or how long ago: 90m, 12h, 7d.")
@click.option("--until", help="Before then.")
def shadow(path: Path | None, record: Path | None, **given: Any) -> None:
    """Say what rules in shadow would have done with the calls of the record, and how those calls went on.

    Calls that were answered, and lasted, are what a rule would have hit by mistake if they were honest. Ends with 0, or
    with 2 if the input is bad.
    """
    from sip_guard.desk.shadow import command, show  # noqa: PLC0415 - costs nothing where it is not asked for

    would = command.shadow(command.Asked(config=None if path is None else load(path), record=record, **given))
    tell(show.fields(would), partial(show.table, would))
