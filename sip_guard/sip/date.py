"""The Date header field (RFC 3261 20.17, 25.1)."""

import re
from datetime import UTC, datetime

_DATE = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4}) "
    rb"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"


def seconds(value: bytes) -> int | None:
    """Give the seconds since the epoch that a Date says; None for another form, or for another zone than GMT."""
    m = _DATE.fullmatch(value.strip())
    if m is None:
        return None
    day, month, year, hour, minute, second = m.groups()
    try:
        when = datetime(
            int(year), _MONTHS.index(month) // 3 + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return int(when.timestamp())
