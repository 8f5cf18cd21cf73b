"""What the numbering plans of countries, and their regulators, say about numbers."""

from sip_guard.plans import fr, gb, nanp, us
from sip_guard.plans.reading import Reading

DOMESTIC = {
    "CA": frozenset({"CA"}),
    "FR": frozenset({"FR"}),
    "GB": frozenset({"GB"}),
    "US": frozenset(us.AREAS),
}
"""By ISO 3166-1 country whose plan is known: what its regulator counts as domestic. American territories are (FCC)."""


def read(number: str) -> Reading | None:
    """Say what is known of a canonical number (international digits without `+`); None: its plan is not known.

    Service numbers and star codes, which stay national, belong to no plan.
    """
    if len(number) <= 6 or not number.isdecimal():
        return None
    if number[0] == "1":
        return nanp.read(number)
    code = number[:2]
    if code == "44":
        return gb.read(number)
    if code == "33":
        return fr.read(number)
    return None
