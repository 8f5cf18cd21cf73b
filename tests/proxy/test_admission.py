from random import Random
from typing import Any

import pytest

from sip_guard.peer import Trunk
from sip_guard.proxy.admission import Admission
from sip_guard.proxy.dialogs import Dialogs
from sip_guard.proxy.overload import Overload

FREE = Trunk(name="free", targets=("pbx",))
OVERLOADED = (503, "Overloaded", b"")
TOO_FAST = (503, "Call Rate Exceeded", b"")
TOO_MANY = (503, "Too Many Calls", b"")
NO_ROOM = (503, "Too Many Transactions", b"")
pytestmark = pytest.mark.interpreted  # `Loaded` is a subclass


class Loaded(Overload):
    """Sheds as much as is said."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def share(self, now: float) -> float:  # noqa: ARG002
        return self._share


def admission(share: float = 0.0, *, dialogs: Dialogs | None = None, random: float | None = None) -> Admission:
    chance = Random(1).random if random is None else lambda: random
    return Admission(dialogs or Dialogs(), Loaded(share), chance, max_transactions=100)


def limited(rate: float | None = None, calls: int | None = None, name: str = "carrier") -> Trunk:
    return Trunk(name=name, targets=("pbx",), calls_per_second=rate, concurrent_calls=calls)


def test_a_call_is_taken() -> None:
    asked = admission()
    assert asked.refuse(FREE, 0.0, pending=99) is None
    assert asked.refuse(None, 0.0, pending=99) is None
    assert not asked.refused


def test_no_more_is_kept_than_fits() -> None:
    asked = admission()
    assert asked.refuse(FREE, 0.0, pending=100) == NO_ROOM
    assert asked.refuse(None, 0.0, pending=100) == NO_ROOM
    assert asked.refused == {"transactions": 2}


@pytest.mark.parametrize("kept", [{"in_dialog": True}, {"urgent": lambda: True}])
def test_calls_in_progress_and_emergency_calls_find_room_for_longer(kept: dict[str, Any]) -> None:
    asked = admission()
    assert asked.refuse(FREE, 0.0, pending=199, **kept) is None
    assert asked.refuse(FREE, 0.0, pending=200, **kept) == NO_ROOM


def test_a_share_of_new_calls_is_shed() -> None:
    asked = admission(0.7)
    shed = sum(asked.refuse(FREE, 0.0, pending=0) == OVERLOADED for _ in range(10_000))
    assert shed == pytest.approx(7000, abs=200)
    assert asked.refused == {"overload": shed}


def test_calls_of_our_side_and_other_requests_are_shed_too() -> None:
    asked = admission(0.7, random=0.69)
    assert asked.refuse(None, 0.0, pending=0) == OVERLOADED
    assert asked.refuse(FREE, 0.0, pending=0, invite=False) == OVERLOADED


def test_the_share_is_met_exactly() -> None:
    assert admission(0.7, random=0.69).refuse(FREE, 0.0, pending=0) == OVERLOADED
    assert admission(0.7, random=0.7).refuse(FREE, 0.0, pending=0) is None
    assert admission(0.0, random=0.0).refuse(FREE, 0.0, pending=0) is None


def test_who_leaves_out_a_share_by_itself_is_spared_in_part() -> None:
    assert admission(0.7, random=0.48).refuse(FREE, 0.0, pending=0, throttled=True) == OVERLOADED
    assert admission(0.7, random=0.50).refuse(FREE, 0.0, pending=0, throttled=True) is None


@pytest.mark.parametrize("kept", [{"in_dialog": True}, {"urgent": lambda: True}])
def test_calls_in_progress_and_emergency_calls_are_neither_shed_nor_limited(kept: dict[str, Any]) -> None:
    trunk = limited(rate=1, calls=0)
    asked = admission(1.0, random=0.0)
    for _ in range(100):
        assert asked.refuse(trunk, 0.0, pending=0, **kept) is None
    assert not asked.refused


def test_a_trunk_begins_so_many_calls_in_a_second() -> None:
    asked, trunk = admission(), limited(rate=50)
    answers = [asked.refuse(trunk, 5.0 + tick / 100, pending=0) for tick in range(1000)]
    assert answers[:50] == [None] * 50
    assert answers.count(None) == pytest.approx(50 + 10 * 50, abs=1)
    assert answers.count(TOO_FAST) == asked.refused["calls_per_second"] == 1000 - answers.count(None)


def test_a_trunk_that_was_silent_for_long_has_one_second_of_calls() -> None:
    asked, trunk = admission(), limited(rate=3)
    assert asked.refuse(trunk, 0.0, pending=0) is None
    assert [asked.refuse(trunk, 1000.0, pending=0) for _ in range(5)] == [None] * 3 + [TOO_FAST] * 2


def test_less_than_one_call_a_second_is_a_rate_too() -> None:
    asked, trunk = admission(), limited(rate=0.25)
    answers = [asked.refuse(trunk, float(second), pending=0) for second in range(9)]
    assert [second for second, answer in enumerate(answers) if answer is None] == [0, 4, 8]


def test_what_was_refused_for_its_rate_costs_nothing_of_it() -> None:
    asked, trunk = admission(), limited(rate=1)
    asked.refuse(trunk, 0.0, pending=0)
    for tick in range(1, 100):
        assert asked.refuse(trunk, tick / 100, pending=0) == TOO_FAST
    assert asked.refuse(trunk, 1.0, pending=0) is None


def test_the_rates_of_two_trunks_are_apart() -> None:
    asked = admission()
    one, other = limited(rate=1, name="one"), limited(rate=1, name="other")
    assert asked.refuse(one, 0.0, pending=0) is None
    assert asked.refuse(one, 0.0, pending=0) == TOO_FAST
    assert asked.refuse(other, 0.0, pending=0) is None


def test_only_calls_count_for_the_limits_of_a_trunk() -> None:
    asked, trunk = admission(), limited(rate=1, calls=0)
    for _ in range(5):
        assert asked.refuse(trunk, 0.0, pending=0, invite=False) is None


def test_a_trunk_has_so_many_calls_at_a_time() -> None:
    dialogs, trunk = Dialogs(), limited(rate=1, calls=1)
    asked = admission(dialogs=dialogs)
    dialogs.begin(trunk, (b"x",), 0.0)
    assert asked.refuse(trunk, 0.0, pending=0) == TOO_MANY
    assert asked.refuse(limited(rate=1, calls=2), 0.0, pending=0) is None
    assert asked.refused == {"concurrent_calls": 1}


def test_what_is_shed_is_not_looked_at_any_further() -> None:
    asked, trunk = admission(0.5, random=0.1), limited(rate=1, calls=0)
    assert asked.refuse(trunk, 0.0, pending=0) == OVERLOADED
    assert asked.refuse(trunk, 0.0, pending=100) == NO_ROOM
