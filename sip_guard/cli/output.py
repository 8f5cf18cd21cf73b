"""What a command prints, its result or what is wrong: for people, or JSON for programs."""

from collections.abc import Callable, Sequence
from typing import IO, Any

import click
import msgspec
from rich.console import Console

from sip_guard.config.fault import Placed


def as_json() -> bool:
    """Tell whether JSON is wanted."""
    return bool(click.get_current_context().find_root().obj)


class Wrong(click.ClickException):
    """Ends a command with 2: a line about each fault on standard error, or one JSON object."""

    exit_code = 2

    def __init__(self, faults: Sequence[Placed]) -> None:
        said = msgspec.json.encode({"errors": faults}).decode() if as_json() else "\n".join(map(str, faults))
        super().__init__(said)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        click.echo(self.message, file=file, err=file is None)


class Refused(Wrong):
    """Ends a command with 1: it was asked for well, and could not be done."""

    exit_code = 1


def tell(result: object, text: str | Callable[[Console], None]) -> None:
    """Print a result as one JSON object, or as `text` for people."""
    if as_json():
        click.echo(msgspec.json.format(msgspec.json.encode(result)))
    elif isinstance(text, str):
        click.echo(text)
    else:
        text(console())


def console() -> Console:
    """Give where tables are printed, whatever is in them as it stands."""
    return Console(markup=False, highlight=False)
