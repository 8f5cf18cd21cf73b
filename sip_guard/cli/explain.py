"""`sip-guard explain`: why a call was decided as it was."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from sip_guard.cli.input import FILE, certificates_option, fetch_option, trunk_option
from sip_guard.cli.output import tell
from sip_guard.config import load


@click.command()
@click.argument("what", metavar="MESSAGE|CAPTURE#FRAME|CALL-ID")
@click.option("--config", "-c", "path", required=True, type=FILE, envvar="SIP_GUARD_CONFIG", help="Whose rules apply.")
@click.option(
    "--record",
    type=FILE,
    help="Where a Call-ID is looked for: the record of a guard, or its log, plain or gzip."
    "  [default: those of the configuration]",
)
@trunk_option
@certificates_option
@fetch_option
@click.option(
    "--at", default="now", show_default=True, help="When a message came: now, iat, seconds, or 2026-11-26T12:00:00Z."
)
def explain(path: Path, **given: Any) -> None:
    """Say what is found about a call, which rules apply and why, the verdict, and what rules in shadow would do.

    The call is a SIP request in a file, or the INVITE in a frame of a capture, or one that a guard has recorded; of
    that, only what is in the record is known. Ends with 0 if the call goes on, with 1 if not, and with 2 if the input
    is bad.
    """
    from sip_guard.desk.explain import command, show  # noqa: PLC0415 - costs nothing where it is not asked for
    from sip_guard.verdict import Forward  # noqa: PLC0415

    explained = command.explain(command.Wanted(config=load(path), **given))
    tell(show.fields(explained), partial(show.tables, explained))
    sys.exit(0 if isinstance(explained.decision.verdict, Forward) else 1)
