"""`sip-guard verify`: what each check finds of a token, or of an INVITE."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from sip_guard.cli.output import tell
from sip_guard.config import load
from sip_guard.log import logger


@click.command()
@click.argument("file", default="-", metavar="[FILE]")
@click.option("--config", "-c", "path", type=click.Path(path_type=Path), help="Whom to trust, and on which terms.")
@click.option("--anchor", multiple=True, type=click.Path(path_type=Path), help="Trust these roots (PEM) and no others.")
@click.option(
    "--revocation-list",
    "revocation_lists",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A revocation list (DER or PEM) to ask, with --anchor.",
)
@click.option(
    "--revocation-anchor",
    "revocation_anchors",
    multiple=True,
    type=click.Path(path_type=Path),
    help="What signs revocation lists (PEM).",
)
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="The signer's chain (PEM), instead of fetching it."
)
@click.option(
    "--profile",
    type=click.Choice(["strict", "normal", "lab"]),
    default="normal",
    show_default=True,
    help="What is asked of certificates, with --anchor (ATIS-1000080).",
)
@click.option("--offline", is_flag=True, help="Fetch nothing: what is in the state directory has to do.")
@click.option("--trunk", default="", help="Judge as if it came by this trunk of the configuration.")
@click.option("--country", default="", help="Whose national numbers there may be, such as GB.")
@click.option("--from", "caller", default="", help="The calling number, for a token without its call.")
@click.option("--to", "called", default="", help="The called number, for a token without its call.")
@click.option("--at", default="now", show_default=True, help="The moment: now, iat, seconds, or 2026-11-26T12:00:00Z.")
def verify(file: str, path: Path | None, anchor: tuple[Path, ...], **given: Any) -> None:
    """Say of a token, or of an INVITE in a file, what each check finds, with the section that asks for it.

    FILE holds a SIP request, Identity header fields or bare tokens; without it, or with -, standard input is read.
    Ends with 0 if the call passes, with 1 if it does not, and with 2 if the input is bad.
    """
    from sip_guard.desk import show  # noqa: PLC0415 - costs nothing where it is not asked for
    from sip_guard.desk.command import Wanted, judge, octets  # noqa: PLC0415

    named = "standard input" if file == "-" else file
    text = sys.stdin.buffer.read() if file == "-" else octets(Path(file))
    config = None if path is None else load(path)
    wanted = Wanted(named=named, text=text, config=config, anchors=anchor, **given)
    report = judge(wanted, logger(sys.stderr.buffer, "warning"))
    tell(show.fields(report), partial(show.table, report))
    sys.exit(0 if report.passed else 1)
