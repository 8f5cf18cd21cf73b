"""The commands of the desk that need a configuration: arguments in, text out."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from sip_guard.config import Config

_FILE = click.Path(path_type=Path)

_fetch = click.option("--fetch", is_flag=True, help="Fetch certificates and lists by URL, which is not done otherwise.")
_certificates = click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with certificates, such as `certificates` in a state directory; --fetch adds to it."
    "  [default: that of the configuration's state directory]",
)
_trunk = click.option("--trunk", default="", help="Take every call to have come by this trunk, whatever its address.")


@click.command()
@click.option("--capture", "captures", multiple=True, required=True, type=_FILE, help="pcap or pcapng, plain or gzip.")
@click.option("--policy", required=True, type=_FILE, help="The configuration that is tried.")
@click.option("--against", type=_FILE, help="The one that it is compared with; without it: no guard at all.")
@_trunk
@_certificates
@_fetch
@click.option("--workers", type=click.IntRange(0, 256), help="Processes that decide, beside the one that reads.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write a JSON object to this file; - prints it."
)
def simulate(policy: Path, against: Path | None, json_file: Path | None, **given: Any) -> None:
    """Say what a configuration would do with captured calls, and which of them another one treats otherwise.

    Captures are taken at their own time and in the order in which they are given. Only new calls that come from trunks
    are looked at. Ends with 0, or with 2 if the input is bad.
    """
    from sip_guard.desk.simulate import command, show  # noqa: PLC0415 - costs nothing where it is not asked for

    with _told():
        wanted = command.Wanted(
            policy=(policy, _loaded(policy)), against=None if against is None else (against, _loaded(against)), **given
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
        if json_file is not None and str(json_file) != "-":
            json_file.write_text(show.json_text(report))
    if str(json_file) == "-":
        click.echo(show.json_text(report))
    else:
        show.tables(report, Console(markup=False, highlight=False))


def _loaded(path: Path) -> "Config":
    from sip_guard.config import load  # noqa: PLC0415

    return load(path)


@contextmanager
def _told() -> Iterator[None]:
    """Say what is wrong with what was brought, and end."""
    from sip_guard.config import ConfigError  # noqa: PLC0415
    from sip_guard.desk.statement import BadInput  # noqa: PLC0415

    try:
        yield
    except ConfigError as error:
        lines = error.lines
    except BadInput as error:
        lines = [str(error)]
    except OSError as error:
        lines = [f"{error.filename}: {error.strerror}"]
    else:
        return
    for line in lines:
        click.echo(line, err=True)
    sys.exit(2)
