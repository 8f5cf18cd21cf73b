"""What crosses the border of our trust domain, and what does not (RFC 3325)."""

from sip_guard.peer import Target, Trunk
from sip_guard.sip import hygiene
from sip_guard.sip.rewrite import Draft

SHOWN = frozenset((b"p-preferred-identity", b"remote-party-id", b"x-fs-display-name", b"x-fs-display-number"))
"""Fields that a PBX may show as the caller and no check looks at: they pass from no trunk but a trusted one."""
ASSERTED = b"p-asserted-identity"


class Border:
    """Removes from a draft what its sender may not say, and what its receiver may not learn."""

    def __init__(self, private: frozenset[bytes]) -> None:
        """`private` are the fields (long names, lower case) that nobody but this guard may set."""
        self._private = private
        self._screened = private | SHOWN
        self._unscreened = self._screened | {ASSERTED}

    def clean(self, draft: Draft, sender: Trunk | Target | None, *, screened: bool = False) -> None:
        """Remove what `sender` may not say; None: one that is not known.

        Who calls passes in a `screened` request of a trunk alone: later it could change.
        """
        if isinstance(sender, Target):
            hygiene.strip(draft, self._private)
        elif sender is None or not sender.trusted:
            asserted = screened and sender is not None and sender.trust_asserted
            hygiene.strip(draft, self._screened if asserted else self._unscreened)

    @staticmethod
    def withhold(draft: Draft, receiver: Trunk | Target | None, *, anonymous: bool = False) -> None:
        """Remove what `receiver` may not learn of who speaks; None: one that is not known."""
        if receiver is None or not receiver.trust_asserted:
            hygiene.withhold(draft, outside=not isinstance(receiver, Target), anonymous=anonymous)
