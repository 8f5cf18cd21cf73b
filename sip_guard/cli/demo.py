"""`sip-guard demo`: the guard with calls of its own."""

import sys

import click
from rich.console import Console

from sip_guard.cli.output import as_json, tell


@click.command()
@click.option("--stay", is_flag=True, help="Keep everything running, so that a softphone or SIPp can be aimed at it.")
def demo(stay: bool) -> None:
    """Watch the guard decide about a dozen real calls on this machine, and how to point a trunk at it.

    Ends with 1 if one of them is not treated as it should be.
    """
    from sip_guard.demo.show import demo as show  # noqa: PLC0415 - costs nothing where it is not asked for

    if stay and as_json():
        raise click.UsageError("--stay shows calls as they come, which --json does not; choose one")
    outcomes = show(Console(quiet=as_json()), stay=stay)
    if as_json():
        tell({"calls": [outcome._asdict() for outcome in outcomes]}, "")
    if not all(outcome.right for outcome in outcomes):
        sys.exit(1)
