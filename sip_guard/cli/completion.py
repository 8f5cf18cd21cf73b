"""`sip-guard completion`: what has the shell complete commands, options and files."""

import click
from click.shell_completion import get_completion_class

from sip_guard.cli.output import tell


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script by which a shell completes this command.

    bash: sip-guard completion bash > /etc/bash_completion.d/sip-guard

    zsh: sip-guard completion zsh > "${fpath[1]}/_sip-guard"

    fish: sip-guard completion fish > ~/.config/fish/completions/sip-guard.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    main = click.get_current_context().find_root().command
    script = kind(main, {}, "sip-guard", "_SIP_GUARD_COMPLETE").source()
    tell({"shell": shell, "script": script}, script)
