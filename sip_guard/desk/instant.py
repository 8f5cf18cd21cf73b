"""Moments on a command line."""

import time
from datetime import UTC, datetime


def instant(text: str) -> float | None:
    """Read `now`, seconds since the epoch, or ISO 8601 (UTC unless it says otherwise); None: it is none of them."""
    if text == "now":
        return time.time()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
