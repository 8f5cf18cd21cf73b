"""The commands: arguments in, text out, nothing else."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import click
import msgspec
from rich.console import Console
from rich.table import Table
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

from sip_guard import __version__
from sip_guard.config import Config, ConfigError, load
from sip_guard.config.fault import unknown
from sip_guard.desk.commands import calls, explain, forget, simulate
from sip_guard.lists.reading import Reading
from sip_guard.log import Logger, logger
from sip_guard.memory import settle
from sip_guard.peer import Source
from sip_guard.sip.flow import bracketed, numeric, written

CONFIG_FILE = "/etc/sip_guard/sip_guard.yaml"

config_option = click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_FILE),
    envvar="SIP_GUARD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Configuration file.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sip-guard")
def main() -> None:
    """Stop spoofed calls: an inline SIP proxy between trunks and a PBX."""


for _command in (calls, explain, forget, simulate):
    main.add_command(_command)


@main.command()
@config_option
def run(path: Path) -> None:
    """Stand between the trunks and the targets of the configuration, until told to stop (TERM or INT).

    HUP reads the files of the TLS certificate again, and looks whether lists have changed.
    """
    config = _load(path)
    from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported

    from sip_guard.service import Service, steady  # noqa: PLC0415

    try:
        file: BinaryIO = sys.stdout.buffer if config.log.file == "-" else open(config.log.file, "ab")  # noqa: PTH123, SIM115
    except OSError as error:
        raise click.ClickException(f"{config.log.file} cannot be written: {error.strerror}; see `log.file`") from None
    steady(reactor)
    log = logger(file)
    globalLogBeginner.beginLoggingTo([_Twisted(log)], redirectStandardIO=False, discardBuffer=True)
    try:
        service = Service(config, reactor, log)
    except OSError as error:
        raise click.ClickException(str(error.strerror)) from None
    started = {"version": __version__, "config": str(path), "trunks": len(config.trunks)}
    reactor.callWhenRunning(log.info, "started", **started)
    reactor.callWhenRunning(settle)
    reactor.addSystemEventTrigger("before", "shutdown", service.stop)
    signal.signal(signal.SIGHUP, lambda *_: IReactorFromThreads(reactor).callFromThread(service.reload))
    reactor.run()
    log.info("stopped")


@main.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
def check(path: Path) -> None:
    """Say what a configuration file means, or what is wrong with it."""
    config = _load(path)
    console = Console(markup=False, highlight=False)
    for table in _tables(config):
        console.print(table)
    console.print(f"{path}: good", soft_wrap=True)


@main.command()
@click.argument("file", default="-", metavar="[FILE]")
@click.option("--config", "-c", "path", type=click.Path(path_type=Path), help="Whom to trust, and on which terms.")
@click.option("--anchor", multiple=True, type=click.Path(path_type=Path), help="Trust these roots (PEM) and no others.")
@click.option(
    "--revocation-list",
    "revocation_lists",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A revocation list (DER or PEM) to ask, with --anchor.",
)
@click.option(
    "--revocation-anchor",
    "revocation_anchors",
    multiple=True,
    type=click.Path(path_type=Path),
    help="What signs revocation lists (PEM).",
)
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="The signer's chain (PEM), instead of fetching it."
)
@click.option(
    "--profile",
    type=click.Choice(["strict", "normal", "lab"]),
    default="normal",
    show_default=True,
    help="What is asked of certificates, with --anchor (ATIS-1000080).",
)
@click.option("--offline", is_flag=True, help="Fetch nothing: what is in the state directory has to do.")
@click.option("--trunk", default="", help="Judge as if it came by this trunk of the configuration.")
@click.option("--country", default="", help="Whose national numbers there may be, such as GB.")
@click.option("--from", "caller", default="", help="The calling number, for a token without its call.")
@click.option("--to", "called", default="", help="The called number, for a token without its call.")
@click.option("--at", default="now", show_default=True, help="The moment: now, iat, seconds, or 2026-11-26T12:00:00Z.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def verify(file: str, path: Path | None, anchor: tuple[Path, ...], as_json: bool, **given: Any) -> None:
    """Say of a token, or of an INVITE in a file, what each check finds, with the section that asks for it.

    FILE holds a SIP request, Identity header fields or bare tokens; without it, or with -, standard input is read.
    Ends with 0 if the call passes, with 1 if it does not, and with 2 if the input is bad.
    """
    from sip_guard.desk import show  # noqa: PLC0415 - costs nothing where it is not asked for
    from sip_guard.desk.command import Wanted, judge, octets  # noqa: PLC0415
    from sip_guard.desk.statement import BadInput  # noqa: PLC0415

    config = None if path is None else _load(path)
    try:
        text = sys.stdin.buffer.read() if file == "-" else octets(Path(file))
        report = judge(Wanted(text=text, config=config, anchors=anchor, **given), logger(sys.stderr.buffer, "warning"))
    except BadInput as error:
        click.echo(f"{'standard input' if file == '-' else file}: {error}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(show.json_text(report))
    else:
        show.table(report, Console(markup=False, highlight=False))
    sys.exit(0 if report.passed else 1)


@main.command()
@click.option("--stay", is_flag=True, help="Keep everything running, so that a softphone or SIPp can be aimed at it.")
def demo(stay: bool) -> None:
    """Watch the guard decide about a dozen real calls on this machine, and how to point a trunk at it."""
    from sip_guard.demo.show import demo as show  # noqa: PLC0415 - costs nothing where it is not asked for

    if not show(Console(), stay=stay):
        sys.exit(1)


@main.group()
def lists() -> None:
    """Look into lists of protected numbers."""


@lists.command("check")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--as", "name", metavar="NAME", help="Read it as the list NAME of the configuration is read.")
@click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_FILE),
    envvar="SIP_GUARD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Configuration file, for --as.",
)
def check_list(path: Path, name: str | None, config_path: Path) -> None:
    """Say what a list means, or what is wrong with it: before it is put in the place of another one."""
    from sip_guard.lists.compile import Job, run  # noqa: PLC0415 - costs nothing where it is not asked for

    reading = Reading()
    if name is not None:
        known = {source.name: source.reading for source in _load(config_path).lists}
        if name not in known:
            raise click.ClickException(f"{config_path}: {unknown('list', name, known)}")
        reading = known[name]
    with TemporaryDirectory(prefix="sip_guard-lists-") as folder:
        report = run(Job(file=str(path), reading=reading, target=str(Path(folder) / "list")))
    for fault in report.faults:
        click.echo(fault, err=True)
    if report.faults:
        sys.exit(2)
    table = _table(str(path), "", "")
    table.show_header = False
    for what, value in {
        "numbers": f"{report.numbers:,}",
        "prefixes": f"{report.prefixes:,}",
        "rows beside others for the same": f"{report.repeated:,}",
        "owners": f"{report.owners:,}",
        "columns that mean nothing": _text(report.unread),
        "SHA-256": report.digest,
    }.items():
        table.add_row(what, value)
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(f"{path}: good", soft_wrap=True)


def _load(path: Path) -> Config:
    try:
        return load(path)
    except ConfigError as error:
        for line in error.lines:
            click.echo(line, err=True)
        sys.exit(2)


def _tables(config: Config) -> list[Table]:
    """Show a configuration as it was understood."""
    listen = _table("Listens on", "transport", "address", "named in Via as")
    for item in config.listen:
        named = written(item.advertised) if item.advertised else "the same"
        listen.add_row(item.transport, written(item.address), named)
    trunks = _table("Trunks", "name", "told by", "its calls go to", "else")
    for trunk in config.trunks:
        theirs = [target for target in config.targets if target.trunk == trunk.name]
        told_by = [*map(_source, trunk.sources), *trunk.certificates, *(f"target {target.name}" for target in theirs)]
        rest = _options(trunk, "name", "sources", "certificates", "targets")
        trunks.add_row(trunk.name, "\n".join(told_by), "\n".join(trunk.targets), rest)
    targets = _table("Targets", "name", "where", "side", "else")
    for target in config.targets:
        transport = target.transport or ("UDP" if numeric(target.host) else "as DNS says:")
        targets.add_row(
            target.name,
            f"{transport} {bracketed(target.host)}{f':{target.port}' if target.port else ''}",
            f"trunk {target.trunk}" if target.trunk else "ours",
            _options(target, "name", "transport", "host", "port", "trunk"),
        )
    routes = _table("Ways out for calls of our side, asked from the top", "called number", "header", "trunks")
    for route in config.routes:
        header = f"{route.header}: {route.value or 'any'}" if route.header else "any"
        number = "\n".join(f"{prefix}..." for prefix in route.prefixes)
        routes.add_row(number or "any", header, "\n".join(route.trunks))
    routes.add_row("any other", "any", "none: 403", style="dim")
    signing = _table("Signs calls of our side", "trunk", "certificate's URL", "until", "callers and their level")
    for name, each in config.signing.items():
        until = f"{datetime.fromtimestamp(each.credential.not_after, UTC):%Y-%m-%d}"
        levels = [f"{', '.join(f'+{number}...' for number in a.numbers) or 'any'}: {a.level}" for a in each.attest]
        signing.add_row(name, each.credential.url, until, "\n".join(levels))
    anchors = _table("Trust anchors", "group", "subject", "until")
    for group in config.trust:
        for subject, until in group.anchors.subjects if group.anchors is not None else ():
            anchors.add_row(group.name, subject, until)
    signed = _lists(config)
    protected = _table("Protected numbers", "list", "from", "else")
    for source in config.lists:
        protected.add_row(source.name, source.file or source.url, _options(source, "name", "file", "url"))
    rules = _table("Rules, asked from the top", "rule", "when", "then", "mode")
    for rule in config.rules:
        when = "; ".join(f"{name}: {value}" for name, value in rule.when.conditions.items())
        rules.add_row(rule.id, when or "always", str(rule.then), str(rule.mode))
    rules.add_row("default", "no other rule ended the list", "allow", "enforce", style="dim")
    parts = [listen, trunks, targets, routes, *([signing] if config.signing else []), anchors]
    optional = [each for each in (signed, protected) if each.row_count]
    return [*parts, *optional, rules, _rest(config)]


def _lists(config: Config) -> Table:
    table = _table("Lists of trust groups", "group", "list", "where", "looked at every", "signed by", "until")
    for group in config.trust:
        signed = [("whom it trusts", group.trust_list)] if group.trust_list is not None else []
        if group.revocation is not None:
            what = f"revoked, {'hard' if group.revocation.hard else 'soft'}"
            signed += [(what, each) for each in group.revocation.lists]
        for what, each in signed:
            for subject, until in each.pinned.subjects:
                table.add_row(group.name, what, each.source.place, f"{each.source.refresh:g} s", subject, until)
    return table


def _rest(config: Config) -> Table:
    table = _table("All else", "option", "value")
    table.add_row("verification.time_limit", str(config.time_limit))
    parts = {
        "verification": config.freshness,
        "verification.repository": config.repository,
        "emergency": config.emergency,
        "tags": config.tags,
        "log": config.log,
        "connections": config.connections,
        "dns": config.dns,
        "limits": config.limits,
    } | ({"tls": config.tls} if config.tls else {})
    if config.campaign is None:
        table.add_row("campaign", "not counted")
    else:
        parts["campaign"] = config.campaign
    if config.record is None:
        why = "" if config.state_directory else ": there is no `state_directory`"
        table.add_row("record", f"not kept{why}")
    else:
        parts["record"] = config.record
    if config.brands:
        table.add_row("brands", ", ".join(brand.name for brand in config.brands))
    if config.numbers is None:
        table.add_row("numbers", "not looked at")
    else:
        parts["numbers"] = config.numbers
    for name, part in parts.items():
        for option, value in msgspec.structs.asdict(part).items():
            table.add_row(f"{name}.{option}", _text(value))
    table.add_row("state_directory", _text(config.state_directory))
    return table


def _options(part: msgspec.Struct, *shown: str) -> str:
    """Give the options of a part, one a line, without those that are shown elsewhere."""
    lines = []
    for name, value in msgspec.structs.asdict(part).items():
        if isinstance(value, msgspec.Struct):
            lines += [f"{name}.{line}" for line in _options(value).splitlines()]
        elif name not in shown:
            lines.append(f"{name}: {_text(value)}")
    return "\n".join(lines)


def _text(value: object) -> str:
    """Give a value as it would stand in the file."""
    if isinstance(value, Source):
        return _source(value)
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(map(_text, value)) if isinstance(value, frozenset) else map(_text, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)


def _source(source: Source) -> str:
    return f"{source.network}{f' port {source.port}' if source.port else ''}"


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", title_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    return table


@implementer(ILogObserver)
class _Twisted:
    """Puts what Twisted has to complain of into our log."""

    def __init__(self, log: Logger) -> None:
        self._log = log

    def __call__(self, event: LogEvent) -> None:
        if event["log_level"] >= LogLevel.error:
            failure = event.get("log_failure")
            self._log.error(
                "mistake",
                where="reactor",
                exc_info=failure.value if failure else None,
                text=formatEvent(event),
            )
