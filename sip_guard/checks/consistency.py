"""Whether From and what the network asserts agree.

That a token attests one of them alone is found where tokens are verified (`presented-not-attested`,
`asserted-not-attested`).
"""

from sip_guard import plans
from sip_guard.call import Call, Code, Finding
from sip_guard.plans.reading import Reading


class ConsistencyCheck:
    """Compares the numbers of a call. That they differ is no fault by itself: call centres show a client's number."""

    name = "consistency"

    def check(self, call: Call) -> list[Finding]:
        """Give a finding where the network names two callers, or another one than From does."""
        asserted = list(dict.fromkeys(party.number for party in call.network if party.number is not None))
        if len(asserted) > 1:
            return [Finding(Code.ASSERTED_AMBIGUOUS, f"{len(asserted)} different numbers are asserted")]
        presented = call.presented.number
        if not asserted or presented is None or presented == asserted[0]:
            return []
        one, other = plans.read(presented), plans.read(asserted[0])
        about = (*_particulars("from", one), *_particulars("asserted", other))
        if _apart(one, other):
            return [
                Finding(Code.COUNTRIES_DIFFER, "From is of another country than what is asserted", particulars=about)
            ]
        return [Finding(Code.NUMBERS_DIFFER, "From is another number than what is asserted", particulars=about)]


def _apart(one: Reading | None, other: Reading | None) -> bool:
    """Tell whether two numbers are of different countries for sure. A plan that is not known is none of those known."""
    if one is None or other is None:
        return one is not other
    return bool(one.countries and other.countries) and not one.countries & other.countries


def _particulars(field: str, reading: Reading | None) -> tuple[tuple[str, str], ...]:
    country, kind = (reading.country, reading.kind) if reading is not None else ("", "unknown")
    return ((f"{field}_country", country), (f"{field}_kind", kind))
