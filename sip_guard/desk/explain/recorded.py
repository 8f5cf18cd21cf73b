"""A call out of the record or the log: what the form of its decision says, and no more."""

import gzip
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from sip_guard.call import Call, Finding
from sip_guard.config import Config
from sip_guard.desk.bad_input import BadInput
from sip_guard.desk.calls.show import WENT
from sip_guard.desk.calls.show import line as written
from sip_guard.desk.guard import trunk_named
from sip_guard.journal.file import is_record
from sip_guard.journal.opening import to_read
from sip_guard.journal.options import Place
from sip_guard.journal.store import Wanted
from sip_guard.journal.trouble import RefusedRecord, Unusable
from sip_guard.recorded import recorded


class Recorded(msgspec.Struct, frozen=True):
    """A decision in the record."""

    call: Call
    """As far as the record goes: header fields that are not in it are missing."""
    findings: tuple[Finding, ...]
    action: str
    rule: str
    went: dict[str, Any]
    """What is known of how the call went on: `answer`, and `answered` and `duration` where somebody answered."""
    decisions: int
    """How many decisions there are about this Call-ID; this is the last."""


def recorded_call(record: Place, call_id: str, config: Config) -> Recorded:
    """Find the last decision about a Call-ID. Raises BadInput."""
    line, count = None, 0
    try:
        log = record if isinstance(record, Path) and not is_record(record) else None
        for line in _logged(log, call_id) if log else _kept(record, call_id):  # noqa: B007 - the last counts
            count += 1
    except RefusedRecord as refused:
        raise BadInput(str(refused)) from None
    except (OSError, EOFError, Unusable) as error:
        raise BadInput(f"the record {record} cannot be read: {error}") from None
    if line is None:
        raise BadInput(
            f"`{call_id}` is neither a file nor a Call-ID of a decision in the record {record}; see --record"
        )
    try:
        went = {name: line[name] for name in WENT if name in line}
        trunk, at = trunk_named(config, line["trunk"]), datetime.fromisoformat(line["ts"]).timestamp()
        call, findings = recorded(line, trunk, at)
        return Recorded(call, findings, line["action"], line["rule"], went, count)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"the record {record} has a decision about `{call_id}` in another form: {error}") from None


def _kept(record: Place, call_id: str) -> list[dict[str, Any]]:
    with closing(to_read(record)) as store:
        return [written(found) for found in store.search(Wanted(call_id=call_id))][::-1]


def _logged(path: Path, call_id: str) -> Iterator[dict[str, Any]]:
    for line in _lines(path):
        if call_id.encode() in line and (decision := _decision(line, call_id)) is not None:
            yield decision


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        yield from cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw


def _decision(line: bytes, call_id: str) -> dict[str, Any] | None:
    try:
        made = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    is_it = isinstance(made, dict) and made.get("event") == "decision" and made.get("call_id") == call_id
    return made if is_it else None
