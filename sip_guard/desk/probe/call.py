"""What the user agent of a probe is told, and what it has seen: between its process and ours, as JSON."""

import msgspec


class ProbeCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is to be placed."""

    uri: str
    """Whom to call: the Request-URI, which also says where the request is sent."""
    caller: str
    """From: a name-addr."""
    fields: tuple[tuple[str, str], ...]
    """Header fields that the INVITE has besides."""
    local: tuple[str, int]
    """Where it comes from; port 0: one of the system's choice."""
    tcp: bool
    callee: tuple[str, int] | None
    """Where the call is waited for, and answered at once; None: somebody else gets it."""
    ring: float
    """Seconds after which a call that rings is given up."""
    patience: float
    """Seconds after which one that nobody answers is given up."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    answers: tuple[str, ...] = ()
    """Every answer that the caller got, as it came."""
    arrived: str = ""
    """The INVITE as the callee got it; empty: it got none."""
    fault: str = ""
    """Why the call could not be placed."""
