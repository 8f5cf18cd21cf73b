import pytest

from sip_guard.peer import Probe, Target
from sip_guard.proxy.health import LONGEST_REFUSAL, Health
from sip_guard.sip.flow import End

HERE = End("UDP", ("203.0.113.5", 5060))
PLAIN = Target(name="pbx", host="203.0.113.5", down_after=3, retry_after=10.0)
PROBED = Target(name="pbx", host="203.0.113.5", down_after=2, probe=Probe(every=5.0, up_after=2))


@pytest.fixture
def health() -> Health:
    return Health()


def goes_down(health: Health, target: Target, now: float = 0.0) -> None:
    marks = [health.unanswered(HERE, target, now) for _ in range(target.down_after)]
    assert marks == [False] * (target.down_after - 1) + [True]
    assert not health.is_up(HERE, now)


def test_a_target_is_up_until_enough_requests_in_a_row_have_no_answer(health: Health) -> None:
    assert health.is_up(HERE, 0.0)
    goes_down(health, PLAIN)


def test_any_answer_between_counts_from_the_beginning(health: Health) -> None:
    for _ in range(5):
        assert not health.unanswered(HERE, PLAIN, 0.0)
        assert not health.unanswered(HERE, PLAIN, 0.0)
        assert not health.answered(HERE, PLAIN, 0.0)
    assert health.is_up(HERE, 0.0)


def test_it_is_marked_down_once(health: Health) -> None:
    goes_down(health, PLAIN)
    assert not health.unanswered(HERE, PLAIN, 1.0)


def test_what_is_not_probed_is_tried_again_by_one_request_at_a_time(health: Health) -> None:
    goes_down(health, PLAIN)
    assert not health.is_up(HERE, 9.9)
    assert health.is_up(HERE, 10.0)
    health.tried(HERE, PLAIN, 10.0)
    assert not health.is_up(HERE, 10.1)
    assert health.is_up(HERE, 20.0)


def test_one_answer_brings_back_what_is_not_probed(health: Health) -> None:
    goes_down(health, PLAIN)
    health.tried(HERE, PLAIN, 10.0)
    assert health.answered(HERE, PLAIN, 10.2)
    assert health.is_up(HERE, 10.2)
    goes_down(health, PLAIN)


def test_what_is_probed_comes_back_by_answers_in_a_row_and_never_by_time(health: Health) -> None:
    goes_down(health, PROBED)
    assert not health.is_up(HERE, 1e9)
    assert not health.answered(HERE, PROBED, 1.0)
    assert not health.unanswered(HERE, PROBED, 2.0)
    assert not health.answered(HERE, PROBED, 3.0)
    assert health.answered(HERE, PROBED, 4.0)
    assert health.is_up(HERE, 4.0)


def test_who_asks_for_rest_has_it_although_it_answers(health: Health) -> None:
    assert health.refused(HERE, 30.0, 0.0)
    assert not health.refused(HERE, 20.0, 1.0)
    assert not health.answered(HERE, PLAIN, 2.0)
    assert not health.is_up(HERE, 29.9)
    assert health.is_up(HERE, 30.0)
    assert health.answered(HERE, PLAIN, 31.0)


def test_nobody_has_rest_for_ever(health: Health) -> None:
    health.refused(HERE, 1e9, 0.0)
    assert health.is_up(HERE, LONGEST_REFUSAL)


def test_an_address_that_is_forgotten_is_up(health: Health) -> None:
    goes_down(health, PLAIN)
    health.forget(HERE)
    assert health.is_up(HERE, 0.0)
