"""Those that are compared: the guard, or several of them, and Kamailio in three configurations."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from identities import Certified, forged, signed, unsigned
from peer import Kamailio
from processes import Guard, children, eventually, free_address
from world import World, target

from sip_guard.sip.flow import Address

PARTS = ("cost", "flood", "cold", "memory", "highest")
"""What can be asked of a contender."""
_FETCHING = ("cost", "cold", "memory", "highest")
_REFUSED = ("cost", "highest")
COMPILING = 3600.0
"""Seconds that a list of protected numbers may take at most."""
PROTECTED = "protected.csv"
_STATE = "state_directory: state\n"
_REFUSING = (
    _STATE
    + """\
policy:
  rules:
    - {id: forged, when: {finding: signature-invalid}, then: reject}
"""
)
_LISTED = (
    _STATE
    + f"""\
numbers: {{home: [GB]}}
policy: {{preset: [default, uk]}}
lists: [{{name: protected, file: {PROTECTED}}}]
"""
)

Lines = Callable[[int, Sequence[Certified]], list[str]]
Made = Callable[[World, Address], Guard | Kamailio]


class Contender(NamedTuple):
    """One of those that are compared."""

    name: str
    made: Made
    """Starts it, with calls to go to an address."""
    lines: Lines = signed
    """What its callers show."""
    scenario: str = "caller"
    answered: bool = True
    """Whether its calls are answered; else they are refused."""
    parts: Sequence[str] = ("cost", "memory", "highest")
    """What is asked of it."""


class Ratio(NamedTuple):
    """What is divided by what, and how much it should be at most."""

    name: str
    above: str
    below: str
    most: float | None


def contenders(guards: Mapping[str, Sequence[str]]) -> list[Contender]:
    """Give them; `guards` are commands, by the names that they are told apart by."""
    each = [contender for name, command in guards.items() for contender in _of_guard(name, command)]
    return sorted([*each, *_OF_KAMAILIO], key=lambda contender: _ORDER.index(contender.name.partition(", ")[2]))


def ratios(guards: Mapping[str, Sequence[str]]) -> list[Ratio]:
    """Give what is asked of each guard, and what each is beside the first."""
    first, *others = guards
    wanted = [Ratio(f"{name}: {what}", f"{name}, {of}", *below) for name in guards for what, of, *below in _WANTED]
    beside = [
        Ratio(f"{name}: {kind}, to {first}'s", f"{name}, {kind}", f"{first}, {kind}", None)
        for name in others
        for kind in ("relay", "verified", "refused", "listed")
    ]
    return [*wanted, *beside]


def _of_guard(name: str, command: Sequence[str]) -> tuple[Contender, ...]:
    made = partial(_guard, command)
    return (
        Contender(f"{name}, relay", partial(made, "", "ignore")),
        Contender(f"{name}, verified", partial(made, _STATE, "prefer"), parts=PARTS),
        Contender(
            f"{name}, refused", partial(made, _REFUSING, "prefer"), forged, "refused", answered=False, parts=_REFUSED
        ),
        Contender(f"{name}, listed", partial(made, _LISTED, "prefer"), unsigned, "unsigned"),
    )


def _guard(command: Sequence[str], more: str, identity: str, world: World, to: Address) -> Guard:
    """Start a guard; a list of protected numbers is in force, and nothing is compiled any more."""
    guard = world.guard(target("pbx", to), more=more, identity=identity, command=command)
    there = not more.endswith(_LISTED) or eventually(
        lambda: bool(guard.events("list_loaded") or guard.events("list_kept")), COMPILING
    )
    if not there or not eventually(lambda: not children(guard.process.pid), COMPILING):
        raise RuntimeError(f"a list was not compiled: {guard.said.read_text('utf-8', 'replace')[-3000:]}")
    return guard


def _kamailio(kind: str, world: World, to: Address) -> Kamailio:
    return Kamailio(kind, free_address("127.0.0.1"), to, world.folder, world.certified.signer)


_OF_KAMAILIO = (
    Contender("kamailio, relay", partial(_kamailio, "relay")),
    Contender("kamailio, key in memory", partial(_kamailio, "key")),
    Contender("kamailio, chain checked", partial(_kamailio, "chain"), parts=_FETCHING),
    Contender("kamailio, refused", partial(_kamailio, "chain"), forged, "refused", answered=False, parts=_REFUSED),
)
_ORDER = ("relay", "verified", "key in memory", "chain checked", "refused", "listed")
"""What is compared with each other runs one right after the other."""
_WANTED = (
    ("relay, to Kamailio's", "relay", "kamailio, relay", 1.5),
    ("verified, to a key in memory", "verified", "kamailio, key in memory", 1.0),
    ("verified, to a checked chain", "verified", "kamailio, chain checked", 0.5),
    ("refused, to Kamailio's, chain checked", "refused", "kamailio, refused", 1.0),
    ("listed, to Kamailio's relay", "listed", "kamailio, relay", None),
    ("verified, to the floor", "verified", "floor", 2.2),
)
