"""The form of a decision in the log: one flat record a call, tokens never in it."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Literal

import msgspec

from sip_guard.call import Call, Party
from sip_guard.number import dialled
from sip_guard.policy.decision import Decision
from sip_guard.sip.flow import written
from sip_guard.sip.hygiene import PRIVACY, privacy
from sip_guard.verdict import Forward

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
        if text.isdecimal():
            return text[-4:].rjust(len(text), "*")
        digits = sum(c.isdigit() for c in text)
        masked = []
        for c in text:
            if c.isdigit():
                masked.append(c if digits <= 4 else "*")
                digits -= 1
            else:
                masked.append(c)
        return "".join(masked)


def forms(number: str, key: bytes | None, *, last4: bool) -> tuple[str, ...]:
    """Give all forms in which a number may stand in a record, which depends on `log.numbers` of that time.

    `key` is that of the digests; without it hashed numbers are not found. `last4` asks for the masked form too, which
    other numbers share. Raises ValueError where it is no number.
    """
    digits = dialled(number).removeprefix("+")
    if digits.startswith("00"):
        digits = digits.removeprefix("00")
    if not digits:
        raise ValueError(f"`{number}` is no number")
    made = [digits]
    if last4 and digits.isdecimal():
        made.append(Masking("last4").mask(digits))
    if key is not None:
        made.append(Masking("hash", key).mask(digits))
    return tuple(dict.fromkeys(made))


def record(call: Call, decision: Decision, masking: Masking, *, now: float, generation: int) -> dict[str, object]:
    """Give the record of a decision taken at `now` (seconds since the epoch), under configuration `generation`."""
    mask, shown = (str, str) if masking.numbers == "full" else (masking.mask, _masked(call, masking))
    attestations = [f.attestation for f in decision.findings if f.attestation and f.weighs]
    attestation = attestations[0] if attestations else None
    verdict = decision.verdict
    fields: dict[str, object] = {
        "call_id": shown(call.call_id[:256]),
        "trunk": call.trunk.name,
        "source": written(call.flow.remote),
        "result": decision.result,
        "action": decision.action,
        "rule": decision.rule,
        "mode": decision.mode,
        "reason": decision.reason,
        "sip_code": None if isinstance(verdict, Forward) else verdict.code,
        "from": mask(who(call.presented)),
        "asserted": [mask(party.number or "") for party in call.network],
        "diversion": [mask(who(party)) for party in call.diverting],
        "privacy": sorted([word.decode() for word in PRIVACY & privacy(call.request)]),
        "to": mask(call.to.number or ""),
        "target": mask(who(call.target)),
        "identities": len(call.identities),
        "attest": attestation.level if attestation else None,
        "origid": shown(attestation.origid[:64]) if attestation else None,
        "spc": attestation.spc if attestation else None,
        "findings": [
            {
                "code": finding.code.value,
                "detail": shown(finding.detail),
                "token": finding.token or None,
                "weighs": finding.weighs,
                **{
                    name: value if isinstance(value, int) else mask(value) if name in _NUMBERS else shown(value)
                    for name, value in finding.particulars
                },
            }
            for finding in decision.findings
        ],
        "shadow": [{"rule": s.rule, "action": s.action, "mode": s.mode} for s in decision.shadows],
        "latency_ms": round((now - call.arrival) * 1000, 2),
        "generation": generation,
    }
    return fields


_NUMBERS = frozenset({"orig", "dest"})
"""Particulars that are a token's number, which need be none of the call's."""


def _parties(call: Call) -> tuple[Party, ...]:
    return (call.presented, *call.network, *call.diverting, call.to, call.target)


def _masked(call: Call, masking: Masking) -> Callable[[str], str]:
    """Give what masks the numbers of a call wherever they stand in a text that somebody else wrote."""
    parties = _parties(call)
    numbers = {party.number: masking.mask(party.number) for party in parties if party.number and len(party.number) > 4}

    def masked(text: str) -> str:
        for number, instead in numbers.items():
            text = text.replace(number, instead)
        return text

    return masked


def who(party: Party) -> str:
    """Give the number, or else the user part, that a header field shows."""
    if party.number is not None:
        return party.number
    return party.uri.user.decode("utf-8", "replace")[:64] if party.uri else ""
