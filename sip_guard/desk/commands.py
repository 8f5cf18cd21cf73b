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
@click.option("--decisions", type=_FILE, help="Write a JSON line about each call to this file.")
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


@click.command()
@click.argument("what", metavar="MESSAGE|CAPTURE#FRAME|CALL-ID")
@click.option("--config", "-c", "path", required=True, type=_FILE, envvar="SIP_GUARD_CONFIG", help="Whose rules apply.")
@click.option(
    "--record",
    type=_FILE,
    help="Where a Call-ID is looked for: the log of a guard, plain or gzip."
    "  [default: `log.file` of the configuration]",
)
@_trunk
@_certificates
@_fetch
@click.option(
    "--at", default="now", show_default=True, help="When a message came: now, iat, seconds, or 2026-11-26T12:00:00Z."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def explain(path: Path, as_json: bool, **given: Any) -> None:
    """Say what is found about a call, which rules apply and why, the verdict, and what rules in shadow would do.

    The call is a SIP request in a file, or the INVITE in a frame of a capture, or one that a guard has recorded; of
    that, only what is in the record is known. Ends with 0 if the call goes on, with 1 if not, and with 2 if the input
    is bad.
    """
    from sip_guard.desk.explain import command, show  # noqa: PLC0415 - costs nothing where it is not asked for
    from sip_guard.verdict import Forward  # noqa: PLC0415

    with _told():
        explained = command.explain(command.Wanted(config=_loaded(path), **given))
    if as_json:
        click.echo(show.json_text(explained))
    else:
        show.tables(explained, Console(markup=False, highlight=False))
    sys.exit(0 if isinstance(explained.decision.verdict, Forward) else 1)


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
