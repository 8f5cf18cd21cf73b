from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from messages import read_request, request

from sip_guard.peer import Trunk
from sip_guard.proxy.action import Answered, Ended, Followed
from sip_guard.proxy.dialogs import LIFETIME, Dialogs
from sip_guard.sip.message import Request

TRUNK = Trunk(name="carrier", targets=("pbx",), concurrent_calls=2)
FREE = Trunk(name="free", targets=("pbx",))
FOLLOWED = Followed(7, 8)


def message(method: str, call: str, tag: str = "", *, callee: bool = False) -> Request:
    """Make a request of a call; `callee`: the other side sends it."""
    caller, called = "<sip:a@a.example>;tag=alice", "<sip:b@b.example>" + (f";tag={tag}" if tag else "")
    ends = (called, caller) if callee else (caller, called)
    return read_request(request(method, call_id=call, from_=ends[0], to=ends[1]))


def key(call: str) -> tuple[bytes, ...]:
    return b"carrier", b"INVITE", call.encode()


class Calls:
    """Calls of one trunk at second 0 and later."""

    def __init__(self, trunk: Trunk = TRUNK) -> None:
        self.trunk = trunk
        self.dialogs = Dialogs()
        self.now = 0.0

    def begin(self, call: str) -> None:
        self.dialogs.begin(self.trunk, key(call), self.now)

    def follow(self, call: str) -> None:
        """Let a call begin that is followed."""
        self.begin(call)
        self.dialogs.follow(key(call), FOLLOWED)

    def answered(self, call: str, code: int, tag: str = "bob") -> list[Answered]:
        return self.dialogs.answered(key(call), message("INVITE", call), code, tag.encode(), self.now)

    def passed(self, method: str, call: str, tag: str = "bob", *, callee: bool = False) -> list[Ended]:
        return self.dialogs.passed(message(method, call, tag, callee=callee), self.now)

    def count(self) -> int:
        return self.dialogs.count(self.trunk)

    def full(self) -> bool:
        return self.dialogs.full(self.trunk, self.now)


def test_a_call_counts_from_its_invite_to_its_bye() -> None:
    calls = Calls()
    calls.begin("1")
    assert calls.count() == 1
    calls.answered("1", 180)
    assert calls.count() == 1
    calls.answered("1", 200)
    assert calls.count() == 1
    calls.passed("BYE", "1")
    assert calls.count() == 0


def test_either_side_ends_it() -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", 200)
    calls.passed("BYE", "1", callee=True)
    assert calls.count() == 0


@pytest.mark.parametrize("code", [300, 404, 487, 500, 603])
def test_a_refusal_ends_it(code: int) -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", code)
    assert calls.count() == 0


def test_a_trunk_is_full_at_its_limit_and_not_before() -> None:
    calls = Calls()
    calls.begin("1")
    assert not calls.full()
    calls.begin("2")
    assert calls.full()
    calls.answered("2", 486)
    assert not calls.full()


def test_what_is_taken_beyond_the_limit_counts_as_well() -> None:
    calls = Calls()
    for call in "123":
        calls.begin(call)
    assert calls.count() == 3
    calls.answered("1", 486)
    assert calls.full()


def test_a_trunk_without_a_limit_is_never_full() -> None:
    calls = Calls(FREE)
    for call in "123":
        calls.begin(call)
    assert calls.count() == 3
    assert not calls.full()


def test_a_trunk_that_may_have_none_is_full() -> None:
    assert Calls(Trunk(name="none", targets=(), concurrent_calls=0)).full()


def test_an_invite_that_comes_again_is_one_call() -> None:
    calls = Calls()
    calls.begin("1")
    calls.begin("1")
    assert calls.count() == 1
    calls.answered("1", 486)
    assert calls.count() == 0


def test_the_answers_of_a_fork_are_one_call() -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", 200, "bob")
    calls.answered("1", 200, "carol")
    calls.answered("1", 200, "bob")
    assert calls.count() == 1
    calls.passed("BYE", "1", "carol")
    assert calls.count() == 1
    calls.passed("BYE", "1", "bob")
    assert calls.count() == 0
    calls.answered("1", 200, "bob")
    assert calls.count() == 0
    calls.begin("2")
    calls.answered("1", 200, "bob")
    assert len(calls.dialogs._calls) == 1


def test_calls_under_one_call_id_are_as_many_as_they_are() -> None:
    calls = Calls()
    first, second = (b"x", b"1"), (b"x", b"2")
    calls.dialogs.begin(TRUNK, first, 0.0)
    calls.dialogs.begin(TRUNK, second, 0.0)
    calls.dialogs.answered(first, message("INVITE", "same"), 200, b"bob", 0.0)
    calls.dialogs.answered(second, message("INVITE", "same"), 200, b"carol", 0.0)
    assert calls.count() == 2
    calls.passed("BYE", "same", "bob")
    assert calls.count() == 1


def test_two_invites_that_become_one_dialog_are_one_call() -> None:
    calls = Calls()
    first, second = (b"x", b"1"), (b"x", b"2")
    for each in (first, second):
        calls.dialogs.begin(TRUNK, each, 0.0)
        calls.dialogs.answered(each, message("INVITE", "same"), 200, b"bob", 0.0)
    assert calls.count() == 1


@pytest.mark.parametrize("order", [(TRUNK, None), (None, TRUNK)])
def test_a_call_of_a_trunk_that_our_side_sends_out_again_is_one_call_of_the_trunk(
    order: tuple[Trunk | None, ...],
) -> None:
    calls = Calls()
    legs = {TRUNK: (b"in",), None: (b"out",)}
    for trunk in order:
        calls.dialogs.begin(trunk, legs[trunk], 0.0)
    calls.dialogs.follow(legs[TRUNK], FOLLOWED)
    for trunk in order:
        calls.dialogs.answered(legs[trunk], message("INVITE", "1"), 200, b"bob", 0.0)
    assert (calls.count(), calls.dialogs.calls) == (1, 1)
    assert calls.passed("BYE", "1") == [Ended(FOLLOWED, 0.0)]
    assert (calls.count(), calls.dialogs.calls) == (0, 0)


def test_an_invite_within_the_call_changes_nothing() -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", 200)
    calls.passed("INVITE", "1")
    calls.dialogs.answered((b"another",), message("INVITE", "1", "bob"), 488, b"bob", 0.0)
    assert calls.count() == 1


def test_a_request_of_another_dialog_ends_nothing() -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", 200)
    calls.passed("BYE", "1", "carol")
    calls.passed("BYE", "2", "bob")
    assert calls.count() == 1


def test_a_call_without_a_sign_of_life_is_over() -> None:
    calls = Calls()
    for call in "12":
        calls.begin(call)
        calls.answered(call, 200)
    calls.now = LIFETIME - 1
    assert calls.full()
    calls.now = LIFETIME
    assert not calls.full()
    assert calls.count() == 0
    assert calls.dialogs._calls == {}


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
def test_a_sign_of_life_keeps_it(method: str) -> None:
    calls = Calls()
    calls.begin("1")
    calls.answered("1", 200)
    calls.begin("2")
    calls.now = LIFETIME - 1
    calls.passed(method, "1", callee=True)
    calls.now = LIFETIME
    assert not calls.full()
    assert calls.count() == 1
    calls.now = 2 * LIFETIME - 1.5
    calls.begin("3")
    assert calls.count() == 2
    calls.now = 2 * LIFETIME - 1
    assert not calls.full()
    assert calls.count() == 1


def test_beyond_the_bound_the_call_that_was_silent_longest_is_forgotten() -> None:
    calls = Calls()
    calls.dialogs = Dialogs(5)
    for number in range(5):
        calls.follow(str(number))
        calls.answered(str(number), 200)
    calls.passed("INVITE", "0")
    calls.begin("new")
    assert calls.count() == len(calls.dialogs._calls) == 5
    assert [bool(calls.passed("BYE", str(number))) for number in range(5)] == [True, False, True, True, True]


def test_an_invite_that_is_never_answered_counts_no_more() -> None:
    calls = Calls()
    for call in "12":
        calls.begin(call)
    calls.answered("2", 200)
    for call in "12":
        calls.dialogs.unanswered(key(call))
    assert calls.count() == 1


# How calls end that are followed.


@pytest.mark.parametrize("callee", [False, True])
def test_a_call_lasts_from_its_first_2xx_to_its_bye(callee: bool) -> None:
    calls = Calls(FREE)
    calls.follow("1")
    calls.now = 10.0
    calls.answered("1", 200)
    calls.now = 70.0
    assert calls.passed("UPDATE", "1") == []
    calls.now = 72.5
    assert calls.passed("BYE", "1", callee=callee) == [Ended(FOLLOWED, 62.5)]
    assert calls.passed("BYE", "1", callee=callee) == []


def test_of_a_fork_the_first_answer_is_the_call() -> None:
    calls = Calls(FREE)
    calls.follow("1")
    calls.answered("1", 200, "bob")
    calls.now = 5.0
    calls.answered("1", 200, "carol")
    assert calls.passed("BYE", "1", "carol") == []
    assert calls.passed("BYE", "1", "bob") == [Ended(FOLLOWED, 5.0)]


def test_nothing_is_told_of_a_call_that_nobody_follows() -> None:
    calls = Calls(FREE)
    calls.begin("1")
    assert calls.answered("1", 200) == []
    assert calls.passed("BYE", "1") == []
    assert calls.count() == 0


def test_nothing_is_kept_of_calls_that_fail() -> None:
    calls = Calls(FREE)
    for number, code in enumerate([302, 404, 408, 487, 500, 603]):
        calls.follow(str(number))
        assert calls.answered(str(number), code) == [Answered(FOLLOWED, code)]
    assert calls.dialogs._calls == {}


def test_what_is_kept_of_a_call_does_not_grow_with_its_names() -> None:
    calls = Calls(FREE)
    calls.follow("1")
    calls.dialogs.answered(key("1"), message("INVITE", "x" * 10_000), 200, b"t" * 10_000, 0.0)
    ((name, call),) = calls.dialogs._calls.items()
    assert (type(name), call.trunk, call.followed) == (int, "free", FOLLOWED)


CALLS = st.sampled_from("12345")
TAGS = st.sampled_from(["bob", "carol"])


class Chance(RuleBasedStateMachine):
    """Anything in any order: the count is that of a plain model, and all is forgotten in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = Calls()
        self.model: dict[tuple[str, str], float] = {}
        """Call, and the callee's tag once it is answered; when there was a sign of life."""

    def old(self) -> None:
        self.model = {name: seen for name, seen in self.model.items() if self.calls.now - seen < LIFETIME}

    @rule(call=CALLS)
    def begin(self, call: str) -> None:
        self.old()
        self.model.setdefault((call, ""), self.calls.now)
        self.calls.begin(call)

    @rule(call=CALLS, code=st.sampled_from([180, 200, 202, 404, 487, 603]), tag=TAGS)
    def answer(self, call: str, code: int, tag: str) -> None:
        if code >= 200 and self.model.pop((call, ""), None) is not None and code < 300:
            self.old()
            self.model.setdefault((call, tag), self.calls.now)
        self.calls.answered(call, code, tag)

    @rule(call=CALLS, tag=TAGS, method=st.sampled_from(["BYE", "INVITE", "UPDATE"]), callee=st.booleans())
    def request(self, call: str, tag: str, method: str, callee: bool) -> None:
        if self.model.pop((call, tag), None) is not None and method != "BYE":
            self.old()
            self.model[call, tag] = self.calls.now
        self.calls.passed(method, call, tag, callee=callee)

    @rule(seconds=st.sampled_from([0.0, 1.0, LIFETIME / 3, LIFETIME]))
    def time_passes(self, seconds: float) -> None:
        self.calls.now += seconds

    @rule()
    def look(self) -> None:
        self.old()
        assert self.calls.full() == (len(self.model) >= 2)

    @invariant()
    def counts_agree(self) -> None:
        assert self.calls.count() == len(self.model)
        assert Counter(call.trunk for call in self.calls.dialogs._calls.values())["carrier"] == self.calls.count()

    def teardown(self) -> None:
        self.calls.now += LIFETIME
        assert not self.calls.full()
        assert self.calls.dialogs._calls == {}
        assert self.calls.count() == 0


Chance.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestChance = Chance.TestCase
