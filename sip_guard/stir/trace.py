"""Every check of one token with what came of it, for whoever wants to see more than the first fault."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sip_guard.call import Finding
from sip_guard.stir.token import Token
from sip_guard.stir.verify import EXAMINED, VERIFIED, Step

_MISSING = {
    "identity": "the header field cannot be read",
    "jws": "the token cannot be read",
    "passport": "the claims cannot be read",
    "signer": "there is no certificate that is believed",
}


class Line(NamedTuple):
    """One check."""

    check: str
    source: str
    """Section of the standard that asks for it."""
    outcome: Literal["good", "wrong", "not asked"]
    detail: str = ""


def examined(token: Token) -> Iterator[Line]:
    """Ask all that needs no certificate, on and on as far as what was read goes. `token.finding` is the first fault."""
    yield from _asked(EXAMINED, token)


def verified(token: Token) -> Iterator[Line]:
    """Ask all that needs the certificate."""
    yield from _asked(VERIFIED, token)


def _asked(steps: tuple[Step, ...], token: Token) -> Iterator[Line]:
    supported = True
    for step in steps:
        if not supported or not hasattr(token, step.needs):
            yield Line(step.name, step.source, "not asked", _MISSING[step.needs] if supported else "a type passed over")
            continue
        fault = step.fault(token)
        supported = fault is None or step.name != "type"
        if fault is None and token.alone is not None and step.name in ("time", "dest"):
            yield _wrong(step, token.alone)
        elif fault is None:
            yield Line(step.name, step.source, "good")
        else:
            token.finding = token.finding or fault
            yield _wrong(step, fault)


def _wrong(step: Step, fault: Finding) -> Line:
    return Line(step.name, step.source, "wrong", f"{fault.code.value}: {fault.detail}")
