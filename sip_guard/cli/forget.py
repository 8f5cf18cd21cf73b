"""`sip-guard forget`: decisions that name a number are deleted."""

from pathlib import Path

import click

from sip_guard.cli.input import of_record_option, record_option
from sip_guard.cli.output import tell
from sip_guard.config import load


@click.command()
@click.argument("number")
@of_record_option
@record_option
@click.option(
    "--last4", is_flag=True, help="Also where no more of a number is kept than that it ends in the same digits."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(number: str, path: Path | None, record: Path | None, last4: bool, yes: bool) -> None:
    """Delete every decision of the record that names a number, for good. It may be done while the guard runs.

    The log is another file, and so are copies. Ends with 0, with 1 if it was not wanted after all, and with 2 if the
    input is bad.
    """
    from sip_guard.desk.calls import command  # noqa: PLC0415 - costs nothing where it is not asked for

    named = command.named(number, None if path is None else load(path), record, last4=last4)
    if named.decisions and not yes:
        click.confirm(f"Delete {len(named.decisions)} decisions of {named.record}?", abort=True, err=True)
    deleted = command.delete(named)
    tell({"deleted": deleted}, f"{deleted} decisions deleted")
