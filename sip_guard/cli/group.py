"""What all commands have in common: `--json`, and how they end where something is wrong."""

from collections.abc import Sequence
from typing import Any

import click

from sip_guard.cli.output import Refused, Wrong, as_json
from sip_guard.config import ConfigError
from sip_guard.config.fault import Placed
from sip_guard.config.files import why
from sip_guard.control import Unreachable
from sip_guard.desk.bad_input import BadInput


class Group(click.Group):
    """Commands. Those of the outermost group end with 2 where what they were given is bad, each fault a line."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, which thereby has `--json`."""
        if not isinstance(cmd, click.Group):
            says = "Print JSON, for programs; on standard error, too."
            cmd.params.append(click.Option(["--json"], is_flag=True, expose_value=False, help=says))
        super().add_command(cmd, name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look whether JSON is wanted before anything can be wrong with the arguments."""
        if ctx.parent is None:
            ctx.obj = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. What it raises because of its input is told in one way."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort) as error:
            if as_json() and not isinstance(error, Wrong):
                kind = Wrong if isinstance(error, click.UsageError) else Refused
                raise kind(_click_faults(error)) from None
            raise
        except ConfigError as error:
            raise Wrong(error.faults) from None
        except (BadInput, Unreachable) as error:
            raise Wrong([Placed(str(error))]) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise Wrong([Placed(why(error), str(error.filename))]) from None


def _click_faults(error: click.ClickException | click.Abort) -> Sequence[Placed]:
    """Give what click itself, or a command by its means, has found."""
    if isinstance(error, click.Abort):
        return [Placed("given up")]
    see = f"; see {error.ctx.command_path} --help" if isinstance(error, click.UsageError) and error.ctx else ""
    return [Placed(f"{error.format_message()}{see}")]
