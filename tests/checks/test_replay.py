"""RFC 8224 12.1: a token belongs to one call, and its second call is found, whatever the token is worth."""

import string
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from incoming import ALICE_NUMBER, BOB_NUMBER, ORIGID, call
from messages import BOB
from pki import NOW, pki
from scene import OTHER_TRUNK, TRUNK, trunk
from twisted.internet.task import Clock

from sip_guard.call import Call, Code, Finding
from sip_guard.checks import MAX_IDENTITIES
from sip_guard.checks.replay import Options, ReplayCheck
from sip_guard.peer import Trunk
from sip_guard.stir.sign import base, div, sign

KEY = pki().signer.signing_key
URL = "https://certs.example.com/signer.pem"
CAROL_NUMBER = "13125550123"
DAVE_NUMBER = "13125550124"
WINDOW = 120.0
FEW = Options(entries=1000)


def token(number: int = 0, *, dest: str = BOB_NUMBER) -> str:
    """Sign a token; each number gives another one."""
    origid = f"{number:08x}{ORIGID[8:]}"
    return sign(
        attest="A", dest_tn=[dest], iat=int(NOW), orig_tn=ALICE_NUMBER, origid=origid, key=KEY, x5u=URL
    ).decode()


def diverted(by: str, to: str) -> str:
    return div(orig=ALICE_NUMBER, dest=[to], diverted=by, iat=int(NOW), key=KEY, x5u=URL).decode()


TOKEN, ANOTHER = token(1), token(2)
TO_CAROL, TO_DAVE = diverted(BOB_NUMBER, CAROL_NUMBER), diverted(BOB_NUMBER, DAVE_NUMBER)


class Guarded:
    """A check, and a clock that only the test moves."""

    def __init__(self, options: Options = FEW) -> None:
        self.clock = Clock()
        self.check = ReplayCheck(options, WINDOW, self.clock)

    def gets(
        self, *tokens: str, call_id: str = "first", called: str = BOB, trunk: Trunk = TRUNK, to: str = BOB_NUMBER
    ) -> list[Finding]:
        """Give what is found about a call with these tokens."""
        return self.check.check(
            call(
                *(f"Identity: {value}" for value in tokens),
                uri=f"sip:{called}@192.0.2.1",
                trunk=trunk,
                call_id=call_id,
                to=f"<sip:+{to}@guard.example>",
            )
        )


@pytest.fixture
def guard() -> Guarded:
    return Guarded()


# What is a replay.


def test_a_token_that_comes_for_the_first_time_is_no_replay(guard: Guarded) -> None:
    assert guard.gets(TOKEN) == []
    assert guard.gets(ANOTHER, call_id="second") == []


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"call_id": "second"}, "Call-ID"),
        ({"called": f"+{CAROL_NUMBER}"}, "callee"),
        ({"trunk": OTHER_TRUNK}, "trunk"),
        ({"call_id": "second", "called": "carol"}, "Call-ID,callee"),
        ({"call_id": "second", "called": f"+{CAROL_NUMBER}", "trunk": OTHER_TRUNK}, "Call-ID,callee,trunk"),
    ],
)
def test_a_token_that_comes_with_another_call_is_a_replay(guard: Guarded, change: dict[str, Any], differs: str) -> None:
    guard.gets(TOKEN)
    guard.clock.advance(12.3)
    (finding,) = guard.gets(TOKEN, **change)
    assert finding == Finding(
        Code.TOKEN_REPLAYED,
        f"it came 12 s ago with another {differs.replace(',', ' and ')}",
        token=1,
        particulars=(("age", 12), ("differs", differs)),
    )


def test_each_replay_is_measured_by_the_first_call(guard: Guarded) -> None:
    guard.gets(TOKEN)
    for second in (50, 100):
        guard.clock.advance(50)
        (finding,) = guard.gets(TOKEN, call_id=f"after-{second}-s")
        assert dict(finding.particulars)["age"] == second
    assert guard.gets(TOKEN) == []


@pytest.mark.parametrize(
    "again",
    [
        lambda value: value.replace(value.partition(";")[0][-20:], "A" * 20, 1),
        lambda value: value.replace(";alg=ES256", ""),
        lambda value: value.replace(";", " ; ", 1),
    ],
    ids=["with another signature", "with other parameters", "with blanks"],
)
def test_what_is_signed_makes_the_token_and_not_how_it_is_written(guard: Guarded, again: Callable[[str], str]) -> None:
    changed = again(TOKEN)
    assert changed != TOKEN
    guard.gets(TOKEN)
    assert [finding.code for finding in guard.gets(changed, call_id="second")] == [Code.TOKEN_REPLAYED]


def test_the_finding_says_which_token_it_is_about(guard: Guarded) -> None:
    guard.gets(TOKEN)
    assert [finding.token for finding in guard.gets(ANOTHER, TOKEN, call_id="second")] == [2]


DATE = "Date: Tue, 14 Nov 2023 22:13:20 GMT"


def test_a_compact_form_is_known_by_what_the_call_shows() -> None:
    """Its signature can be written in another way, which is as good (RFC 8224 4.1)."""
    whole = base(orig=ALICE_NUMBER, dest=[BOB_NUMBER], iat=int(NOW), key=KEY, x5u=URL).decode()
    compact = ".." + whole.split(".", 2)[2]
    guard = ReplayCheck(FEW, WINDOW, Clock())
    other = compact.replace(compact[2:12], "A" * 10)

    def gets(value: str, call_id: str, date: str = DATE) -> list[Finding]:
        return guard.check(call(date, f"Identity: {value}", call_id=call_id))

    assert gets(compact, "first") == []
    assert gets(compact, "first") == []
    for again in (compact, other, whole):
        assert [finding.code for finding in gets(again, "second")] == [Code.TOKEN_REPLAYED]
    assert gets(compact, "third", DATE.replace("20 GMT", "21 GMT")) == []


# What is none.


def test_a_retry_a_fork_and_a_token_twice_in_a_call_are_no_replay(guard: Guarded) -> None:
    assert guard.gets(TOKEN, TOKEN) == []
    for called in (BOB, f"{BOB};npdi;rn=+13035550000", "+1-215-555-1213"):
        assert guard.gets(TOKEN, called=called) == []


def test_a_callee_without_a_number_is_told_by_the_uri(guard: Guarded) -> None:
    guard.gets(TOKEN, called="bob")
    assert guard.gets(TOKEN, called="BOB") == []
    assert len(guard.gets(TOKEN, called="carol")) == 1


@pytest.mark.parametrize("value", ["", ".", "..", "x", "..signature", ";info=<x>", ".;info=<x>"])
def test_what_has_nothing_signed_is_no_token(guard: Guarded, value: str) -> None:
    guard.gets(value)
    assert guard.gets(value, call_id="second") == []


def test_tokens_that_nobody_looks_at_are_not_remembered(guard: Guarded) -> None:
    ignoring = trunk(identity="ignore")
    guard.gets(TOKEN, trunk=ignoring)
    guard.gets(*[TOKEN] * (MAX_IDENTITIES + 1))
    assert guard.gets(TOKEN, call_id="second") == []
    assert guard.gets(TOKEN, call_id="third", trunk=ignoring) == []
    assert guard.gets(*[TOKEN] * (MAX_IDENTITIES + 1), call_id="fourth") == []


# Diverted calls.


def test_a_call_that_is_diverted_through_here_again_is_no_replay(guard: Guarded) -> None:
    assert guard.gets(TOKEN) == []
    assert guard.gets(TOKEN, TO_CAROL, call_id="diverted", called=f"+{CAROL_NUMBER}") == []
    chain = (diverted(CAROL_NUMBER, DAVE_NUMBER), TO_CAROL, TOKEN)
    assert guard.gets(*chain, call_id="diverted-again", called=f"+{DAVE_NUMBER}") == []


def test_the_branches_of_a_diversion_are_no_replays_in_any_order(guard: Guarded) -> None:
    assert guard.gets(TOKEN, TO_CAROL, call_id="carol", called=f"+{CAROL_NUMBER}") == []
    assert guard.gets(TOKEN, call_id="bob") == []
    assert guard.gets(TO_DAVE, TOKEN, call_id="dave", called=f"+{DAVE_NUMBER}") == []


def test_the_last_token_of_a_diverted_call_belongs_to_one_call(guard: Guarded) -> None:
    guard.gets(TOKEN, TO_CAROL, call_id="diverted", called=f"+{CAROL_NUMBER}")
    (finding,) = guard.gets(TOKEN, TO_CAROL, call_id="replayed", called=f"+{CAROL_NUMBER}")
    assert finding.token == 2


def test_a_div_token_beside_it_does_not_hide_a_replay(guard: Guarded) -> None:
    forged = (TO_CAROL, "x.y.z;info=<https://a.example/b>;alg=ES256;ppt=div", diverted(BOB_NUMBER, BOB_NUMBER))
    guard.gets(TOKEN)
    for number, beside in enumerate(forged):
        found = guard.gets(TOKEN, beside, call_id=f"replayed-{number}")
        assert [finding.token for finding in found][:1] == [1]


def test_a_div_token_hides_nothing_where_to_counts_as_the_callee(guard: Guarded) -> None:
    either = trunk(called_number="either")
    guard.gets(TOKEN, trunk=either)
    found = guard.gets(TOKEN, TO_CAROL, call_id="replayed", called=f"+{CAROL_NUMBER}", trunk=either)
    assert [finding.token for finding in found] == [1]
    assert guard.gets(TOKEN, TO_DAVE, call_id="on", called=f"+{DAVE_NUMBER}", to=DAVE_NUMBER, trunk=either) == []


def test_a_div_token_hides_nothing_where_nobody_in_particular_is_called(guard: Guarded) -> None:
    guard.gets(TOKEN, called="pbx")
    assert [finding.token for finding in guard.gets(TOKEN, TO_CAROL, call_id="replayed", called="pbx")] == [1]


# How long, and how many.


def test_a_token_is_remembered_as_long_as_it_can_be_used(guard: Guarded) -> None:
    guard.gets(TOKEN)
    guard.clock.advance(WINDOW)
    assert len(guard.gets(TOKEN, call_id="second")) == 1
    guard.clock.advance(0.1)
    assert guard.gets(TOKEN, call_id="third") == []
    assert len(guard.gets(TOKEN, call_id="second")) == 1


def bare(number: int) -> Call:
    """Make a call whose token nobody could believe, which is quick."""
    return msgspec.structs.replace(BARE, call_id=f"{number}", identities=(b"head.%d.signature" % number,))


BARE = call()


def test_when_there_are_too_many_the_oldest_goes(guard: Guarded) -> None:
    for number in range(FEW.entries + 1):
        assert guard.check.check(bare(number)) == []

    def came_again(number: int) -> bool:
        return bool(guard.check.check(msgspec.structs.replace(bare(number), call_id="again")))

    assert came_again(1)
    assert came_again(FEW.entries)
    assert not came_again(0)


class Model(RuleBasedStateMachine):
    """Compares the check with one that keeps everything for ever."""

    WORDS = st.sampled_from(string.ascii_lowercase[:3])
    TRUNKS = st.sampled_from([TRUNK, OTHER_TRUNK])

    def __init__(self) -> None:
        super().__init__()
        self.guard = Guarded()
        self.calls: list[tuple[float, str, tuple[str, str, str]]] = []

    @rule(seconds=st.sampled_from([0.5, 30, WINDOW - 30, WINDOW]))
    def passes(self, seconds: float) -> None:
        self.guard.clock.advance(seconds)

    @rule(token=WORDS, call_id=WORDS, called=WORDS, trunk=TRUNKS)
    def calls_in(self, token: str, call_id: str, called: str, trunk: Trunk) -> None:
        now = self.guard.clock.seconds()
        use = (call_id, called, trunk.name)
        found = self.guard.gets(f"head.{token}.signature", call_id=call_id, called=called, trunk=trunk)
        first = self._first(token, now)
        if first is None:
            self.calls.append((now, token, use))
        assert bool(found) == (first not in (None, use))

    def _first(self, token: str, now: float) -> tuple[str, str, str] | None:
        uses = [use for at, other, use in self.calls if other == token and now - at <= WINDOW]
        return uses[0] if uses else None


TestModel = Model.TestCase


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_value_is_a_mistake_of_ours(values: list[bytes]) -> None:
    guard = Guarded()
    for call_id in ("first", "second"):
        guard.check.check(msgspec.structs.replace(BARE, call_id=call_id, identities=tuple(values)))
