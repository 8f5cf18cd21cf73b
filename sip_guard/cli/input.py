"""What several commands are given, and what is said where it is bad."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sip_guard.config import Config, ConfigError, load

CONFIG_FILE = "/etc/sip_guard/sip_guard.yaml"
FILE = click.Path(path_type=Path)

config_option = click.option(
    "--config",
    "-c",
    "path",
    type=FILE,
    default=Path(CONFIG_FILE),
    envvar="SIP_GUARD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Configuration file.",
)
of_record_option = click.option(
    "--config",
    "-c",
    "path",
    type=FILE,
    envvar="SIP_GUARD_CONFIG",
    show_envvar=True,
    help="The configuration of the guard whose record it is.",
)
record_option = click.option(
    "--record", type=FILE, help="The file of the record.  [default: that of the configuration]"
)
fetch_option = click.option(
    "--fetch", is_flag=True, help="Fetch certificates and lists by URL, which is not done otherwise."
)
certificates_option = click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with certificates, such as `certificates` in a state directory; --fetch adds to it."
    "  [default: that of the configuration's state directory]",
)
trunk_option = click.option(
    "--trunk", default="", help="Take every call to have come by this trunk, whatever its address."
)


def loaded(path: Path) -> Config:
    """Read a configuration. Where it is bad, say why, and end with 2."""
    try:
        return load(path)
    except ConfigError as error:
        for line in error.lines:
            click.echo(line, err=True)
        sys.exit(2)


@contextmanager
def told() -> Iterator[None]:
    """Say what is wrong with what else was brought, and end with 2."""
    from sip_guard.desk.statement import BadInput  # noqa: PLC0415 - costs nothing where it is not asked for

    try:
        yield
    except BadInput as error:
        line = str(error)
    except OSError as error:
        line = f"{error.filename}: {error.strerror}"
    else:
        return
    click.echo(line, err=True)
    sys.exit(2)
