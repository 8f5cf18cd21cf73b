"""What is to be done with a request."""

import msgspec


class Tags(msgspec.Struct, frozen=True):
    """What the target is told about a call that is let through."""

    verstat: str | None = None
    """`TN-Validation-Passed` (with `-A`, `-B` or `-C` for vendors that read it), `TN-Validation-Failed` or
    `No-TN-Validation` (3GPP TS 24.229 7.2A.20); None: none."""
    verified: frozenset[bytes] = frozenset()
    """Header fields, in lower case, whose number was judged: they and no others carry the verstat."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Header fields to add, name and value."""
    removed: frozenset[bytes] = frozenset()
    """Header fields, long names in lower case, that do not go on: what they claim was found not to be so."""


class Forward(msgspec.Struct, frozen=True):
    """Send the request on to the trunk's target."""

    tags: Tags = Tags()
    reasons: tuple[bytes, ...] = ()
    """Values of Reason that the next answer to the caller carries: what is wrong with its tokens (RFC 9410 4)."""
    anonymise: bool = False
    """Whether the callee learns nothing of who calls, for as long as the call lasts."""


class Reject(msgspec.Struct, frozen=True):
    """Answer the request with a final answer of our own."""

    code: int
    phrase: str
    reasons: tuple[bytes, ...] = ()
    """Values of Reason: why a rule refuses it, and one for each token that is wrong, where there are several."""


class Redirect(msgspec.Struct, frozen=True):
    """Answer the request with a final answer that names another place, 302 (RFC 3261 21.3.3)."""

    contact: bytes
    """The SIP URI of that place."""
    code: int = 302
    reasons: tuple[bytes, ...] = ()
    """Values of Reason, as of a call that goes on."""


Verdict = Forward | Redirect | Reject
