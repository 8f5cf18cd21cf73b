"""A labelled day of traffic, made call by call, so that its size does not matter."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

from invite import Invite
from kinds import LEGITIMATE, SPOOFED, Kind
from makers import Draw
from signers import Signers

SECONDS = 86_400
SPOOFED_ONE_IN = 1000
"""What share of a day's calls is spoofed, in the case of 2022 as here."""


class Labelled(NamedTuple):
    """One call, and what it is."""

    label: str
    """Names it: the first part of its Call-ID."""
    at: float
    """When it is placed, in seconds since the epoch."""
    kind: Kind
    invite: Invite


def day(calls: int, seed: int, start: float, signers: Signers) -> Iterator[Labelled]:
    """Give so many calls in the order of their time. The same seed, start and certificates give the same calls.

    The first calls of each thousand are spoofed, each kind of them in turn; the others are drawn by their weights.
    """
    random = Random(seed)
    weights = list(accumulate(kind.weight for kind in LEGITIMATE))
    once = iter(LEGITIMATE)
    for number in range(calls):
        at = start + SECONDS * (number + random.random()) / calls
        turn, rest = divmod(number, SPOOFED_ONE_IN)
        if rest == SPOOFED_ONE_IN // 2:
            kind = SPOOFED[turn % len(SPOOFED)]
        else:
            kind = next(once, None) or random.choices(LEGITIMATE, cum_weights=weights)[0]
        yield Labelled(f"c{number:07d}", at, kind, kind.make(Draw(random, signers, int(at))))


def each(seed: int, start: float, signers: Signers) -> Iterator[Labelled]:
    """Give one call of each kind, a second after each other."""
    random = Random(seed)
    for number, kind in enumerate((*SPOOFED, *LEGITIMATE)):
        at = start + number
        yield Labelled(f"c{number:07d}", at, kind, kind.make(Draw(random, signers, int(at))))
