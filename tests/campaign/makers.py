"""How calls of each kind are made."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import ranges
from invite import Invite
from ranges import BANKS, FIRST, SECOND, THIRD, digits, fixed, grouped, national
from signers import Signers


class Draw(NamedTuple):
    """What calls are made of."""

    random: Random
    signers: Signers
    iat: int
    """When the call is placed, in whole seconds since the epoch."""

    def customer(self) -> str:
        """Give the number of somebody who is called."""
        return digits(self.random, "441610")

    def shaken(self, signer: str, level: str, caller: str, called: str) -> str:
        """Give the header line with a SHAKEN token."""
        return self.signers.shaken(signer, level, caller=caller, called=called, iat=self.iat, random=self.random)


def shown(number: str, name: str = "") -> str:
    """Write a caller as From or P-Asserted-Identity has it; `number` in whatever form."""
    text = number if number[:1] in "0+" else f"+{number}"
    return f'"{name}" <sip:{text}@carrier.example>' if name else f"<sip:{text}@carrier.example>"


def asserted(number: str, name: str = "") -> str:
    return f"P-Asserted-Identity: {shown(number, name)}"


def bank(draw: Draw) -> Invite:
    number = digits(draw.random, draw.random.choice((FIRST, SECOND, THIRD)))
    return Invite(f"+{draw.customer()}", shown(number))


def bank_asserted_too(draw: Draw) -> Invite:
    number = digits(draw.random, FIRST)
    return Invite(f"+{draw.customer()}", shown(number), (asserted(number),))


def bank_harmless_asserted(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(digits(draw.random, FIRST)), (asserted(fixed(draw.random)),))


def bank_in_asserted(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(fixed(draw.random)), (asserted(digits(draw.random, SECOND)),))


def bank_national(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(national(digits(draw.random, FIRST))))


def bank_number_as_name(draw: Draw) -> Invite:
    name = grouped(digits(draw.random, FIRST))
    return Invite(f"+{draw.customer()}", shown(fixed(draw.random), name))


_ALIKE = str.maketrans("aeo", "\u0430\u0435\u043e")


def bank_name(draw: Draw) -> Invite:
    name = draw.random.choice(BANKS)
    spelled = draw.random.choice(
        (name, name.upper(), name.translate(_ALIKE), name.replace("l", "1"), f"{name} Fraud Team")
    )
    return Invite(f"+{draw.customer()}", shown(fixed(draw.random), spelled))


def bank_attested_by_gateway(draw: Draw) -> Invite:
    number, called = digits(draw.random, THIRD), draw.customer()
    return Invite(f"+{called}", shown(number), (draw.shaken("gateway", "C", number, called),))


def home_from_abroad(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(fixed(draw.random)))


def mobile(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(digits(draw.random, ranges.MOBILE)))


def fixed_line(draw: Draw) -> Invite:
    number = fixed(draw.random)
    return Invite(f"+{draw.customer()}", shown(number), (asserted(number),))


def national_form(draw: Draw) -> Invite:
    number = national(fixed(draw.random))
    return Invite(national(draw.customer()), shown(number), (asserted(number),))


def withheld(draw: Draw) -> Invite:
    lines = (asserted(fixed(draw.random)), "Privacy: id")
    return Invite(f"+{draw.customer()}", '"Anonymous" <sip:anonymous@anonymous.invalid>', lines)


def withheld_abroad(draw: Draw) -> Invite:
    lines = (asserted(digits(draw.random, "448979")), "Privacy: id")
    return Invite(f"+{draw.customer()}", '"Anonymous" <sip:anonymous@anonymous.invalid>', lines)


def call_centre(draw: Draw) -> Invite:
    client = digits(draw.random, ranges.CLIENT)
    return Invite(f"+{draw.customer()}", shown(client, "Example Utilities"), (asserted(digits(draw.random, "441130")),))


def abroad(draw: Draw) -> Invite:
    start, length = draw.random.choice(ranges.FOREIGN)
    return Invite(f"+{draw.customer()}", shown(digits(draw.random, start, length)))


def dependency(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(digits(draw.random, ranges.GUERNSEY)))


def customer_abroad(draw: Draw) -> Invite:
    number = digits(draw.random, ranges.PERMITTED)
    return Invite(f"+{draw.customer()}", shown(number), (asserted(number),))


def sent_on(draw: Draw) -> Invite:
    number, by = fixed(draw.random), draw.customer()
    lines = (
        asserted(number),
        f"Diversion: <sip:+{by}@carrier.example>;reason=no-answer",
        f"History-Info: <sip:+{by}@carrier.example>;index=1, <sip:+{draw.customer()}@carrier.example>;index=1.1",
    )
    return Invite(f"+{draw.customer()}", shown(number), lines, to=f"+{by}")


def sent_on_signed(draw: Draw) -> Invite:
    number, by, called = fixed(draw.random), draw.customer(), draw.customer()
    lines = (
        draw.shaken("carrier", "A", number, by),
        draw.signers.diverted(number, by, called, draw.iat),
        f"Diversion: <sip:+{by}@carrier.example>;reason=no-answer",
    )
    return Invite(f"+{called}", shown(number), lines, to=f"+{by}")


def attested(level: str, signer: str, start: str = "") -> Callable[[Draw], Invite]:
    def make(draw: Draw) -> Invite:
        number = digits(draw.random, start) if start else fixed(draw.random)
        called = draw.customer()
        return Invite(f"+{called}", shown(number), (draw.shaken(signer, level, number, called),))

    return make


def foreign_attested(draw: Draw) -> Invite:
    number, called = digits(draw.random, *ranges.FOREIGN[0]), draw.customer()
    return Invite(f"+{called}", shown(number), (draw.shaken("gateway", "C", number, called),))


def emergency(draw: Draw) -> Invite:
    return Invite(draw.random.choice(("999", "112")), shown(fixed(draw.random)))


def called_back(draw: Draw) -> Invite:
    return Invite(f"+{draw.customer()}", shown(fixed(draw.random)), ("Priority: psap-callback",))


def short(draw: Draw) -> Invite:
    return Invite(draw.random.choice(("159", "150", "105")), shown(fixed(draw.random)))


def bank_itself(draw: Draw) -> Invite:
    number = digits(draw.random, SECOND)
    return Invite(f"+{draw.customer()}", shown(number, BANKS[1]), (asserted(number),))
