"""The control law, in a model of a queue: what arrives waits, and a call that is turned away costs little."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_guard.proxy.overload import LEAST, LONGEST, QUIET, WINDOW, Overload

TARGET = 0.1
BATCH = 64


class Model:
    """A process that reads a socket in batches, as a UDP port does. Loads are parts of what it can do."""

    def __init__(
        self,
        load: float | Callable[[float], float],
        *,
        cost: float = 0.002,
        turning_away: float = 0.05,
        later: float = 0.0,
        room: int = 4000,
        full: float = 0.0,
    ) -> None:
        """`cost`: seconds for a call, of which the part `later` is due 3 s after it is taken and cannot be shed.

        `turning_away`: what shedding one costs, as a part of that. `room`: what the kernel holds, and `full`: seconds
        that are told for it when it is full.
        """
        self._load = load if callable(load) else lambda _: load
        self._cost, self._cheap, self._later, self._room, self._full = cost, cost * turning_away, later, room, full
        self._random = Random(7)
        self._overload = Overload(TARGET)
        self._queue = self._overload.queue()
        self._waiting: deque[tuple[float, bool]] = deque()
        self._due: list[float] = []
        self._next = 0.0
        self.now = 0.0
        self.served = self.shed = self.lost = 0
        self.worst = 0.0
        self.shares: list[float] = []

    @property
    def share(self) -> float:
        return self._overload.share(self.now)

    def runs(self, seconds: float) -> "Model":
        """Let time pass; what is counted is counted from here on."""
        self.served = self.shed = self.lost = 0
        self.worst, self.shares = 0.0, []
        end = self.now + seconds
        while self.now < end:
            self._arrives()
            if self._waiting:
                self._reads()
            else:
                self.now = min(self._next, self._due[0] if self._due else inf)
        self._of = seconds
        return self

    def stops(self, seconds: float) -> None:
        """Do nothing, as while garbage is collected."""
        self.now += seconds

    @property
    def goodput(self) -> float:
        """The part of what can be done that went into calls."""
        return self.served * self._cost / self._of

    def _reads(self) -> None:
        waited = self.now - self._waiting[0][0]
        self._queue.delayed(max(waited, self._full * len(self._waiting) / self._room), self.now)
        self.shares.append(self.share)
        for _ in range(min(BATCH, len(self._waiting))):
            at, taken_before = self._waiting.popleft()
            self.worst = max(self.worst, self.now - at)
            if taken_before:
                self.now += self._cost * self._later
            elif self._random.random() < self.share:
                self.shed += 1
                self.now += self._cheap
            else:
                self.served += 1
                self.now += self._cost * (1 - self._later)
                if self._later:
                    heappush(self._due, self.now + 3)
            self._arrives()

    def _arrives(self) -> None:
        while (at := min(self._next, self._due[0] if self._due else inf)) <= self.now:
            taken_before = at != self._next
            if taken_before:
                heappop(self._due)
            else:
                self._next += self._random.expovariate(self._load(at) / self._cost)
            if len(self._waiting) < self._room:
                self._waiting.append((at, taken_before))
            else:
                self.lost += 1


def attainable(load: float, turning_away: float) -> float:
    """Give what is left for calls when all others are turned away."""
    return min(load, (1 - load * turning_away) / (1 - turning_away))


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("cost", [0.0005, 0.002, 0.004])
def test_nothing_is_shed_below_what_can_be_done(load: float, cost: float) -> None:
    model = Model(load, cost=cost).runs(60)
    assert model.shed == 0
    assert model.goodput == pytest.approx(load, rel=0.1)


@pytest.mark.parametrize("turning_away", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("load", [1.0, 1.2, 2.0, 3.0, 6.0])
def test_above_it_nearly_all_that_is_possible_goes_into_calls(load: float, turning_away: float) -> None:
    model = Model(load, turning_away=turning_away)
    model.runs(5)
    assert model.runs(30).goodput >= 0.95 * attainable(load, turning_away)
    assert model.lost == 0


def test_three_times_the_load_leaves_four_fifths() -> None:
    assert Model(3.0).runs(60).goodput >= 0.85


@pytest.mark.parametrize("load", [1.2, 3.0, 6.0])
def test_only_for_a_moment_does_anything_wait_so_long_that_it_is_sent_again(load: float) -> None:
    model = Model(load)
    assert model.runs(3).worst < 0.8
    assert model.runs(30).worst < 0.25


@pytest.mark.parametrize("load", [2.0, 3.0, 6.0])
def test_the_share_settles(load: float) -> None:
    model = Model(load)
    model.runs(5)
    shares = model.runs(30).shares
    needed = (1 - 1 / load) / 0.95
    assert sum(shares) / len(shares) == pytest.approx(needed, abs=0.04)
    assert max(shares) - min(shares) < 0.35


def test_more_than_can_even_be_turned_away_still_leaves_some_calls() -> None:
    model = Model(10.0, turning_away=0.1).runs(30)
    assert model.goodput > 0.3
    assert max(model.shares) == pytest.approx(1 - LEAST)
    assert model.lost > 0


@pytest.mark.parametrize("load", [1.2, 3.0, 6.0])
def test_calls_that_cost_something_later_are_allowed_for_in_time(load: float) -> None:
    model = Model(load, later=0.4)
    assert model.runs(15).worst < 0.65
    assert model.runs(60).worst < 0.35
    assert model.goodput >= 0.95 * attainable(load, 0.05)


@pytest.mark.parametrize(("load", "seconds"), [(3.0, 3), (10.0, 8)])
def test_it_recovers_by_itself(load: float, seconds: float) -> None:
    model = Model(lambda now: load if now < 60 else 0.8)
    model.runs(60)
    assert model.share > 0.5
    model.runs(seconds)
    assert model.runs(10).shed == 0


@pytest.mark.parametrize("pause", [0.05, 0.2, 0.3])
@pytest.mark.parametrize("load", [0.1, 0.5, 0.7])
def test_a_pause_of_the_process_sheds_nothing(load: float, pause: float) -> None:
    model = Model(load)
    for _ in range(5):
        model.runs(5)
        model.stops(pause)
        assert model.runs(3).shed == 0


def test_a_burst_sheds_nothing() -> None:
    model = Model(lambda now: 20.0 if 5 < now < 5.0125 else 0.5)
    assert model.runs(10).shed == 0
    assert model.worst > TARGET


def test_a_small_buffer_is_told_by_its_filling() -> None:
    unaware = Model(3.0, cost=0.0005, room=180).runs(30)
    assert unaware.shed == 0
    assert unaware.lost > unaware.served
    aware = Model(3.0, cost=0.0005, room=180, full=2 * TARGET)
    aware.runs(5)
    assert aware.runs(30).goodput > 0.8
    assert aware.lost < 0.15 * (aware.served + aware.shed)
    assert Model(0.8, cost=0.0005, room=180, full=2 * TARGET).runs(30).shed == 0


def test_a_short_queue_does_not_hide_a_long_one() -> None:
    overload = Overload(TARGET)
    long, short = overload.queue(), overload.queue()
    for tick in range(1, 9):
        long.delayed(0.3, tick / 8)
        short.delayed(0.0, tick / 8)
    assert overload.share(1.0) > 0.2


@pytest.mark.parametrize("late_first", [False, True])
def test_a_queue_that_is_empty_now_and_then_does_not_stand(late_first: bool) -> None:
    overload = Overload(TARGET)
    queue = overload.queue()
    for tick in range(100):
        queue.delayed(0.5 if (tick % 2 == 0) == late_first else 0.0, tick * WINDOW * 0.6)
        assert overload.share(tick * WINDOW * 0.6) == 0.0


def test_a_queue_that_gets_shorter_is_left_alone_until_it_grows_again() -> None:
    overload = Overload(TARGET)
    queue = overload.queue()
    for tick in range(16):
        queue.delayed(0.3 - tick / 100, tick / 8)
        assert overload.share(tick / 8) == 0.0
    queue.delayed(0.31, 2.0)
    queue.delayed(0.32, 2.125)
    assert overload.share(2.125) > 0.0


def test_without_a_queue_nothing_is_shed() -> None:
    assert Overload().share(0.0) == 0.0


def test_a_queue_that_nothing_is_heard_of_is_empty() -> None:
    overload = Overload(TARGET)
    queue = overload.queue()
    for tick in range(1, 9):
        queue.delayed(0.5, tick / 8)
    assert overload.share(1 + QUIET) > 0.5
    assert overload.share(1.01 + QUIET) == 0.0
    queue.delayed(0.5, 3)
    assert overload.share(3) == 0.0
    queue.delayed(0.5, 3 + 1.5 * WINDOW)
    assert overload.share(3 + 1.5 * WINDOW) == 0.0


def test_one_absurd_delay_is_no_load() -> None:
    overload = Overload(TARGET)
    queue = overload.queue()
    for tick in range(80):
        queue.delayed(3600.0 if tick == 40 else 0.01, tick / 8)
        assert overload.share(tick / 8) == 0.0


def test_a_clock_that_was_set_back_is_no_credit() -> None:
    one, other = Overload(TARGET), Overload(TARGET)
    for overload, least in ((one, -1e9), (other, 0.0)):
        queue = overload.queue()
        for tick in range(16):
            queue.delayed(least if tick == 8 else 0.3, tick / 8)
    assert one.share(2.0) == other.share(2.0) > 0.0


@given(st.lists(st.tuples(st.floats(-1e12, 1e12), st.floats(0, 10)), max_size=200))
def test_whatever_is_told_the_share_is_one(told: list[tuple[float, float]]) -> None:
    overload = Overload(TARGET)
    queue = overload.queue()
    now = 1000.0
    for seconds, passed in told:
        now += passed
        queue.delayed(seconds, now)
        assert 0.0 <= overload.share(now) <= 1 - LEAST + 1e-9


def test_what_is_believed_is_bounded() -> None:
    shares = []
    for seconds in (LONGEST, 1e9):
        overload = Overload(TARGET)
        queue = overload.queue()
        for tick in range(3):
            queue.delayed(seconds if tick else 0.11, 0.3 * tick)
        queue.delayed(seconds, 0.9)
        shares.append(overload.share(0.9))
    assert 0.0 < shares[0] == shares[1] < 1 - LEAST
