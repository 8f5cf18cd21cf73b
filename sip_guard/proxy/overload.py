"""How much of the new work is turned away, so that what is taken is done in time."""

import math
from typing import Final

WINDOW: Final = 0.1
"""Seconds over which the least delay tells a queue that stands from a burst that passes (the idea of RFC 8289)."""
QUIET: Final = 1.0
"""Seconds without any news of a queue, after which it is empty."""
LONGEST: Final = 1.0
"""Seconds of delay that are believed: a clock that was set, or a process that was stopped, is no load."""
LEAST: Final = 0.05
"""The share of new calls that is always taken: what becomes of them shows when it is over."""
GAIN: Final = 0.4
"""How much of a growing delay one step makes up for. The loop is critically damped, with the double well in reserve."""


class Queue:
    """One queue that work waits in, such as that of a socket, and the share of new calls to shed on its account.

    The share that is taken is multiplied by less than one as long as the delay is over the target or grows, and by more
    than one when it is under it or shrinks (as in RFC 8033, but for the logarithm: so the loop is the same at 1.2 and
    at 10 times of what can be done).
    """

    def __init__(self, target: float) -> None:
        self.target = target
        self._least = 0.0
        """The least delay in this window."""
        self._before = 0.0
        """That of the window before."""
        self._first = math.inf
        """That of the first window over the target: what is less drains by itself, as after a pause of the process."""
        self._began = -math.inf
        self._heard = -math.inf
        self._taken = 0.0
        """Logarithm of the share of new calls that is taken."""

    def delayed(self, seconds: float, now: float) -> None:
        """Take note at `now` of how late something was taken up that had waited here."""
        seconds = min(max(seconds, 0.0), LONGEST)
        if now - self._heard > QUIET:
            self._least, self._before, self._first, self._began, self._taken = seconds, 0.0, math.inf, now, 0.0
        elif now - self._began < WINDOW:
            self._least = min(self._least, seconds)
        else:
            self._judge(now - self._began)
            self._before, self._least, self._began = self._least, seconds, now
        self._heard = now

    def _judge(self, passed: float) -> None:
        if self._taken == 0.0 and not self._stands():
            return
        grown, late = self._least - self._before, self._least - self.target
        change = (GAIN * grown + GAIN * GAIN / 4 * late) / passed
        self._taken = min(max(self._taken - change, math.log(LEAST)), 0.0)

    def _stands(self) -> bool:
        """Tell whether the delay was over the target in the window before too, and is no less than when it began."""
        if self._least <= self.target:
            self._first = math.inf
            return False
        if self._first == math.inf:
            self._first = self._least
            return False
        return self._least >= self._first

    def share(self, now: float) -> float:
        """Give the share of new calls to turn away: 0 to 1 - LEAST."""
        return 1.0 - math.exp(self._taken) if self._taken and now - self._heard <= QUIET else 0.0


class Overload:
    """Whether more comes than can be done. Every queue is judged by itself: a short one must not hide a long one."""

    def __init__(self, target: float = 0.1) -> None:
        """`target`: seconds that work may wait for long.

        A message waits twice until its answer is back, and from 0.5 s on (T1) everything would be sent again.
        """
        self._target = target
        self._queues: list[Queue] = []

    def queue(self) -> Queue:
        """Give one more queue to keep an eye on."""
        queue = Queue(self._target)
        self._queues.append(queue)
        return queue

    def forget(self, queue: Queue) -> None:
        """Keep an eye on a queue no more."""
        self._queues.remove(queue)

    def aim(self, target: float) -> None:
        """Let work wait so many seconds from now on."""
        self._target = target
        for queue in self._queues:
            queue.target = target

    def share(self, now: float) -> float:
        """Give the share of new calls to turn away at `now`: 0 to 1, and 0 unless a queue stands."""
        most = 0.0
        for queue in self._queues:
            most = max(most, queue.share(now))
        return most
