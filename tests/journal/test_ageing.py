"""What is too old goes, and a clock that is wrong takes nothing with it: in a record of either kind."""

from decisions import row

from sip_guard.journal.ageing import Ageing
from sip_guard.journal.options import DAY
from sip_guard.journal.store import Store, Wanted

NOW = 1_700_000_000.0
NONE = float("-inf")


class Guard:
    """A guard with a record, and a clock that may be set."""

    def __init__(self, store: Store, days: float = 90) -> None:
        self.store = store
        self.days = days
        self.wall = NOW
        self.starts()

    def starts(self) -> None:
        """Begin anew: only what is in the record is known."""
        self.now = 0.0
        self.ageing = Ageing(self.days)

    def passes(self, days: float) -> None:
        self.now += days * DAY
        self.wall += days * DAY

    def decides(self) -> None:
        self.store.add([row(self.wall, f"{self.wall}")])

    def works(self, days: int) -> None:
        """Decide twice a day, and delete."""
        for _ in range(2 * days):
            self.decides()
            self.deletes()
            self.passes(0.5)

    def deletes(self) -> int:
        return self.store.trim(self.ageing.before(self.store, self.now, self.wall))

    def ages(self) -> list[float]:
        """Give how old the decisions of the record are by the clock, in days, the oldest first."""
        return sorted(((self.wall - found.time) / DAY for found in self.store.search(Wanted())), reverse=True)


def test_what_is_too_old_goes_day_by_day(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(10)
    assert guard.ages()[0] == 5.5
    assert len(guard.ages()) == 11


def test_a_restart_changes_nothing(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(5)
    guard.starts()
    guard.passes(1.5)
    guard.decides()
    assert guard.deletes() == 3


def test_a_clock_that_is_set_far_forward_deletes_nothing_for_a_day(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(5)
    guard.wall += 1000 * DAY
    for _ in range(9):
        guard.decides()
        assert guard.deletes() == 0
        guard.passes(0.1)
    guard.wall -= 1000 * DAY
    assert guard.deletes() == 2
    assert (guard.ages()[0] < 5, len(guard.ages())) == (True, 8 + 9)


def test_nor_does_one_that_is_wrong_at_the_start_and_at_the_next(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(5)
    guard.wall += 1000 * DAY
    for _ in range(3):
        guard.starts()
        guard.decides()
        guard.passes(0.3)
        assert guard.deletes() == 0


def test_a_clock_that_stays_there_is_believed_at_last(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(5)
    guard.wall += 1000 * DAY
    guard.deletes()
    guard.passes(1.1)
    assert guard.deletes() == 10
    assert guard.ages() == []


def test_it_is_believed_without_any_calls_too(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.decides()
    guard.deletes()
    guard.passes(30)
    assert guard.deletes() == 1


def test_a_clock_that_is_set_back_deletes_nothing_and_what_it_said_is_found(store: Store) -> None:
    guard = Guard(store, days=5)
    guard.works(2)
    guard.wall -= 300 * DAY
    guard.works(2)
    assert len(guard.ages()) == 8
    early = list(store.search(Wanted(until=NOW - 290 * DAY)))
    assert [found.time for found in early] == [NOW + (at / 2 - 298) * DAY for at in (3, 2, 1, 0)]


def test_a_clock_that_is_put_right_little_by_little_has_not_jumped(store: Store) -> None:
    guard = Guard(store, days=5)
    for _ in range(12):
        good = guard.ageing.before(store, guard.now, guard.wall) > NONE
        guard.passes(0.1)
        guard.wall += 30
    assert good


def test_where_decisions_are_kept_for_hours_it_takes_less_than_a_day(store: Store) -> None:
    guard = Guard(store, days=0.5)
    guard.decides()
    assert guard.ageing.before(store, guard.now, guard.wall) == NONE
    guard.passes(0.126)
    assert guard.ageing.before(store, guard.now, guard.wall) == guard.wall - DAY / 2
