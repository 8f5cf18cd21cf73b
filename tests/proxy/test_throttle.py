from random import Random

import pytest

from sip_guard.proxy import throttle as module
from sip_guard.proxy.throttle import FORGOTTEN, MAX_ENDS, Throttle
from sip_guard.sip.flow import End
from sip_guard.sip.headers import Via
from sip_guard.sip.overload_control import asking

END, OTHER = End("UDP", ("192.0.2.1", 5060)), End("TCP", ("192.0.2.1", 5060))


def tells(throttle: Throttle, parameters: str, now: float = 0.0, end: End = END) -> None:
    via = Via.parse(f"SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1{parameters}".encode())
    assert via is not None
    throttle.told(end, via, now)


def held(throttle: Throttle, now: float = 0.0, end: End = END) -> float:
    """Give the share of calls that is held back."""
    return sum(throttle.holds_back(end, now) for _ in range(5000)) / 5000


@pytest.fixture
def throttle() -> Throttle:
    return Throttle(Random(3).random)


def test_an_address_that_said_nothing_gets_all_calls(throttle: Throttle) -> None:
    assert held(throttle) == 0.0
    tells(throttle, ';oc;oc-algo="loss"')
    assert held(throttle) == 0.0
    assert throttle._wishes == {}


def test_it_gets_fewer_calls_as_it_asks(throttle: Throttle) -> None:
    tells(throttle, asking(0.2, 5.0).decode())
    assert held(throttle) == pytest.approx(0.2, abs=0.03)
    assert held(throttle, end=OTHER) == 0.0


def test_all_and_nothing_are_exact(throttle: Throttle) -> None:
    tells(throttle, ";oc=100;oc-seq=1.0")
    assert held(throttle) == 1.0
    tells(throttle, ";oc=0;oc-seq=2.0")
    assert held(throttle) == 0.0


def test_an_address_that_asks_for_nothing_gets_all_calls_whatever_the_chance() -> None:
    unlucky = Throttle(lambda: 0.0)
    tells(unlucky, ";oc=0;oc-seq=1.0")
    assert not unlucky.holds_back(END, 0.0)


def test_it_is_asked_for_half_a_second_unless_it_is_said(throttle: Throttle) -> None:
    tells(throttle, ";oc=100;oc-seq=1.0", 10.0)
    assert held(throttle, 10.49) == 1.0
    assert held(throttle, 10.5) == 0.0
    tells(throttle, ";oc=100;oc-validity=2000;oc-seq=2.0", 20.0)
    assert held(throttle, 21.99) == 1.0
    assert held(throttle, 22.0) == 0.0


def test_a_validity_of_nothing_ends_it(throttle: Throttle) -> None:
    tells(throttle, ";oc=100;oc-seq=1.0")
    tells(throttle, ";oc=100;oc-validity=0;oc-seq=2.0")
    assert held(throttle) == 0.0


@pytest.mark.parametrize("late", ["1.0", "0.99999", "0"])
def test_a_late_answer_changes_nothing(throttle: Throttle, late: str) -> None:
    tells(throttle, ";oc=100;oc-seq=1.0")
    tells(throttle, f";oc=0;oc-seq={late}", 0.2)
    assert held(throttle, 0.3) == 1.0
    tells(throttle, f";oc=100;oc-seq={late}", 0.4)
    assert held(throttle, 0.6) == 0.0


def test_an_answer_without_a_number_is_the_newest_and_leaves_the_order(throttle: Throttle) -> None:
    tells(throttle, ";oc=100;oc-seq=5.0")
    tells(throttle, ";oc=0")
    assert held(throttle) == 0.0
    tells(throttle, ";oc=100;oc-seq=4.0")
    assert held(throttle) == 0.0
    tells(throttle, ";oc=100;oc-seq=6.0")
    assert held(throttle) == 1.0


def test_the_first_answer_may_be_without_a_number(throttle: Throttle) -> None:
    tells(throttle, ";oc=0")
    tells(throttle, ";oc=100;oc-seq=0")
    assert held(throttle) == 1.0


def test_a_server_that_begins_anew_is_believed_after_a_while(throttle: Throttle) -> None:
    tells(throttle, ";oc=50;oc-seq=9.0", 0.0)
    tells(throttle, ";oc=100;oc-seq=1.0", FORGOTTEN - 1)
    assert held(throttle, FORGOTTEN - 1) == 0.0
    tells(throttle, ";oc=100;oc-seq=1.0", FORGOTTEN)
    assert held(throttle, FORGOTTEN) == 1.0


def test_what_is_remembered_is_bounded(throttle: Throttle) -> None:
    for number in range(MAX_ENDS + 10):
        tells(throttle, ";oc=100;oc-seq=1.0", end=End("UDP", ("192.0.2.1", number)))
    assert len(throttle._wishes) == MAX_ENDS
    assert held(throttle, end=End("UDP", ("192.0.2.1", MAX_ENDS + 9))) == 1.0


def test_an_address_that_is_known_makes_no_other_forgotten(throttle: Throttle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENDS", 2)
    for end, number in ((END, 1), (OTHER, 1), (END, 2), (END, 3)):
        tells(throttle, f";oc=100;oc-seq={number}", end=end)
    tells(throttle, ";oc=100", end=OTHER)
    assert set(throttle._wishes) == {END, OTHER}
