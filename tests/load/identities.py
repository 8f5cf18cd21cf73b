"""What a caller shows, a line a call for SIPp: its number, and the value of Identity, which has semicolons."""

import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple
from uuid import uuid4

from sip_guard.demo.calls import BOB
from sip_guard.demo.pki import Issued
from sip_guard.stir.sign import sign


class Certified(NamedTuple):
    """Who signs, and where the certificate is."""

    signer: Issued
    url: str


def signed(count: int, signers: Sequence[Certified]) -> list[str]:
    """Give calls with a token each, signed now and by each in turn."""
    return [_signed(number, *by) for number, by in zip(_callers("1202556", count), cycle(signers), strict=False)]


def forged(count: int, signers: Sequence[Certified]) -> list[str]:
    """Give the same, each with the signature of the one before."""
    fields = [line.split(";") for line in signed(count, signers)]
    seals = [each[1].rpartition(".")[2] for each in fields]
    for each, seal in zip(fields, [seals[-1], *seals], strict=False):
        each[1] = each[1].rpartition(".")[0] + "." + seal
    return [";".join(each) for each in fields]


def unsigned(count: int, _: Sequence[Certified] = ()) -> list[str]:
    """Give calls without a token, from London."""
    return list(_callers("4420700", count))


def _callers(prefix: str, count: int) -> Iterator[str]:
    """Give numbers, after 10,000 the first again."""
    return islice(cycle(f"{prefix}{number:04}" for number in range(10_000)), count)


def _signed(caller: str, signer: Issued, url: str) -> str:
    value = sign(
        attest="A",
        dest_tn=[BOB],
        iat=int(time.time()),
        orig_tn=caller,
        origid=str(uuid4()),
        key=signer.signing_key,
        x5u=url,
    )
    return f"{caller};{value.decode()}"
