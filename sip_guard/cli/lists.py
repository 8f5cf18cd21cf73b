"""`sip-guard lists`: lists of protected numbers, before they are in force."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Table

from sip_guard.cli.group import Group
from sip_guard.cli.input import CONFIG_FILE
from sip_guard.cli.output import Wrong, tell
from sip_guard.cli.tables import text, titled
from sip_guard.config import load
from sip_guard.config.fault import Placed, unknown
from sip_guard.desk.bad_input import BadInput
from sip_guard.lists.reading import Reading


@click.group(cls=Group)
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

    path.open("rb").close()
    reading = Reading()
    if name is not None:
        known = {source.name: source.reading for source in load(config_path).lists}
        if name not in known:
            raise BadInput(f"{config_path}: {unknown('list', name, known)}")
        reading = known[name]
    with TemporaryDirectory(prefix="sip_guard-lists-") as folder:
        report = run(Job(file=str(path), reading=reading, target=str(Path(folder) / "list")))
    if report.faults:
        raise Wrong([Placed.of(fault) for fault in report.faults])
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
    counts = {name: getattr(report, name) for name in ("numbers", "prefixes", "repeated", "owners", "unread", "digest")}
    tell({"file": str(path), "good": True, **counts}, partial(_print, path, table))


def _print(path: Path, table: Table, console: Console) -> None:
    console.print(table)
    console.print(f"{path}: good", soft_wrap=True)
