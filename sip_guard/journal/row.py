"""A decision as it is kept, what is searched beside the whole, and how the call went on."""

from typing import Any, NamedTuple

import msgspec

Fields = dict[str, object]
"""The form of `sip_guard.record`, which is that of the log line."""

_encoder = msgspec.json.Encoder(enc_hook=str)


class Row(NamedTuple):
    """One decision."""

    values: tuple[object, ...]
    """In the order of `schema.COLUMNS`."""
    numbers: frozenset[str]
    """That the call shows or calls, and that diverted it, as they are masked."""
    shadows: tuple[tuple[str, str], ...]
    """Each rule in shadow that applied, and what it would have done."""

    @classmethod
    def of(cls, call: int, time: float, fields: dict[str, Any]) -> "Row":
        """Make the row of the decision of that number at `time` (seconds since the epoch)."""
        named = ("call_id", "trunk", "result", "action", "rule", "reason", "sip_code")
        numbers = {fields["from"], *fields["asserted"], *fields["diversion"], fields["to"], fields["target"]}
        whole = _encoder.encode(fields).decode()
        shadows = {shadow["rule"]: shadow["action"] for shadow in fields["shadow"]}
        values = (call, time, *(fields[name] for name in named), whole)
        return cls(values, frozenset(numbers - {""}), tuple(shadows.items()))


class Answer(NamedTuple):
    """The final answer to a call that was let through. In the order of `schema.ANSWERED`."""

    code: int
    answered: float | None
    """When, in seconds since the epoch, if it is a 2xx."""
    call: int
    """The number of the decision."""

    @classmethod
    def of(cls, call: int, code: int, at: float) -> "Answer":
        """Make it of an answer at `at`, in seconds since the epoch."""
        return cls(code, at if code < 300 else None, call)


class End(NamedTuple):
    """The end of a call that was answered. In the order of `schema.ENDED`."""

    duration: float
    """Seconds from its answer."""
    call: int
