"""What the core wants done."""

from sip_guard.peer import Trunk
from sip_guard.proxy.key import Key
from sip_guard.sip.flow import Address, End, Flow
from sip_guard.sip.message import Request
from sip_guard.value import Value


class Send(Value):
    """Send these octets along this flow."""

    octets: bytes
    flow: Flow
    back: Address | None = None
    """Of an answer, where it goes if the connection that its request came by is closed (RFC 3261 18.2.2)."""


class Screen(Value):
    """Find out whether this caller is entitled to the number it presents, then call `decide` with the key."""

    key: Key
    request: Request
    trunk: Trunk
    flow: Flow


class Abandon(Value):
    """The caller gave up before there was a verdict: stop finding out."""

    key: Key


class Refused(Value):
    """Take note that a request got no further than here, with which answer: it is among the actions beside this."""

    request: Request
    code: int
    phrase: str
    flow: Flow


class Unreached(Value):
    """Take note that a request reached nobody, though it was let through: the guard itself answers it."""

    request: Request
    code: int
    flow: Flow
    tried: tuple[tuple[str, End], ...]
    """Names of targets, empty within a call, and their addresses, in the order in which they were tried."""


class Marked(Value):
    """Take note that a target's address is used from now on, or not any more."""

    target: str
    end: End
    up: bool
    reason: str


class Followed(Value):
    """What a call that was let through is known by until it ends."""

    decision: int
    """The number of the decision about it, which no other has."""
    caller: int | None
    """`Call.caller`; None: nobody is told how long the caller was listened to."""


class Answered(Value):
    """Take note of the first final answer to a call that was let through: from 200 to 299, it begins to be spoken."""

    call: Followed
    code: int


class Ended(Value):
    """Take note that a call that was answered is over."""

    call: Followed
    duration: float
    """Seconds from its first 2xx to its BYE."""


Action = Send | Screen | Abandon | Refused | Unreached | Marked | Answered | Ended
