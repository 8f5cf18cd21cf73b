import pytest

from sip_guard.proxy import muting as module
from sip_guard.proxy.muting import FIRST, FORGOTTEN, IN_A_ROW, LASTING, LONGEST, MAX_SOURCES, Muting

HOST, OTHER = "192.0.2.1", "192.0.2.2"


def mute(muting: Muting, now: float, host: str = HOST) -> float:
    """Send garbage until the source is muted; give when that is."""
    for number in range(10 * IN_A_ROW):
        at = now + number * LASTING / IN_A_ROW
        if muting.bad(host, at):
            return at
    raise AssertionError("never muted")


def test_a_source_that_sends_garbage_alone_is_muted() -> None:
    muting = Muting()
    told = [muting.bad(HOST, number * LASTING / (IN_A_ROW - 1)) for number in range(IN_A_ROW)]
    assert told == [False] * (IN_A_ROW - 1) + [True]
    assert muting.muted(HOST, LASTING)
    assert not muting.muted(OTHER, LASTING)


def test_one_good_message_between_and_it_is_not() -> None:
    muting = Muting()
    for number in range(100 * IN_A_ROW):
        assert not muting.bad(HOST, float(number))
        if number % (IN_A_ROW - 1) == 0:
            muting.good(HOST)
    assert not muting.muted(HOST, 0.0)


def test_a_short_flood_in_a_trunk_s_name_does_not_mute_it() -> None:
    muting = Muting()
    for number in range(1000):
        assert not muting.bad(HOST, LASTING * number / 1001)
    muting.good(HOST)
    for number in range(1000):
        assert not muting.bad(HOST, LASTING + LASTING * number / 1001)


def test_garbage_now_and_then_over_minutes_is_muted_by_its_number() -> None:
    muting = Muting()
    assert [muting.bad(HOST, 60.0 * number) for number in range(IN_A_ROW)].index(True) == IN_A_ROW - 1


def test_it_is_listened_to_again_after_a_while() -> None:
    muting = Muting()
    at = mute(muting, 0.0)
    assert muting.muted(HOST, at + FIRST - 0.01)
    assert not muting.muted(HOST, at + FIRST)


def test_it_is_muted_for_longer_each_time_up_to_a_bound() -> None:
    muting, now, spans = Muting(), 0.0, []
    for _ in range(8):
        at = now = mute(muting, now)
        while muting.muted(HOST, now):
            now += 5.0
        spans.append(now - at)
    assert spans == [FIRST, 20, 40, 80, 160, LONGEST, LONGEST, LONGEST]


def test_each_time_needs_as_much_garbage_as_the_first() -> None:
    muting = Muting()
    at = mute(muting, 0.0) + FIRST
    assert [muting.bad(HOST, at + number) for number in range(IN_A_ROW)].index(True) == IN_A_ROW - 1


def test_one_good_message_forgets_all() -> None:
    muting = Muting()
    mute(muting, mute(muting, 0.0) + FIRST)
    muting.good(HOST)
    at = mute(muting, 100.0)
    assert not muting.muted(HOST, at + FIRST)


def test_a_long_silence_forgets_all() -> None:
    muting = Muting()
    end = mute(muting, 0.0) + FIRST
    at = mute(muting, end + FORGOTTEN)
    assert not muting.muted(HOST, at + FIRST)
    again = mute(muting, at + FIRST + FORGOTTEN - 1)
    assert muting.muted(HOST, again + FIRST)


def test_garbage_before_a_long_silence_does_not_count() -> None:
    muting = Muting()
    for number in range(IN_A_ROW - 1):
        muting.bad(HOST, float(number))
    assert not muting.bad(HOST, IN_A_ROW + FORGOTTEN)


def test_sources_are_apart() -> None:
    muting = Muting()
    mute(muting, 0.0)
    muting.good(OTHER)
    assert muting.muted(HOST, LASTING)
    assert not muting.bad(OTHER, 0.0)


def test_what_is_remembered_is_bounded() -> None:
    muting = Muting()
    for number in range(2 * MAX_SOURCES):
        muting.bad(f"h{number}", 0.0)
    assert len(muting._sources) == MAX_SOURCES
    assert f"h{2 * MAX_SOURCES - 1}" in muting._sources


def test_a_source_that_is_known_makes_no_other_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SOURCES", 2)
    muting = Muting()
    for host in (HOST, OTHER, HOST, OTHER):
        muting.bad(host, 0.0)
    assert list(muting._sources) == [HOST, OTHER]


def test_a_source_that_was_forgotten_is_the_last_to_make_room() -> None:
    muting = Muting()
    muting.bad(HOST, 0.0)
    muting.bad(OTHER, FORGOTTEN)
    muting.bad(HOST, FORGOTTEN)
    assert list(muting._sources) == [OTHER, HOST]


def test_without_garbage_nothing_is_kept() -> None:
    muting = Muting()
    muting.good(HOST)
    assert not muting.muted(HOST, 0.0)
    assert muting._sources == {}
