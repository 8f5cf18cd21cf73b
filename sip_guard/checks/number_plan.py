"""Whether a number can be what it claims by the plan of its country, and whether it was given to anybody."""

from sip_guard import plans
from sip_guard.call import Call, Code, Finding
from sip_guard.plans.blocks import Blocks
from sip_guard.plans.reading import Reading


class NumberPlanCheck:
    """Looks up From and what the network asserts. Of countries whose plan is not known, nothing is said."""

    name = "number-plan"

    def __init__(self, allocations: Blocks | None) -> None:
        """`allocations`: what the regulators have given away, as far as their lists are known here."""
        self._allocations = allocations

    def check(self, call: Call) -> list[Finding]:
        """Give at most one finding for each number: what is wrong first makes the rest meaningless."""
        found = []
        for field, party in call.shown():
            number = party.number
            if number is None:
                continue
            reading = plans.read(number)
            inserted = number.startswith(call.trunk.inserted_numbers) or (reading is not None and reading.is_inserted)
            judged = _inserted(field) if inserted else self._judged(number, reading)
            if judged is not None:
                code, detail = judged
                found.append(Finding(code, f"{field}: {detail}", particulars=_particulars(field, reading)))
        return found

    def _judged(self, number: str, reading: Reading | None) -> tuple[Code, str] | None:
        if reading is not None and reading.fault:
            return Code.NUMBER_INVALID, reading.fault
        if reading is not None and reading.originates == "never":
            return Code.NUMBER_NEVER_ORIGINATES, reading.why
        block = self._allocations.find(number) if self._allocations is not None else None
        if block is not None and not block.allocated:
            return Code.NUMBER_UNALLOCATED, "its block was given to nobody"
        if reading is not None and reading.originates == "doubtful":
            return Code.NUMBER_DOUBTFUL, reading.why
        return None


def _inserted(field: str) -> tuple[Code, str] | None:
    """Judge a number that carriers insert: it belongs in the network's word, and is never shown."""
    if field == "asserted":
        return None
    return Code.NUMBER_INSERTED, "a number that carriers insert where there is none"


def _particulars(field: str, reading: Reading | None) -> tuple[tuple[str, str], ...]:
    country, kind = (reading.country, reading.kind) if reading is not None else ("", "unknown")
    return (("field", field), ("country", country), ("kind", kind))
