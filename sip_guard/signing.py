"""Signs calls that leave by a trunk, at the time that it is; and whatever goes wrong with it, the call goes on."""

from collections.abc import Callable, Mapping

from sip_guard.peer import Target, Trunk
from sip_guard.sip.rewrite import Draft
from sip_guard.stir.authentication import Signing, Unsigned, authenticate


class Authenticator:
    """The authentication service of all trunks."""

    def __init__(
        self,
        signing: Mapping[str, Signing],
        *,
        wall: Callable[[], float],
        unsigned: Callable[[Trunk, str], None],
        mistake: Callable[[str, BaseException | None], None],
    ) -> None:
        """`signing`: by the name of the trunk, those whose calls are signed; `wall` gives seconds since the epoch.

        `unsigned` is told why a call is not signed, `mistake` of an exception, which is a mistake of our own.
        """
        self._signing = signing
        self._wall = wall
        self._unsigned = unsigned
        self._mistake = mistake

    def sign(self, draft: Draft, trunk: Trunk, target: Target) -> tuple[bytes, ...]:
        """Give the header lines that sign a call of `target` as it leaves by `trunk`; none if it is not signed."""
        signing = self._signing.get(trunk.name)
        if signing is None:
            return ()
        try:
            made = authenticate(draft, signing, plan=trunk.dial_plan, origin=target.name, now=self._wall())
        except Exception as error:  # noqa: BLE001 - an unsigned call is better than none
            self._mistake("sign", error)
            return ()
        if isinstance(made, Unsigned):
            self._unsigned(trunk, made.value)
            return ()
        return made
