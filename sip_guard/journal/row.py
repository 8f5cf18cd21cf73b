"""A decision as it is kept: what is searched beside the whole."""

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

    @classmethod
    def of(cls, time: float, fields: dict[str, Any]) -> "Row":
        """Make the row of a decision at `time` (seconds since the epoch)."""
        named = ("call_id", "trunk", "result", "action", "rule", "reason", "sip_code")
        numbers = {fields["from"], *fields["asserted"], *fields["diversion"], fields["to"], fields["target"]}
        whole = _encoder.encode(fields).decode()
        return cls((time, *(fields[name] for name in named), whole), frozenset(numbers - {""}))
