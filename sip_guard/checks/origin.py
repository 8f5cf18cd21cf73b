"""Whether a call that comes in from abroad shows a number of home (Ofcom, CLI guidance of July 2024).

A domestic number from abroad is a spoofed one, but for those who may well call so: mobiles that roam, customers whose
lines end abroad, the Crown dependencies, and callers of home who were diverted abroad and back.
"""

from sip_guard import plans
from sip_guard.call import Call, Code, Finding
from sip_guard.plans.blocks import Blocks
from sip_guard.plans.gb import DEPENDENCIES
from sip_guard.plans.reading import Reading


class OriginCheck:
    """Looks at calls of trunks whose `origin` is abroad."""

    name = "origin"

    def __init__(self, home: frozenset[str], permitted: Blocks | None) -> None:
        """`home`: ISO 3166-1 countries that are domestic. `permitted`: numbers of home that may come in from abroad."""
        self._home = home
        self._permitted = permitted

    def check(self, call: Call) -> list[Finding]:
        """Give a finding for each number of home, From and the network's word apart: the exceptions differ."""
        if call.trunk.origin not in ("international_gateway", "roaming_verified"):
            return []
        found = []
        for field, party in call.shown():
            number = party.number
            reading = plans.read(number) if number is not None else None
            if number is None or reading is None:
                continue
            judged = self._judged(call, number, reading)
            if judged is not None:
                code, detail = judged
                about = (("field", field), ("country", reading.country), ("kind", reading.kind))
                found.append(Finding(code, f"{field}: {detail}", particulars=about))
        return found

    def _judged(self, call: Call, number: str, reading: Reading) -> tuple[Code, str] | None:
        if not reading.countries & self._home:
            if "GB" in self._home and reading.countries & DEPENDENCIES:
                return Code.FOREIGN_PERMITTED, "a Crown dependency, whose calls may come in from abroad"
            return None
        if reading.is_inserted or number.startswith(call.trunk.inserted_numbers):
            return None
        block = self._permitted.find(number) if self._permitted is not None else None
        if block is not None and block.allocated:
            return Code.FOREIGN_PERMITTED, "listed as permitted" + (f" for {block.holder}" if block.holder else "")
        if call.diverted:
            return Code.FOREIGN_PERMITTED, "diverted abroad: the call may have begun at home"
        if reading.kind != "mobile":
            return Code.FOREIGN_ORIGIN, f"a number of home ({reading.kind}) on a call from abroad"
        if call.trunk.origin == "roaming_verified":
            return None
        return Code.FOREIGN_MOBILE, "a mobile number of home on a call from abroad: it roams, or it is spoofed"
