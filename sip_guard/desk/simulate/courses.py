"""How calls of a capture went on, brought together with what was decided about them, whichever is known first."""

from collections import OrderedDict
from typing import NamedTuple

from sip_guard.desk.guard import MAX_CALLS
from sip_guard.desk.simulate.tally import Stop, Tally
from sip_guard.proxy.action import Answered, Ended


class _Course(NamedTuple):
    stops: tuple[Stop, ...] | None = None
    """What rules did with the call, or would have done; None: that is not known yet."""
    answered: bool = False
    over: bool = False
    duration: float | None = None


class Courses:
    """Counts how calls went on that were stopped, or would have been.

    It holds those in progress, no more than are followed, and those that are still to be decided about.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._courses: OrderedDict[tuple[int, int], _Course] = OrderedDict()
        """By the configuration, and the number of the call."""
        self._decided = 0
        """The last call that was decided about; they come in their order."""

    def decided(self, number: int, stops: list[Stop]) -> None:
        """Take what became of a call by the rules of the configurations."""
        self._decided = number
        for which in range(2):
            of_it = tuple(stop for stop in stops if stop.which == which)
            course = self._courses.pop((which, number), _Course())
            if of_it:
                self._take((which, number), course._replace(stops=of_it))

    def went(self, which: int, told: Answered | Ended) -> None:
        """Take how a call went on."""
        key = which, told.call.decision
        course = self._courses.pop(key, None)
        if course is None:
            if told.call.decision <= self._decided:
                return
            course = _Course()
        if isinstance(told, Ended):
            course = course._replace(over=True, duration=told.duration)
        else:
            course = course._replace(answered=told.code < 300, over=told.code >= 300)
        self._take(key, course)

    def close(self) -> None:
        """Count those whose end is not in the capture."""
        while self._courses:
            self._count(self._courses.popitem(last=False)[1])

    def _take(self, key: tuple[int, int], course: _Course) -> None:
        if course.stops is not None and course.over:
            self._count(course)
            return
        self._courses[key] = course
        if len(self._courses) > 2 * MAX_CALLS:
            self._count(self._courses.popitem(last=False)[1])

    def _count(self, course: _Course) -> None:
        for stop in course.stops or ():
            self._tally.stopped[stop].went(answered=course.answered, duration=course.duration)
