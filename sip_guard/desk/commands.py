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


_config = click.option(
    "--config",
    "-c",
    "path",
    type=_FILE,
    envvar="SIP_GUARD_CONFIG",
    show_envvar=True,
    help="The configuration of the guard whose record it is.",
)
_record = click.option("--record", type=_FILE, help="The file of the record.  [default: that of the configuration]")


@click.command()
@_config
@_record
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
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values, with a header row.")
@click.option("--json", "form", flag_value="json", help="One JSON object a decision, as in the log.")
def calls(path: Path | None, record: Path | None, form: str | None, **given: Any) -> None:
    """Find decisions in the record, the newest first, while the guard runs or not.

    Ends with 0, or with 2 if the input is bad.
    """
    from sip_guard.desk.calls import command, show  # noqa: PLC0415 - costs nothing where it is not asked for

    with _told():
        found = command.calls(command.Asked(config=None if path is None else _loaded(path), record=record, **given))
        if form == "csv":
            show.csv(found, sys.stdout)
        elif form == "json":
            show.json(found, sys.stdout)
        else:
            show.table(found, Console(markup=False, highlight=False))
    if found.more:
        click.echo(f"there are more than these {given['limit']}; see --limit, --since and --until", err=True)


@click.command()
@click.argument("number")
@_config
@_record
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

    with _told():
        named = command.named(number, None if path is None else _loaded(path), record, last4=last4)
        if named.decisions and not yes:
            click.confirm(f"Delete {len(named.decisions)} decisions of {named.file}?", abort=True, err=True)
        click.echo(f"{command.delete(named)} decisions deleted")


@click.command()
@click.argument("what", metavar="MESSAGE|CAPTURE#FRAME|CALL-ID")
@click.option("--config", "-c", "path", required=True, type=_FILE, envvar="SIP_GUARD_CONFIG", help="Whose rules apply.")
@click.option(
    "--record",
    type=_FILE,
    help="Where a Call-ID is looked for: the record of a guard, or its log, plain or gzip."
    "  [default: those of the configuration]",
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
