"""What several commands are given."""

from pathlib import Path

import click

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
