"""What many calls together look like, counted within bounds of time and memory."""

import sys
import tracemalloc
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incoming import call
from scene import OTHER_TRUNK, TRUNK, trunk
from twisted.internet.task import Clock

from sip_guard.call import Call
from sip_guard.checks.campaign import CampaignCheck, Options
from sip_guard.checks.lately import Lately, Lengths
from sip_guard.lists.keeper import Entry
from sip_guard.lists.listing import Listing, Scope
from sip_guard.peer import Trunk

FEW = Options(window=60.0, callees=5, neighbours=3, protected=2, short=3, entries=20_000)
FANOUT, NEIGHBOURS, PROTECTED = "campaign-fanout", "campaign-neighbours", "campaign-protected"
SHORT = "campaign-short"


def protected(number: str, now: float) -> Sequence[Entry]:
    """Give the lists: who begins with 44 is protected, and some of them may show it."""
    scopes = {"440": "nobody", "441": f"trunks {TRUNK.name}", "442": "attested A"}
    scope = scopes.get(number[:3])
    return [Entry("banks", Listing(scope=Scope.parse(scope)), 3)] if scope else []


class Counting:
    """A check, and a clock that only the test moves."""

    def __init__(self, options: Options = FEW) -> None:
        self.clock = Clock()
        self.check = CampaignCheck(options, protected, self.clock)

    def gets(self, callee: int | str, caller: str = "12155550100", trunk: Trunk = TRUNK, *more: str) -> list[str]:
        """Give what is found about a call a second later."""
        self.clock.advance(1)
        user = f"+{callee}" if isinstance(callee, int) else callee
        fields = {"From": f"<sip:{caller if caller.isalpha() else f'+{caller}'}@carrier.example>;tag=1"}
        made = call(*more, uri=f"sip:{user}@192.0.2.1", trunk=trunk, fields=fields)
        return [finding.code.value for finding in self.check.check(made)]

    def ends(self, seconds: float) -> int:
        """Let an answered call of the usual caller end a second later; give who that is."""
        self.clock.advance(1)
        caller = call(fields={"From": "<sip:+12155550100@carrier.example>;tag=1"}, trunk=TRUNK).caller
        assert caller is not None
        self.check.ended(caller, seconds)
        return caller


@pytest.fixture
def counting() -> Counting:
    return Counting()


CALLEES = [13125550100, 13125550200, 13125550300, 13125550400, 13125550500]


def test_one_number_that_calls_many_is_a_campaign_from_the_last_of_them_on(counting: Counting) -> None:
    assert [counting.gets(callee) for callee in CALLEES] == [[], [], [], [], [FANOUT]]
    assert counting.gets(CALLEES[0]) == [FANOUT]


def test_the_same_callee_counts_once(counting: Counting) -> None:
    assert [counting.gets(CALLEES[0]) for _ in range(10)] == [[]] * 10


def test_calls_of_long_ago_do_not_count(counting: Counting) -> None:
    for callee in CALLEES[:4]:
        counting.gets(callee)
    counting.clock.advance(FEW.window - 3)
    assert counting.gets(CALLEES[4]) == []
    counting.clock.advance(FEW.window + 1)
    assert counting.gets(CALLEES[0]) == []


def test_each_number_and_each_trunk_is_counted_by_itself(counting: Counting) -> None:
    found = [
        counting.gets(callee, caller, by)
        for callee in CALLEES[:4]
        for caller, by in (("12155550100", TRUNK), ("12155550101", TRUNK), ("12155550100", OTHER_TRUNK))
    ]
    assert found == [[]] * 12


def test_without_a_number_in_from_the_asserted_one_counts(counting: Counting) -> None:
    more = "P-Asserted-Identity: <tel:+12155550199>"
    assert [counting.gets(callee, "anonymous", TRUNK, more) for callee in CALLEES][-1] == [FANOUT]
    assert [counting.gets(callee, "anonymous") for callee in CALLEES][-1] == []


def test_called_numbers_in_a_row_are_a_range_that_is_dialled(counting: Counting) -> None:
    assert [counting.gets(13125550100 + number) for number in (1, 3, 2)] == [[], [], [NEIGHBOURS]]
    assert counting.gets(13125550100 + 7) == []


def test_who_has_no_number_is_a_callee_and_no_neighbour(counting: Counting) -> None:
    assert [counting.gets(name) for name in ("alice", "bob", "carol", "dave", "erin")] == [[], [], [], [], [FANOUT]]


def test_a_trunk_that_shows_many_protected_numbers(counting: Counting) -> None:
    assert counting.gets(CALLEES[0], "440201") == []
    assert counting.gets(CALLEES[0], "440201") == []
    assert counting.gets(CALLEES[1], "440202") == [PROTECTED]
    assert counting.gets(CALLEES[2], "12155550100") == []
    assert counting.gets(CALLEES[1], "440202", OTHER_TRUNK) == []


def test_who_may_show_protected_numbers_is_no_campaign(counting: Counting) -> None:
    """A call that is signed may be attested: what no check knows of another one counts for the caller."""
    for number in range(441000000, 441000010):
        assert counting.gets(CALLEES[0], str(number)) == []
        assert counting.gets(CALLEES[0], str(number + 1_000_000), TRUNK, "Identity: a.b.c;info=<https://x>") == []
    assert [counting.gets(CALLEES[0], str(442000000 + each)) for each in range(2)] == [[], [PROTECTED]]


def test_calls_that_most_callees_hang_up_on_are_a_campaign(counting: Counting) -> None:
    for _ in range(2):
        counting.ends(2.0)
        assert counting.gets(CALLEES[0]) == []
    counting.ends(6.0)
    assert counting.gets(CALLEES[0]) == [SHORT]
    assert counting.gets(CALLEES[0], "12155550101") == []
    assert counting.gets(CALLEES[0], trunk=OTHER_TRUNK) == []


def test_a_caller_whom_as_many_listen_to_is_none(counting: Counting) -> None:
    for seconds in (2.0, 6.1, 2.0, 300.0, 60.0, 2.0):
        counting.ends(seconds)
        assert counting.gets(CALLEES[0]) == []


def test_calls_that_ended_long_ago_say_nothing(counting: Counting) -> None:
    for _ in range(3):
        counting.ends(2.0)
    counting.clock.advance(FEW.window + 1)
    assert counting.gets(CALLEES[0]) == []
    counting.ends(2.0)
    assert counting.gets(CALLEES[0]) == []


def test_of_calls_that_end_no_more_is_kept_than_tells(counting: Counting) -> None:
    caller = counting.ends(2.0)
    for _ in range(100):
        counting.ends(2.0)
    kept = counting.check._lengths.get(caller)
    assert kept is not None
    assert len(kept) == 2 * FEW.short - 1


def test_of_callers_whose_calls_end_there_are_no_more_than_there_may_be(counting: Counting) -> None:
    first = counting.ends(2.0)
    for caller in range(FEW.entries):
        counting.check.ended(caller, 2.0)
    assert len(counting.check._lengths) == FEW.entries
    assert counting.check._lengths.get(first) is None


def test_what_ended_is_remembered_over_a_change_of_the_configuration(counting: Counting) -> None:
    for _ in range(3):
        counting.ends(2.0)
    later = CampaignCheck(FEW, protected, counting.clock)
    later.resume(counting.check)
    counting.check = later
    assert counting.gets(CALLEES[0]) == [SHORT]


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 20)), min_size=1, max_size=40),
    st.integers(3, 9),
    st.floats(0, 40),
)
def test_the_short_ones_are_those_of_the_last_that_count(
    ended: list[tuple[bool, float]], most: int, later: float
) -> None:
    """A model: every end is kept, and counted anew."""
    lengths, every, now = Lengths(), [], 0.0
    for short, pause in ended:
        now += pause
        every.append((now, short))
        lengths.add(now, 30.0, most, short=short)
    newest = [(at, short) for at, short in every if now - at <= 30.0][-most:]
    assert len(lengths) == len(newest)
    now += later
    assert lengths.short(now, 30.0) == sum(short for at, short in newest if now - at <= 30.0)
    assert lengths.over(now, 30.0) == all(now - at > 30.0 for at, _ in newest)


def test_without_lists_nothing_is_protected() -> None:
    check = CampaignCheck(FEW, None, Clock())
    made = [call(fields={"From": f"<sip:+44020{each}@x>;tag=1"}) for each in range(10)]
    assert [check.check(each) for each in made] == [[]] * 10


def test_who_was_silent_longest_is_forgotten_when_there_are_too_many() -> None:
    counting = Counting(msgspec.structs.replace(FEW, window=86_400.0, callees=2, neighbours=2))
    counting.gets(CALLEES[0], "12155550100")
    for number in range(FEW.entries):
        assert counting.gets(CALLEES[0], str(13000000000 + number)) == []
    assert counting.gets(CALLEES[1], "12155550100") == []
    assert counting.gets(CALLEES[1], str(13000000000 + FEW.entries - 1)) == [FANOUT]


def test_what_it_remembers_takes_little_memory() -> None:
    options = msgspec.structs.replace(FEW, callees=100, neighbours=100, window=86_400.0)

    def octets(callers: int, callees: int) -> int:
        check, clock = CampaignCheck(options, None, clock_ := Clock()), clock_
        calls = [
            _dialling(12155550000 + caller, 13125550000 + 7 * callee)
            for caller in range(callers)
            for callee in range(callees)
        ]
        tracemalloc.start()
        for each in calls:
            clock.advance(0.01)
            check.check(each)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken

    alone = octets(1000, 1) / 1000
    more = (octets(50, 50) - 50 * alone) / (50 * 49)
    sys.stdout.write(f"a caller {alone:.0f} octets, each further callee {more:.0f}\n")
    assert alone < 700
    assert more < 200


def _dialling(caller: int, callee: int) -> Call:
    return call(uri=f"sip:+{callee}@192.0.2.1", fields={"From": f"<sip:+{caller}@x>;tag=1"}, trunk=trunk())


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0, 20)), max_size=60),
    st.integers(2, 8),
)
def test_the_window_is_what_is_left_of_all_calls(calls: list[tuple[int, float]], most: int) -> None:
    """A model: every call is kept, and counted anew each time."""
    lately, every, now = Lately(), [], 0.0
    for number, pause in calls:
        now += pause
        every.append((number, now))
        lately.add(number, now, 30.0, most)
        newest = {one: at for one, at in every if now - at <= 30.0}
        kept = sorted(newest, key=[each for each, _ in every[::-1]].index)[:most]
        assert len(lately) == len(kept)
        row = {number}
        while more := {one for one in kept if one - 1 in row or one + 1 in row} - row:
            row |= more
        assert lately.around(number) == len(row)
        assert not lately.over(now, 30.0)
        assert lately.over(now + 30.5, 30.0)
