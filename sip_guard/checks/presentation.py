"""Whether a trunk may present the numbers that its calls show (Ofcom, General Condition C6 and its CLI guidance).

By British practice a presentation number is one that the network stored (type 1) or verified to be of the customer's
own range (2), one that the customer named under a contract (3, and 5 for a call centre's client), or that of whoever
called, where the customer sends a call on (4).
"""

from collections.abc import Mapping

from sip_guard import plans
from sip_guard.call import Call, Code, Excuse, Finding, NumberField
from sip_guard.plans.blocks import Blocks


class PresentationCheck:
    """Looks at From, at what the network asserts and at numbers in display names, on trunks whose numbers are known."""

    name = "presentation"

    def __init__(self, permitted: Mapping[str, Blocks]) -> None:
        """`permitted`: by the name of the trunk, what it may present. A trunk that is not in it may present any."""
        self._permitted = permitted

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each number that is not the trunk's to present. Who shows none may withhold its own."""
        permitted = self._permitted.get(call.trunk.name)
        if permitted is None:
            return []
        found = [
            _finding(call, field, number)
            for field, number in call.numbers()
            if permitted.find(number) is None and not (field == "asserted" and _is_inserted(call, number))
        ]
        if found and call.diverted and any(permitted.find(party.number or "") for party in call.diverting):
            return []
        return found


def _is_inserted(call: Call, number: str) -> bool:
    """Tell whether it stands for a number that is not known, and is nobody's."""
    reading = plans.read(number)
    return number.startswith(call.trunk.inserted_numbers) or (reading is not None and reading.is_inserted)


def _finding(call: Call, field: NumberField, number: str) -> Finding:
    """Give a finding. A token with attestation A answers for it: its signer knows that the number is the caller's."""
    reading = plans.read(number)
    country, kind = (reading.country, reading.kind) if reading is not None else ("", "unknown")
    return Finding(
        Code.PRESENTATION_NOT_PERMITTED,
        f"{field}: a number that is not the trunk's to present",
        excuse=None if field == "name" else Excuse(call.attested_by(field, number), "A"),
        particulars=(("field", field), ("country", country), ("kind", kind)),
    )
