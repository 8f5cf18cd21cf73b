"""`sip-guard probe`: a test call, and what became of it."""

import sys
from functools import partial
from typing import Any

import click

from sip_guard.cli.input import FILE
from sip_guard.cli.output import tell


@click.command()
@click.option("--to", required=True, metavar="URI", help="Whom to call, and where: sip:+442079460000@192.0.2.1:5060.")
@click.option("--from", "caller", required=True, metavar="NUMBER", help="The number that is shown, in From.")
@click.option("--display", default="", metavar="NAME", help="The name that is shown.")
@click.option("--asserted", metavar="NUMBER", help="The number in P-Asserted-Identity.  [default: no such field]")
@click.option("--identity-key", "key", type=FILE, help="Sign a token with this key (PEM); see --certificate-url.")
@click.option("--certificate-url", "url", metavar="URL", help="Where verifiers get the certificate of the key.")
@click.option(
    "--attest", type=click.Choice(["A", "B", "C"]), default="A", show_default=True, help="The level of the token."
)
@click.option("--local", metavar="ADDRESS:PORT", help="Where the call comes from.  [default: as the system chooses]")
@click.option(
    "--callee",
    metavar="ADDRESS:PORT",
    help="Play the callee, too: wait here for the call, and answer it. A target of the guard must lead here.",
)
@click.option(
    "--expect",
    metavar="ACTION",
    help="allow, tag, anonymise, redirect, reject, or one rejection such as `reject 403`: end with 1 if it is another.",
)
@click.option("--tag-header", default="X-SIP-Guard", show_default=True, help="The field that `tags.header` writes.")
@click.option(
    "--ring",
    type=click.FloatRange(0, 60),
    default=5.0,
    show_default=True,
    help="Seconds after which a call that rings is given up.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0.5, 60),
    default=8.0,
    show_default=True,
    help="Seconds after which a call that nobody answers is given up.",
)
def probe(**given: Any) -> None:
    """Place one call, hang up as soon as it is answered, and say what the answer was and what arrived.

    Ends with 0 if it is as expected (with no --expect: if there was an answer), with 1 if not, and with 2 if the call
    could not be placed. The first line is for monitoring.
    """
    from sip_guard.desk.probe import command, report  # noqa: PLC0415 - costs nothing where it is not asked for

    made = command.probe(command.Wanted(**given))
    tell(report.fields(made), partial(report.tables, made))
    sys.exit(0 if made.good else 1)
