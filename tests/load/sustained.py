"""Whether a rate of calls was carried, and not only survived."""

from callers import Callers
from report import percentile

REPEATED = 0.005
"""Messages sent again for each call: more of them, and the rate is not sustained but only survived."""
LATE = 200.0
"""Milliseconds that 99 of 100 answers may take: more, and a queue grows that would be too long some seconds later."""


def sustained(callers: Callers, calls: int) -> bool:
    """Tell whether of calls that are over all went well, hardly a message was repeated, and answers came soon."""
    counts = callers.counts
    late = percentile(callers.answer_times(), 0.99)
    return counts.completed == calls and counts.repeated <= REPEATED * calls and late <= LATE
