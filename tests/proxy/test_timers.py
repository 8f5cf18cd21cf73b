from sip_guard.proxy.timers import Entry, Timers


class Alarm:
    def __init__(self, resend_at: float | None = None, expire_at: float | None = None) -> None:
        self.resend_at = resend_at
        self.expire_at = expire_at
        self.entry: Entry | None = None


def test_what_is_due_comes_out_once_in_the_order_of_time() -> None:
    timers: Timers[Alarm] = Timers()
    late, soon, other = Alarm(expire_at=3), Alarm(resend_at=1, expire_at=9), Alarm(expire_at=2)
    for alarm in (late, soon, other):
        timers.watch(alarm)
    assert timers.next() == 1
    assert timers.due(0.9) == []
    assert timers.due(2) == [soon, other]
    assert timers.due(2) == []
    assert timers.next() == 3


def test_both_timers_due_at_once_come_out_as_one() -> None:
    timers: Timers[Alarm] = Timers()
    alarm = Alarm(resend_at=1, expire_at=1)
    timers.watch(alarm)
    assert timers.due(5) == [alarm]


def test_a_timer_set_earlier_rings_earlier() -> None:
    timers: Timers[Alarm] = Timers()
    alarm = Alarm(expire_at=185)
    timers.watch(alarm)
    alarm.expire_at = 5
    timers.watch(alarm)
    assert timers.due(5) == [alarm]
    alarm.expire_at = None
    timers.watch(alarm)
    assert timers.due(200) == []


def test_a_timer_put_off_does_not_ring_at_its_old_time() -> None:
    timers: Timers[Alarm] = Timers()
    alarm = Alarm(expire_at=5)
    timers.watch(alarm)
    for _ in range(100):
        alarm.expire_at = 10
        timers.watch(alarm)
    assert len(timers._heap) == 1
    assert timers.due(9) == []
    assert timers.next() == 10
    assert timers.due(10) == [alarm]


def test_what_has_no_timer_any_more_is_let_go_of() -> None:
    timers: Timers[Alarm] = Timers()
    alarm = Alarm(expire_at=5)
    timers.watch(alarm)
    timers.forget(alarm)
    timers.forget(alarm)
    assert timers._live == {}
    assert timers.next() is None
    assert timers.due(9) == []


def test_a_timer_that_was_stopped_does_not_ring() -> None:
    timers: Timers[Alarm] = Timers()
    alarm = Alarm(expire_at=5)
    timers.watch(alarm)
    alarm.expire_at = None
    timers.watch(alarm)
    assert timers.due(5) == []
    assert timers._live == {}
    alarm.expire_at = 7
    timers.watch(alarm)
    assert timers.due(7) == [alarm]


def test_without_timers_nothing_is_next() -> None:
    timers: Timers[Alarm] = Timers()
    timers.watch(Alarm())
    assert timers.next() is None
    assert timers.due(1e9) == []
