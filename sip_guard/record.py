"""The form of a decision in the log: one flat record a call, tokens never in it."""

from hashlib import blake2b
from typing import Literal

import msgspec

from sip_guard.call import Call, Code
from sip_guard.policy.decision import Decision
from sip_guard.verdict import Reject

Numbers = Literal["full", "last4", "hash"]


class Masking(msgspec.Struct, frozen=True):
    """How telephone numbers appear in the log."""

    numbers: Numbers = "full"
    """`full`; `last4`: all but the last four digits as `*`; `hash`: a keyed digest, equal for equal numbers."""
    key: bytes = b""
    """Of the digest; at most 64 octets."""

    def mask(self, text: str) -> str:
        """Give a number or user part as it may be shown. What is not numeric is left alone, but for `hash`."""
        if self.numbers == "full" or not text:
            return text
        if self.numbers == "hash":
            return blake2b(text.lstrip("+").encode("utf-8", "replace"), digest_size=8, key=self.key).hexdigest()
        digits = sum(c.isdigit() for c in text)
        masked = []
        for c in text:
            if c.isdigit():
                masked.append(c if digits <= 4 else "*")
                digits -= 1
            else:
                masked.append(c)
        return "".join(masked)


def record(call: Call, decision: Decision, masking: Masking, *, now: float, generation: int) -> dict[str, object]:
    """Give the record of a decision taken at `now` (seconds since the epoch), under configuration `generation`."""
    mask = masking.mask
    attestation = next((f.attestation for f in decision.findings if f.attestation and f.weighs), None)
    verdict = decision.verdict
    fields: dict[str, object] = {
        "call_id": call.call_id[:256],
        "trunk": call.trunk.name,
        "source": f"{call.flow.remote[0]}:{call.flow.remote[1]}",
        "result": decision.result,
        "action": decision.action,
        "rule": decision.rule,
        "reason": decision.reason,
        "sip_code": verdict.code if isinstance(verdict, Reject) else None,
        "from": mask(_shown(call, "from")),
        "asserted": [mask(party.number or "") for party in call.asserted],
        "to": mask(call.to.number or ""),
        "target": mask(_shown(call, "target")),
        "identities": len(call.identities),
        "attest": attestation.level if attestation else None,
        "origid": attestation.origid[:64] if attestation else None,
        "spc": attestation.spc if attestation else None,
        "findings": [
            {
                "code": finding.code.value,
                "detail": finding.detail if masking.numbers == "full" or finding.code in _PLAIN else "",
                "token": finding.token or None,
                "weighs": finding.weighs,
                **{k: v for k, v in finding.particulars if masking.numbers == "full" or k not in _NUMBERS},
            }
            for finding in decision.findings
        ],
        "shadow": [{"rule": shadow.rule, "action": shadow.action} for shadow in decision.shadows],
        "latency_ms": round((now - call.arrival) * 1000, 2),
        "generation": generation,
    }
    return fields


_PLAIN = frozenset(code for code in Code if code.outcome.value in {"unavailable", "untrusted", "stale", "unsigned"})
"""Findings whose detail never holds a number of the call."""
_NUMBERS = frozenset({"orig", "dest"})


def _shown(call: Call, name: Literal["from", "target"]) -> str:
    """Give the number, or else the user part, that stands in From or the Request-URI."""
    party = call.presented if name == "from" else call.target
    if party.number is not None:
        return party.number
    return party.uri.user.decode("utf-8", "replace")[:64] if party.uri else ""
