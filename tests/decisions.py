"""Decisions to keep, as the log has them."""

from itertools import count
from typing import Any

from sip_guard.journal.row import Row

NUMBERS = count(2**40)
"""Of decisions: no two are alike."""


def fields(call_id: str = "a", **given: Any) -> dict[str, Any]:
    """Give the form of a decision; `caller` is From."""
    caller = given.pop("caller", "12155550100")
    made: dict[str, Any] = {
        "call_id": call_id,
        "trunk": "carrier",
        "source": "192.0.2.1:5060",
        "result": "absent",
        "action": "tag",
        "rule": "unsigned",
        "mode": "enforce",
        "reason": "no-identity",
        "sip_code": None,
        "from": caller,
        "asserted": [caller] if caller else [],
        "diversion": [],
        "privacy": [],
        "to": "441632960001",
        "target": "441632960001",
        "identities": 0,
        "attest": None,
        "origid": None,
        "spc": None,
        "findings": [{"code": "no-identity", "detail": "", "token": None, "weighs": True}],
        "shadow": [{"rule": "number", "action": "reject 403", "mode": "shadow"}],
        "latency_ms": 0.2,
        "generation": 1,
    }
    return made | given


def row(time: float, call_id: str = "a", *, call: int | None = None, **given: Any) -> Row:
    """Give the row of a decision; `call` is its number, if it is to be a certain one."""
    return Row.of(next(NUMBERS) if call is None else call, time, fields(call_id, **given))
