"""A guard that is to go waits for its calls, for a while."""

import json
from io import BytesIO

import pytest
from scene import OUT, TARGET, Scene
from twisted.internet.task import Clock

from sip_guard.log import logger
from sip_guard.peer import Route
from sip_guard.service.draining import LINGER, Draining
from sip_guard.supervisor import Supervisor
from sip_guard.verdict import Reject


class Leave:
    """A guard with calls, and its leave."""

    def __init__(self) -> None:
        self.scene = Scene(targets=(TARGET, OUT), routes=(Route(trunks=("carrier",)),))
        self.clock = Clock()
        self.log = BytesIO()
        self.draining = Draining(self.scene.guard, self.clock, logger(self.log), Supervisor({}))

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.clock.advance(0.25)
            self.scene.passes(0.25)

    @property
    def is_over(self) -> bool:
        return self.draining.done.called

    def said(self) -> dict[str, object]:
        """Give the last line of the log."""
        line: dict[str, object] = json.loads(self.log.getvalue().splitlines()[-1])
        return {name: line[name] for name in ("event", "level", "calls", "reason")}


@pytest.fixture
def leave() -> Leave:
    return Leave()


def test_a_guard_without_calls_goes_at_once(leave: Leave) -> None:
    leave.draining.begin(30)
    assert leave.is_over
    assert leave.said() == {"event": "drained", "level": "info", "calls": 0, "reason": "no call is in progress"}


def test_a_call_that_rings_is_waited_for_and_its_last_answer_may_be_asked_for_again(leave: Leave) -> None:
    leave.scene.alice.sends("INVITE")
    leave.draining.begin(30)
    leave.passes(5)
    assert not leave.is_over
    leave.scene.verdict(Reject(403, "Forbidden"))
    leave.passes(LINGER - 0.5)
    assert not leave.is_over
    leave.passes(1)
    assert leave.is_over


def test_a_call_of_our_side_is_waited_for_until_it_ends(leave: Leave) -> None:
    scene = leave.scene
    scene.talks_out()
    leave.draining.begin(3600)
    leave.passes(600)
    assert not leave.is_over
    scene.alice.sends("BYE")
    scene.bob.gets("BYE")
    scene.bob.sends("200 OK", to="BYE")
    scene.alice.gets("200 OK")
    leave.passes(LINGER + 1)
    assert leave.is_over


def test_after_its_time_it_goes_whatever_is_in_progress_and_says_so(leave: Leave) -> None:
    leave.scene.alice.sends("INVITE")
    leave.draining.begin(30)
    leave.passes(29.5)
    assert not leave.is_over
    leave.passes(0.5)
    assert leave.said()["reason"] == "its time is over"
    assert leave.said()["calls"] != 0


def test_told_twice_it_goes_at_once(leave: Leave) -> None:
    leave.scene.alice.sends("INVITE")
    leave.draining.begin(30)
    assert leave.draining.is_under_way
    leave.draining.begin(30)
    assert leave.is_over
    leave.passes(60)
    assert leave.clock.getDelayedCalls() == []
