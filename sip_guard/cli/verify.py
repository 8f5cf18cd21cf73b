"""`sip-guard verify`: what each check finds of a token, or of an INVITE."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from sip_guard.cli.input import loaded
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def verify(file: str, path: Path | None, anchor: tuple[Path, ...], as_json: bool, **given: Any) -> None:
    """Say of a token, or of an INVITE in a file, what each check finds, with the section that asks for it.

    FILE holds a SIP request, Identity header fields or bare tokens; without it, or with -, standard input is read.
    Ends with 0 if the call passes, with 1 if it does not, and with 2 if the input is bad.
    """
    from sip_guard.desk import show  # noqa: PLC0415 - costs nothing where it is not asked for
    from sip_guard.desk.command import Wanted, judge, octets  # noqa: PLC0415
    from sip_guard.desk.statement import BadInput  # noqa: PLC0415

    config = None if path is None else loaded(path)
    try:
        text = sys.stdin.buffer.read() if file == "-" else octets(Path(file))
        report = judge(Wanted(text=text, config=config, anchors=anchor, **given), logger(sys.stderr.buffer, "warning"))
    except BadInput as error:
        click.echo(f"{'standard input' if file == '-' else file}: {error}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(show.json_text(report))
    else:
        show.table(report, Console(markup=False, highlight=False))
    sys.exit(0 if report.passed else 1)
