"""The commands: arguments in, text out, nothing else. Each is a file."""

import click

from sip_guard import __version__
from sip_guard.cli.calls import calls
from sip_guard.cli.check import check
from sip_guard.cli.completion import completion
from sip_guard.cli.demo import demo
from sip_guard.cli.drain import drain
from sip_guard.cli.explain import explain
from sip_guard.cli.forget import forget
from sip_guard.cli.group import Group
from sip_guard.cli.hash_password import hash_password
from sip_guard.cli.init import init
from sip_guard.cli.lists import lists
from sip_guard.cli.probe import probe
from sip_guard.cli.reload import reload
from sip_guard.cli.run import run
from sip_guard.cli.shadow import shadow
from sip_guard.cli.simulate import simulate
from sip_guard.cli.status import status
from sip_guard.cli.verify import verify


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sip-guard")
def main() -> None:
    """Stop spoofed calls: an inline SIP proxy between trunks and a PBX."""


for _command in (
    calls,
    check,
    completion,
    demo,
    drain,
    explain,
    forget,
    hash_password,
    init,
    lists,
    probe,
    reload,
    run,
    shadow,
    simulate,
    status,
    verify,
):
    main.add_command(_command)
