"""What `sip-guard calls` and `sip-guard forget` do with their arguments."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from sip_guard import secret
from sip_guard.config import Config
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.instant import instant
from sip_guard.journal.opening import to_read, to_write
from sip_guard.journal.options import Place
from sip_guard.journal.store import Found, Wanted
from sip_guard.journal.trouble import DamagedRecord, RefusedRecord, Unusable
from sip_guard.record import forms

_AGO = re.compile(r"([0-9]{1,9})([smhdw])")
_ACTION = re.compile(r"allow|tag|anonymise|redirect|reject( [3-6][0-9]{2})?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    config: Config | None
    record: Path | None
    number: str | None
    call_id: str | None
    trunk: str | None
    rule: str | None
    result: str | None
    action: str | None
    since: str | None
    until: str | None
    limit: int


class Decisions(NamedTuple):
    """What was found."""

    found: list[Found]
    """The newest first."""
    more: bool
    """Whether there are others, which are older."""


class Named(NamedTuple):
    """Decisions that name a number."""

    record: Place
    decisions: list[int]


def calls(asked: Asked) -> Decisions:
    """Find decisions. Raises BadInput."""
    place = record_of(asked.config, asked.record)
    if asked.action is not None and not _ACTION.fullmatch(asked.action):
        words = "allow, tag, anonymise, redirect, reject, or one rejection such as `reject 403`"
        raise BadInput(f"--action `{asked.action}`: expected {words}")
    wanted = Wanted(
        numbers=() if asked.number is None else _forms(asked.number, _state(asked.config, place), last4=True),
        call_id=asked.call_id,
        trunk=asked.trunk,
        rule=asked.rule,
        result=asked.result,
        action=asked.action,
        since=moment_of(asked.since, "--since"),
        until=moment_of(asked.until, "--until"),
        limit=asked.limit + 1,
    )
    with telling(place), closing(to_read(place)) as store:
        found = list(store.search(wanted))
    return Decisions(found[: asked.limit], len(found) > asked.limit)


def named(number: str, config: Config | None, record: Path | None, *, last4: bool) -> Named:
    """Find all that names a number. Raises BadInput."""
    place = record_of(config, record)
    forms = _forms(number, _state(config, place), last4=last4)
    with telling(place), closing(to_read(place)) as store:
        return Named(place, store.naming(forms))


def delete(named: Named) -> int:
    """Delete decisions for good, beside a guard that writes; tell how many. Raises BadInput."""
    if not named.decisions:
        return 0
    with telling(named.record), closing(to_write(named.record)) as store:
        return store.delete(named.decisions)


def record_of(config: Config | None, record: Path | None) -> Place:
    """Give the file of the record that was named, or the record of the configuration. Raises BadInput."""
    if record is not None:
        return record
    if config is None:
        raise BadInput("which record? Give --config FILE, or --record FILE")
    if config.record is None:
        raise BadInput("the configuration keeps no record: it has no `state_directory`, or an empty `record.file`")
    return config.record.place


def _forms(number: str, state: Path | None, *, last4: bool) -> tuple[str, ...]:
    """Give the forms in which a number may stand in a record: hashed ones if the guard's secret is there.

    Raises BadInput.
    """
    try:
        key = secret.read(state)
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be read: {error.strerror}; run it as the guard's user") from None
    try:
        return forms(number, key, last4=last4)
    except ValueError as error:
        raise BadInput(str(error)) from None


def _state(config: Config | None, record: Place) -> Path | None:
    """Give where the secret is that hashed numbers are keyed by: in the state directory, or beside a file."""
    return (config and config.state_directory) or (record.parent if isinstance(record, Path) else None)


def moment_of(text: str | None, option: str) -> float | None:
    """Read a moment, which may be so long ago as `90m`, `12h` or `7d`. Raises BadInput."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    at = instant(text) if ago is None else time.time() - int(ago[1]) * _SECONDS[ago[2]]
    if at is None:
        raise BadInput(
            f"{option} `{text}`: expected a time such as 2026-11-26T12:00:00Z, or how long ago: 90m, 12h, 7d"
        )
    return at


@contextmanager
def telling(record: Place) -> Iterator[None]:
    """Say what is wrong with a record. Raises BadInput."""
    try:
        yield
    except FileNotFoundError:
        raise BadInput(f"there is no record {record}: a guard makes it, with its first decision") from None
    except RefusedRecord as error:
        raise BadInput(str(error)) from None
    except DamagedRecord as error:
        what = f"{record} is damaged, or no record at all: {error}; name another one, or put back a copy of it"
        raise BadInput(what) from None
    except Unusable as error:
        raise BadInput(f"the record {record} cannot be read: {error}") from None
