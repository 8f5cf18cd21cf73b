"""`sip-guard lists`: lists of protected numbers, before they are in force."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console

from sip_guard.cli.input import CONFIG_FILE, loaded
from sip_guard.cli.tables import text, titled
from sip_guard.config.fault import unknown
from sip_guard.lists.reading import Reading


@click.group()
def lists() -> None:
    """Look into lists of protected numbers."""


@lists.command("check")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--as", "name", metavar="NAME", help="Read it as the list NAME of the configuration is read.")
@click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_FILE),
    envvar="SIP_GUARD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Configuration file, for --as.",
)
def check_list(path: Path, name: str | None, config_path: Path) -> None:
    """Say what a list means, or what is wrong with it: before it is put in the place of another one."""
    from sip_guard.lists.compile import Job, run  # noqa: PLC0415 - costs nothing where it is not asked for

    reading = Reading()
    if name is not None:
        known = {source.name: source.reading for source in loaded(config_path).lists}
        if name not in known:
            raise click.ClickException(f"{config_path}: {unknown('list', name, known)}")
        reading = known[name]
    with TemporaryDirectory(prefix="sip_guard-lists-") as folder:
        report = run(Job(file=str(path), reading=reading, target=str(Path(folder) / "list")))
    for fault in report.faults:
        click.echo(fault, err=True)
    if report.faults:
        sys.exit(2)
    table = titled(str(path), "", "")
    table.show_header = False
    for what, value in {
        "numbers": f"{report.numbers:,}",
        "prefixes": f"{report.prefixes:,}",
        "rows beside others for the same": f"{report.repeated:,}",
        "owners": f"{report.owners:,}",
        "columns that mean nothing": text(report.unread),
        "SHA-256": report.digest,
    }.items():
        table.add_row(what, value)
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(f"{path}: good", soft_wrap=True)
