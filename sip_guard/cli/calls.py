"""`sip-guard calls`: decisions of the record."""

import sys
from pathlib import Path
from typing import Any

import click

from sip_guard.cli.input import of_record_option, record_option
from sip_guard.cli.output import as_json, console
from sip_guard.config import load


@click.command()
@of_record_option
@record_option
@click.option("--number", help="A number that is shown or called, international, with or without +.")
@click.option("--call-id", help="A Call-ID, the whole of it.")
@click.option("--trunk", help="The trunk that the call came by.")
@click.option("--rule", help="The rule that decided.")
@click.option(
    "--result", type=click.Choice(["passed", "failed", "unable", "absent"]), help="What verification came to."
)
@click.option(
    "--action", metavar="allow|tag|anonymise|redirect|reject [CODE]", help="What was done: `reject` is every rejection."
)
@click.option("--since", help="From then on: 2026-11-26T12:00:00Z, or how long ago: 90m, 12h, 7d.")
@click.option("--until", help="Before then.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="So many at most, the newest."
)
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, with a header row.")
def calls(path: Path | None, record: Path | None, as_csv: bool, **given: Any) -> None:
    """Find decisions in the record, the newest first, while the guard runs or not.

    JSON is one object a line for each decision, as in the log.

    Ends with 0, or with 2 if the input is bad.
    """
    from sip_guard.desk.calls import command, show  # noqa: PLC0415 - costs nothing where it is not asked for

    if as_csv and as_json():
        raise click.UsageError("--csv and --json are two forms; choose one")
    found = command.calls(command.Asked(config=None if path is None else load(path), record=record, **given))
    if as_csv:
        show.csv(found, sys.stdout)
    elif as_json():
        show.json(found, sys.stdout)
    else:
        show.table(found, console())
    if found.more:
        click.echo(f"there are more than these {given['limit']}; see --limit, --since and --until", err=True)
