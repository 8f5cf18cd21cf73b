"""The places that a target leads to, and in which order targets and places are tried (RFC 3263 4.2, RFC 2782)."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TypeVar

from sip_guard.peer import Target, Transport
from sip_guard.sip.flow import Address
from sip_guard.value import Value


class Place(Value):
    """One address that a request may be sent to."""

    transport: Transport
    address: Address
    priority: int = 0
    """The smaller, the sooner it is tried. Comparable within one location, not between two."""
    weight: int = 0
    """Its share among those of the same priority (RFC 2782): 0 to 65535."""
    name: str = ""
    """The host that was asked for, which a TLS certificate must name (RFC 5922 7.3). Empty if it was an address."""
    server: str = ""
    """The host whose address it is: several addresses of one server count as one choice. Empty: a server by itself."""


_Choice = TypeVar("_Choice", Place, Target)


def order(choices: Iterable[_Choice], random: Callable[[], float]) -> list[_Choice]:
    """Give places or targets as they are to be tried: by priority, and within one by chance according to the weights.

    `random` gives numbers from 0 up to 1. Choices without weight are hardly ever first where others have one; where
    none has any, they keep their order. The addresses of one server count as one choice and stay together in their
    order; a target is a choice by itself (RFC 2782).
    """
    given = list(choices)
    if len(given) < 2:
        return given
    ordered: list[_Choice] = []
    for _, group in groupby(sorted(given, key=lambda choice: choice.priority), key=lambda choice: choice.priority):
        servers: dict[object, list[_Choice]] = {}
        for choice in group:
            servers.setdefault(_server(choice), []).append(choice)
        ordered += _by_chance(sorted(servers.values(), key=lambda server: server[0].weight > 0), random)
    return ordered


def _server(choice: Place | Target) -> object:
    """Give what the addresses from one SRV record have in common."""
    if isinstance(choice, Target):
        return choice.name
    return choice.transport, choice.server or choice.address[0], choice.address[1], choice.weight


def _by_chance(servers: list[list[_Choice]], random: Callable[[], float]) -> list[_Choice]:
    """Draw the servers one by one. Those without weight come first in `servers`, and so are drawn by a 0 alone.

    RFC 2782 has a 0 among the numbers always; where it means nobody, the first would get a share too many.
    """
    drawn: list[_Choice] = []
    left = sum(server[0].weight for server in servers)
    while left:
        least = min(servers[0][0].weight, 1)
        number = least + int(random() * (left + 1 - least))
        chosen = 0
        while (number := number - servers[chosen][0].weight) > 0:
            chosen += 1
        left -= servers[chosen][0].weight
        drawn += servers.pop(chosen)
    return drawn + [choice for server in servers for choice in server]
