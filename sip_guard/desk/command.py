"""What `sip-guard verify` does with its arguments."""

import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from sip_guard.checks.identity import Certificates
from sip_guard.config import Config
from sip_guard.config.files import unreadable
from sip_guard.config.trust import Group
from sip_guard.desk.bad_input import BadInput, about
from sip_guard.desk.certificates import FromFile, FromFolder
from sip_guard.desk.instant import instant
from sip_guard.desk.signed_lists import have
from sip_guard.desk.statement import Statement, read
from sip_guard.desk.verify import Circumstances, Report, verify
from sip_guard.log import Logger
from sip_guard.number import DialPlan, is_country
from sip_guard.peer import Trunk
from sip_guard.repository.certificates import Certificates as Repositories
from sip_guard.repository.disk import FOLDER as CERTIFICATES
from sip_guard.repository.endpoint import LookUp
from sip_guard.repository.https import Fetcher
from sip_guard.repository.options import Options
from sip_guard.repository.published import Source, fetch
from sip_guard.repository.reach import Public
from sip_guard.repository.revocation_lists import Revoking, Signed
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.pinned import Pinned
from sip_guard.stir.profile import Profile
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Trusts
from sip_guard.transport.addresses import Addresses
from sip_guard.transport.locate import Locator
from sip_guard.transport.name_servers import NameServers, server_address


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    text: bytes
    named: str
    """Where `text` comes from."""
    config: Config | None
    anchors: tuple[Path, ...]
    revocation_lists: tuple[Path, ...]
    revocation_anchors: tuple[Path, ...]
    certificate: Path | None
    offline: bool
    profile: Profile
    trunk: str
    country: str
    caller: str
    called: str
    at: str


def judge(wanted: Wanted, log: Logger) -> Report:
    """Judge what was brought. Raises BadInput, for it or for the arguments. `log` is told of lists that are missing."""
    from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported

    config = wanted.config
    groups = _groups(wanted)
    trusts = Trusts(group.trust() for group in groups)
    with about(wanted.named):
        statement = read(wanted.text, wanted.caller, wanted.called)
    at, trunk = moment(wanted.at, statement), _trunk(wanted)
    state = None if config is None or wanted.anchors else config.state_directory
    at_hand = _at_hand(wanted, trusts, state)

    async def judged() -> Report:
        look_up = None if wanted.offline or config is None else _look_up(config, reactor)
        await have(groups, trusts, reactor, log, state, asks=None if wanted.offline else fetch(reactor, look_up))
        certificates = at_hand or _fetched(config, trusts, reactor, look_up, log)
        return await verify(statement, Circumstances(trunk, _terms(config), trusts, certificates, at))

    asks = at_hand is None or any(not each.source.is_file for group in groups for each in group.signed)
    return _awaited(reactor, judged) if asks and not wanted.offline else _now(judged())


def _at_hand(wanted: Wanted, trusts: Trusts, state: Path | None) -> Certificates | None:
    """Give what has certificates on this machine, in a file or in the state directory; None: they are fetched."""
    if wanted.certificate is not None:
        return FromFile(octets(wanted.certificate), trusts).get
    if wanted.offline:
        return FromFolder(state and state / CERTIFICATES, trusts).get
    return None


def _look_up(config: Config, reactor: Any) -> LookUp:
    """Give what asks the name servers of the configuration."""
    names = NameServers(reactor, map(server_address, config.dns.servers), config.dns.timeout)
    return Addresses(Locator(names, reactor, config.dns)).look_up


def _fetched(config: Config | None, trusts: Trusts, reactor: Any, look_up: LookUp | None, log: Logger) -> Certificates:
    """Give what fetches certificates, under the same rules as in line."""
    options = Options() if config is None else config.repository
    reach = Public(options.laboratories, options.repositories)
    return Repositories(
        Fetcher(reactor, reach, look_up=look_up, timeout=options.timeout, max_octets=options.max_octets).get,
        options,
        trusts.judge,
        reactor,
        random.random,
        generation=lambda: trusts.generation,
        mistake=lambda where, error: log.error("mistake", where=where, exc_info=error),
    ).get


def _groups(wanted: Wanted) -> tuple[Group, ...]:
    """Give whom to trust: the configuration's groups, or the anchors that are named instead."""
    if not wanted.anchors:
        if wanted.revocation_lists or wanted.revocation_anchors:
            raise BadInput("--revocation-list goes with --anchor; a configuration names its own lists")
        if wanted.config is None:
            raise BadInput("whom to trust? Give --config FILE, or --anchor FILE with the roots of the authorities")
        return wanted.config.trust
    try:
        anchors = Anchors(b"\n".join(octets(path) for path in wanted.anchors))
    except ValueError as error:
        raise BadInput(f"--anchor: {error}") from None
    revocation = _revocation(wanted) if wanted.revocation_lists or wanted.revocation_anchors else None
    return (
        Group(name="anchors", anchors=anchors, profile=wanted.profile, policies=frozenset(), revocation=revocation),
    )


def _revocation(wanted: Wanted) -> Revoking:
    """Give the revocation lists that are named. What they do not speak for could not be checked."""
    if not (wanted.revocation_lists and wanted.revocation_anchors):
        raise BadInput("--revocation-list FILE and --revocation-anchor PEM, with what signs it, go together")
    try:
        pinned = Pinned(b"\n".join(octets(path) for path in wanted.revocation_anchors))
    except ValueError as error:
        raise BadInput(f"--revocation-anchor: {error}") from None
    for path in wanted.revocation_lists:
        octets(path)
    sources = (Source(str(path), is_file=True, refresh=0) for path in wanted.revocation_lists)
    return Revoking(tuple(Signed(source, pinned) for source in sources), hard=True)


def _terms(config: Config | None) -> Terms:
    if config is None:
        return Terms()
    return Terms(config.freshness, frozenset(laboratory.place for laboratory in config.repository.laboratories))


def _trunk(wanted: Wanted) -> Trunk:
    """Give the trunk that the call is taken to have come by."""
    trunks = wanted.config.trunks if wanted.config is not None else ()
    if wanted.trunk:
        names = ", ".join(trunk.name for trunk in trunks) or "none"
        found = next((trunk for trunk in trunks if trunk.name == wanted.trunk), None)
        if found is None:
            raise BadInput(f"there is no trunk `{wanted.trunk}` in the configuration; there are: {names}")
        # Groups of the configuration are not there beside anchors that are named.
        return msgspec.structs.replace(found, trust=frozenset()) if wanted.anchors else found
    if wanted.country and not is_country(wanted.country):
        raise BadInput(f"`{wanted.country}` is no ISO 3166-1 country code, such as GB")
    return Trunk(name="desk", targets=(), dial_plan=DialPlan(wanted.country or None))


def moment(text: str, statement: Statement) -> float:
    """Read a moment: `now`, `iat`, seconds since the epoch, or ISO 8601 (UTC unless it says otherwise)."""
    if text == "iat":
        if statement.iat is None:
            raise BadInput("--at iat: the first token has no `iat` that can be read")
        return float(statement.iat)
    at = instant(text)
    if at is None:
        raise BadInput(f"--at `{text}`: expected now, iat, seconds since 1970, or a time such as 2026-11-26T12:00:00Z")
    return at


def octets(path: Path) -> bytes:
    """Read a file that was named. Raises BadInput."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(unreadable(path, error)) from None


def _now(coroutine: Coroutine[Any, Any, Report]) -> Report:
    """Give the result of what waits for nothing."""
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(results.append)
    return _result(results[0])


def _awaited(reactor: Any, judged: Callable[[], Coroutine[Any, Any, Report]]) -> Report:
    """Run the reactor until there is a result."""
    results: list[Any] = []

    def done(result: Any) -> None:
        results.append(result)
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(judged()).addBoth(done))
    reactor.run()
    return _result(results[0])


def _result(result: Any) -> Report:
    if isinstance(result, Report):
        return result
    raise result.value
