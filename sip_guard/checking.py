"""Which checks a configuration asks for, in line and at the desk alike."""

from collections.abc import Callable, Iterator
from itertools import product

import msgspec
from twisted.internet.interfaces import IReactorTime

from sip_guard.checks import Check
from sip_guard.checks.campaign import CampaignCheck
from sip_guard.checks.consistency import ConsistencyCheck
from sip_guard.checks.display_name import DisplayNameCheck
from sip_guard.checks.identity import Certificates, IdentityCheck
from sip_guard.checks.number_format import NumberFormatCheck
from sip_guard.checks.number_plan import NumberPlanCheck
from sip_guard.checks.origin import OriginCheck
from sip_guard.checks.presentation import PresentationCheck
from sip_guard.checks.protected import ProtectedCheck
from sip_guard.checks.replay import ReplayCheck
from sip_guard.config import Config
from sip_guard.lists.keeper import Keeper
from sip_guard.stir.token import Terms
from sip_guard.stir.trust import Trusts


class Checks(msgspec.Struct, frozen=True):
    """The checks of a configuration, by what their findings depend on."""

    alone: tuple[Check, ...]
    """Those that know nothing but the call itself: calls may come to them in any order."""
    history: tuple[CampaignCheck | ReplayCheck, ...]
    """Those that remember earlier calls: calls have to come to them in their order."""

    def __iter__(self) -> Iterator[Check]:
        """Give all of them."""
        yield from self.alone
        yield from self.history

    def resume(self, former: "Checks") -> None:
        """Go on with what the checks of another configuration remember, which are asked no more."""
        for pair in product(self.history, former.history):
            match pair:
                case CampaignCheck() as check, CampaignCheck() as other:
                    check.resume(other)
                case ReplayCheck() as check, ReplayCheck() as other:
                    check.resume(other)


def checks_of(
    config: Config,
    clock: IReactorTime,
    trusts: Trusts,
    certificates: Callable[[], Certificates],
    lists: Keeper | None,
) -> Checks:
    """Make the checks of a configuration, which have no history yet.

    `clock` tells checks with a history how long ago something was, and never goes back. `certificates` makes what
    knows the certificates of signers; it is asked once, and only if any trunk verifies. `lists` are those of protected
    numbers; None: there are none.
    """
    alone: list[Check] = []
    history: list[CampaignCheck | ReplayCheck] = []
    numbers = config.numbers
    if numbers is not None:
        alone += (
            NumberFormatCheck(),
            NumberPlanCheck(numbers.allocations),
            OriginCheck(numbers.home, numbers.permitted),
            ConsistencyCheck(),
        )
    if config.may_present:
        alone.append(PresentationCheck(config.may_present))
    if lists is not None:
        alone.append(ProtectedCheck(lists.find, lambda: lists.missing))
    if config.brands:
        alone.append(DisplayNameCheck(config.brands))
    if config.campaign is not None:
        history.append(CampaignCheck(config.campaign, None if lists is None else lists.find, clock))
    if config.trust:
        places = frozenset(laboratory.place for laboratory in config.repository.laboratories)
        window = config.freshness.max_age + config.freshness.max_future
        alone.append(IdentityCheck(certificates(), Terms(config.freshness, places), trusts))
        history.append(ReplayCheck(config.replay, window, clock))
    return Checks(tuple(alone), tuple(history))
