"""A configuration as it was understood, in tables."""

from datetime import UTC, datetime

import msgspec
from rich.table import Table

from sip_guard.config import Config
from sip_guard.peer import Source
from sip_guard.sip.flow import bracketed, numeric, written


def tables(config: Config) -> list[Table]:
    """Show a configuration as it was understood."""
    listen = titled("Listens on", "transport", "address", "named in Via as")
    for item in config.listen:
        named = written(item.advertised) if item.advertised else "the same"
        listen.add_row(item.transport, written(item.address), named)
    trunks = titled("Trunks", "name", "told by", "its calls go to", "else")
    for trunk in config.trunks:
        theirs = [target for target in config.targets if target.trunk == trunk.name]
        told_by = [*map(_source, trunk.sources), *trunk.certificates, *(f"target {target.name}" for target in theirs)]
        rest = _options(trunk, "name", "sources", "certificates", "targets")
        rest += f"\nmay_present: {config.may_present.get(trunk.name, 'any')}"
        trunks.add_row(trunk.name, "\n".join(told_by), "\n".join(trunk.targets), rest)
    targets = titled("Targets", "name", "where", "side", "else")
    for target in config.targets:
        transport = target.transport or ("UDP" if numeric(target.host) else "as DNS says:")
        targets.add_row(
            target.name,
            f"{transport} {bracketed(target.host)}{f':{target.port}' if target.port else ''}",
            f"trunk {target.trunk}" if target.trunk else "ours",
            _options(target, "name", "transport", "host", "port", "trunk"),
        )
    routes = titled("Ways out for calls of our side, asked from the top", "called number", "header", "trunks")
    for route in config.routes:
        header = f"{route.header}: {route.value or 'any'}" if route.header else "any"
        number = "\n".join(f"{prefix}..." for prefix in route.prefixes)
        routes.add_row(number or "any", header, "\n".join(route.trunks))
    routes.add_row("any other", "any", "none: 403", style="dim")
    signing = titled("Signs calls of our side", "trunk", "certificate's URL", "until", "callers and their level")
    for name, each in config.signing.items():
        until = f"{datetime.fromtimestamp(each.credential.not_after, UTC):%Y-%m-%d}"
        levels = [f"{', '.join(f'+{number}...' for number in a.numbers) or 'any'}: {a.level}" for a in each.attest]
        signing.add_row(name, each.credential.url, until, "\n".join(levels))
    anchors = titled("Trust anchors", "group", "subject", "until")
    for group in config.trust:
        for subject, until in group.anchors.subjects if group.anchors is not None else ():
            anchors.add_row(group.name, subject, until)
    signed = _lists(config)
    protected = titled("Protected numbers", "list", "from", "else")
    for source in config.lists:
        protected.add_row(source.name, source.file or source.url, _options(source, "name", "file", "url"))
    rules = titled("Rules, asked from the top", "rule", "when", "then", "mode")
    for rule in config.rules:
        when = "; ".join(f"{name}: {value}" for name, value in rule.when.conditions.items())
        rules.add_row(rule.id, when or "always", str(rule.then), str(rule.mode))
    rules.add_row("default", "no other rule ended the list", "allow", "enforce", style="dim")
    parts = [listen, trunks, targets, routes, *([signing] if config.signing else []), anchors]
    optional = [each for each in (signed, protected) if each.row_count]
    return [*parts, *optional, rules, _watching(config), _rest(config)]


def _lists(config: Config) -> Table:
    table = titled("Lists of trust groups", "group", "list", "where", "looked at every", "signed by", "until")
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
    table = titled("All else", "option", "value")
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
        "drain": config.drain,
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
            table.add_row(f"{name}.{option}", text(value))
    table.add_row("control", text(config.control))
    table.add_row("state_directory", text(config.state_directory))
    return table


def _watching(config: Config) -> Table:
    """Show who may look at the guard, and who gets a copy of what it does."""
    table = titled("Watched by", "option", "value")
    if config.admin is None:
        table.add_row("admin", "nobody: there is no listener")
    else:
        shown = msgspec.structs.asdict(config.admin) | {"address": written(config.admin.address)}
        shown["password"] = "asked for" if config.admin.password else "not asked for"
        for option, value in shown.items():
            table.add_row(f"admin.{option}", text(value))
    if config.hep is None:
        table.add_row("hep", "nobody: nothing is mirrored")
    else:
        shown = msgspec.structs.asdict(config.hep)
        shown["password"] = "told" if config.hep.password else "none"
        for option, value in shown.items():
            table.add_row(f"hep.{option}", text(value))
    return table


def _options(part: msgspec.Struct, *shown: str) -> str:
    """Give the options of a part, one a line, without those that are shown elsewhere."""
    lines = []
    for name, value in msgspec.structs.asdict(part).items():
        if isinstance(value, msgspec.Struct):
            lines += [f"{name}.{line}" for line in _options(value).splitlines()]
        elif name not in shown:
            lines.append(f"{name}: {text(value)}")
    return "\n".join(lines)


def text(value: object) -> str:
    """Give a value as it would stand in the file."""
    if isinstance(value, Source):
        return _source(value)
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(map(text, value)) if isinstance(value, frozenset) else map(text, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)


def _source(source: Source) -> str:
    return f"{source.network}{f' port {source.port}' if source.port else ''}"


def rows(table: Table) -> list[dict[str, str]]:
    """Give a table's rows as they stand in JSON."""
    names = [str(column.header) for column in table.columns]
    return [
        dict(zip(names, map(str, cells), strict=True)) for cells in zip(*(c.cells for c in table.columns), strict=True)
    ]


def titled(title: str, *columns: str) -> Table:
    """Make an empty table that folds what is too long."""
    table = Table(*columns, title=title, title_justify="left", title_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    return table
