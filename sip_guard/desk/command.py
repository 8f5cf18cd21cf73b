"""What `sip-guard verify` does with its arguments."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from sip_guard.config import Config
from sip_guard.desk.certificates import FromFile, FromNowhere, FromRepository
from sip_guard.desk.statement import BadInput, Statement, read
from sip_guard.desk.verify import Circumstances, Report, verify
from sip_guard.number import DialPlan, is_country
from sip_guard.peer import Trunk
from sip_guard.repository.https import Fetcher
from sip_guard.repository.options import Options
from sip_guard.repository.reach import Public
from sip_guard.stir.certificate import Anchors
from sip_guard.stir.profile import Profile
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Trust, Trusts


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    text: bytes
    config: Config | None
    anchors: tuple[Path, ...]
    certificate: Path | None
    offline: bool
    profile: Profile
    trunk: str
    country: str
    caller: str
    called: str
    at: str


def judge(wanted: Wanted) -> Report:
    """Judge what was brought. Raises BadInput, for it or for the arguments."""
    trusts, terms, options = _trust(wanted)
    statement = read(wanted.text, wanted.caller, wanted.called)
    at, trunk = moment(wanted.at, statement), _trunk(wanted)
    if wanted.certificate is not None or wanted.offline:
        there = FromNowhere() if wanted.certificate is None else FromFile(octets(wanted.certificate), trusts)
        return _now(verify(statement, Circumstances(trunk, terms, trusts, there.get, at)))
    from twisted.internet import reactor  # noqa: PLC0415 - installed when it is imported

    reach = Public(options.laboratories, options.repositories)
    fetcher = Fetcher(reactor, reach, timeout=options.timeout, max_octets=options.max_octets)
    fetched = FromRepository(fetcher.get, trusts)
    return _awaited(reactor, verify(statement, Circumstances(trunk, terms, trusts, fetched.get, at)))


def _trust(wanted: Wanted) -> tuple[Trusts, Terms, Options]:
    """Give whom to trust: the configuration's groups, or the anchors that are named instead."""
    config = wanted.config
    if wanted.anchors:
        try:
            anchors = Anchors(b"\n".join(octets(path) for path in wanted.anchors))
        except ValueError as error:
            raise BadInput(f"--anchor: {error}") from None
        return Trusts([Trust("anchors", anchors, profile=wanted.profile)]), Terms(), Options()
    if config is None:
        raise BadInput("whom to trust? Give --config FILE, or --anchor FILE with the roots of the authorities")
    trusts = Trusts(group.trust() for group in config.trust)
    places = frozenset(laboratory.place for laboratory in config.repository.laboratories)
    return trusts, Terms(config.freshness, places), config.repository


def _trunk(wanted: Wanted) -> Trunk:
    """Give the trunk that the call is taken to have come by."""
    trunks = wanted.config.trunks if wanted.config is not None else ()
    if wanted.trunk:
        names = ", ".join(trunk.name for trunk in trunks) or "none"
        found = next((trunk for trunk in trunks if trunk.name == wanted.trunk), None)
        if found is None:
            raise BadInput(f"there is no trunk `{wanted.trunk}` in the configuration; there are: {names}")
        return found
    if wanted.country and not is_country(wanted.country):
        raise BadInput(f"`{wanted.country}` is no ISO 3166-1 country code, such as GB")
    return Trunk(name="desk", targets=(), dial_plan=DialPlan(wanted.country or None))


def moment(text: str, statement: Statement) -> float:
    """Read a moment: `now`, `iat`, seconds since the epoch, or ISO 8601 (UTC unless it says otherwise)."""
    if text == "now":
        return time.time()
    if text == "iat":
        if statement.iat is None:
            raise BadInput("--at iat: the first token has no `iat` that can be read")
        return float(statement.iat)
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"--at `{text}`: expected now, iat, seconds since 1970, or a time such as 2026-11-26T12:00:00Z"
        ) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def octets(path: Path) -> bytes:
    """Read a file that was named. Raises BadInput."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None


def _now(coroutine: Any) -> Report:
    """Give the result of what waits for nothing."""
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(results.append)
    return _result(results[0])


def _awaited(reactor: Any, coroutine: Any) -> Report:
    """Run the reactor until there is a result."""
    results: list[Any] = []

    def done(result: Any) -> None:
        results.append(result)
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(coroutine).addBoth(done))
    reactor.run()
    return _result(results[0])


def _result(result: Any) -> Report:
    if isinstance(result, Report):
        return result
    raise result.value
