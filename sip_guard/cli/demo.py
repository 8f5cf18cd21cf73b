"""`sip-guard demo`: the guard with calls of its own."""

import sys

import click
from rich.console import Console


@click.command()
@click.option("--stay", is_flag=True, help="Keep everything running, so that a softphone or SIPp can be aimed at it.")
def demo(stay: bool) -> None:
    """Watch the guard decide about a dozen real calls on this machine, and how to point a trunk at it."""
    from sip_guard.demo.show import demo as show  # noqa: PLC0415 - costs nothing where it is not asked for

    if not show(Console(), stay=stay):
        sys.exit(1)
