"""`sip-guard hash-password`: what the configuration keeps of a password."""

import secrets
import sys

import click

from sip_guard.admin.password import MAX_OCTETS, SALT_OCTETS, SHORTEST, Hash
from sip_guard.cli.output import tell


@click.command("hash-password")
def hash_password() -> None:
    """Print what `admin.password` of the configuration is to be, for a password or token that is asked for.

    Without a terminal, it is the first line of standard input: openssl rand -base64 24 | tee token | sip-guard
    hash-password
    """
    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if len(given) < SHORTEST or len(given.encode()) > MAX_OCTETS:
        raise click.ClickException(f"a password has {SHORTEST} characters or more, so that nobody finds it by trying")
    password = str(Hash.of(given.encode(), secrets.token_bytes(SALT_OCTETS)))
    tell({"password": password}, password)
